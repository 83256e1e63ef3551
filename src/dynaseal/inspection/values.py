"""Showing attribute values, of damaged items too: as one printable line, as JSON, and by their size.

Whoever can write to the table chooses these values, so nothing here fails, and no line is longer than its
limit allows.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any, TypeGuard, cast

from dynaseal.attributes import TYPE_NAMES
from dynaseal.core.quoting import escaped, quoted

MAX_SHOWN_VALUE = 256
"""How many characters of a value are shown unless another limit is given."""

_MAX_DEPTH = 40


def type_of(value: Any) -> str | None:
    """Return the DynamoDB type of an attribute value; None if it is not one.

    Example:
        >>> type_of({"S": "ann"}), type_of("ann")
        ('S', None)
    """
    name = next(iter(value)) if _is_single(value) else None
    return name if isinstance(name, str) and name in TYPE_NAMES else None


def bytes_of(value: Any) -> bytes | None:
    """Return the content of a binary attribute value; None if it is not one."""
    content = value.get("B") if _is_single(value) else None
    return bytes(cast("bytes", content)) if isinstance(content, bytes | bytearray | memoryview) else None


def show_value(value: Any, limit: int = MAX_SHOWN_VALUE) -> str:
    r"""Return an attribute value as one line of printable characters, cut after about `limit` of them.

    Example:
        >>> show_value({"S": "a\x1b"}), show_value({"N": "4"}), show_value({"B": b"\x00\x01\xff"})
        ("'a\\x1b'", '4', '0x0001ff')
        >>> show_value({"L": [{"BOOL": True}, {"M": {"a": {"NULL": True}}}]})
        "[true, {'a': null}]"
    """
    line = ""
    for piece in _pieces(value, limit, 0):
        line += piece
        if len(line) > limit + 64:  # a cut string or cut bytes say how long they are
            return f"{line[:limit]}..."
    return line


def show_bytes(data: bytes, limit: int = MAX_SHOWN_VALUE) -> str:
    """Return bytes in hexadecimal, cut after about `limit` characters.

    Example:
        >>> show_bytes(bytes(8)), show_bytes(bytes(100), 10)
        ('0x0000000000000000', '0x00000000... (100 bytes)')
    """
    most = max(1, (limit - 2) // 2)
    if len(data) <= most:
        return f"0x{data.hex()}"
    return f"0x{data[:most].hex()}... ({len(data)} bytes)"


def value_size(value: Any) -> int:
    """Return the size of an attribute value as DynamoDB counts it; a number's is an estimate, as AWS says.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html

    Example:
        >>> value_size({"S": "ann"}), value_size({"N": "1000"}), value_size({"L": [{"BOOL": True}]})
        (3, 2, 5)
    """
    return _size(value, 0)


def name_size(name: str) -> int:
    """Return the size of an attribute's name in bytes."""
    return len(name.encode("utf-8", "surrogatepass"))


def json_value(value: Any) -> Any:
    r"""Return an attribute value in DynamoDB JSON, with binary as base64; what is damaged becomes a string.

    Example:
        >>> json_value({"B": b"\x00\x01"}), json_value({"S": "x"}), json_value({1})
        ({'B': 'AAE='}, {'S': 'x'}, '{1}')
    """
    return _json(value, 0)


def _is_single(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping) and len(cast("Mapping[Any, Any]", value)) == 1


def _pieces(value: Any, limit: int, depth: int) -> Iterator[str]:
    kind = type_of(value)
    if kind is None:
        yield quoted(value, limit) if isinstance(value, str | bytes) else _foreign(value, limit)
        return
    content: Any = value[kind]
    if depth > _MAX_DEPTH:
        yield "..."
    elif kind == "S" and isinstance(content, str):
        yield quoted(content, limit)
    elif kind == "B":
        data = bytes_of(value)
        yield _foreign(content, limit) if data is None else show_bytes(data, limit)
    elif kind == "BOOL" and isinstance(content, bool):
        yield str(content).lower()
    elif kind == "NULL" and content is True:
        yield "null"
    elif kind == "M" and isinstance(content, Mapping):
        yield from _map_pieces(cast("Mapping[Any, Any]", content), limit, depth)
    elif kind in ("L", "SS", "NS", "BS") and isinstance(content, list | tuple | set | frozenset):
        yield from _list_pieces(kind, content, limit, depth)
    elif kind == "N" and isinstance(content, str):
        yield escaped(content, limit)
    else:
        yield _foreign(content, limit)


def _map_pieces(content: Mapping[Any, Any], limit: int, depth: int) -> Iterator[str]:
    yield "{"
    for position, (name, member) in enumerate(content.items()):
        yield f"{', ' if position else ''}{quoted(name, limit)}: "
        yield from _pieces(member, limit, depth + 1)
    yield "}"


def _list_pieces(kind: str, content: Any, limit: int, depth: int) -> Iterator[str]:
    yield "[" if kind == "L" else "{"
    for position, member in enumerate(content):
        if position:
            yield ", "
        yield from _pieces(member if kind == "L" else {kind[0]: member}, limit, depth + 1)
    yield "]" if kind == "L" else "}"


def _foreign(value: Any, limit: int) -> str:
    """Return what is not an attribute value; only Python's own types are written out."""
    if value is None or isinstance(value, bool | int | float):
        return escaped(str(value)[: limit + 1], limit)
    if isinstance(value, str | bytes):
        return quoted(value, limit)
    return f"({type(cast('object', value)).__name__}, which is not an attribute value)"


def _size(value: Any, depth: int) -> int:
    kind = type_of(value)
    if kind is None or depth > _MAX_DEPTH:
        return 0
    content: Any = value[kind]
    if kind == "M" and isinstance(content, Mapping):
        members = cast("Mapping[Any, Any]", content).items()
        return 3 + sum(1 + name_size(str(name)) + _size(member, depth + 1) for name, member in members)
    if kind == "L" and isinstance(content, list | tuple):
        return 3 + sum(1 + _size(member, depth + 1) for member in cast("list[Any]", content))
    if kind in ("SS", "NS", "BS") and isinstance(content, list | tuple | set | frozenset):
        return sum(_scalar_size(kind[0], member) for member in cast("list[Any]", content))
    return _scalar_size(kind, content)


def _scalar_size(kind: str, content: Any) -> int:
    if kind == "N" and isinstance(content, str):
        digits = content.lstrip("-").lower().partition("e")[0].replace(".", "").strip("0")
        return (len(digits) + 1) // 2 + 1 + content.startswith("-")
    if isinstance(content, str):
        return name_size(content)
    return len(bytes_of({"B": content}) or b"") if kind == "B" else 1


def _json(value: Any, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        return "..."
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(bytes(cast("bytes", value))).decode()
    if isinstance(value, Mapping):
        return {
            str(name): _json(member, depth + 1) for name, member in cast("Mapping[Any, Any]", value).items()
        }
    if isinstance(value, list | tuple):
        return [_json(member, depth + 1) for member in cast("list[Any]", value)]
    if value is None or isinstance(value, bool | int | float | str):
        # JSON has no infinite numbers, and none that is not a number.
        return str(value) if isinstance(value, float) and not isfinite(value) else value
    binary = bytes_of({"B": getattr(value, "value", None)})
    return str(value) if binary is None else b64encode(binary).decode()
