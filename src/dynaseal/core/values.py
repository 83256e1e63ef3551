"""DynamoDB attribute values as the format's bytes, and back.

- Each type has a two-byte type id; a value's bytes do not repeat it at the top.
- Sets and maps are ordered (text by UTF-16 code units, binary by bytes, numbers by their normal form) and
  hold nothing twice. Bytes that are not in that form are refused on reading: what is read, writes the same.
- At most 32 levels: a value may lie in 31 containers.

Source: specification `ddb-attribute-serialization.md`.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, cast

from dynaseal.core.numbers import normalize
from dynaseal.core.paths import utf16_order
from dynaseal.core.wire import Reader, TruncatedError, u32

AttributeValue = Mapping[str, Any]
"""A value as botocore's client has it: `{"S": "x"}`, `{"B": b"..."}`, `{"M": {...}}`."""

Item = Mapping[str, AttributeValue]

MAX_DEPTH = 32
BINARY = b"\xff\xff"
STRING = b"\x00\x01"


class MalformedValueError(ValueError):
    """A value that the format cannot hold, or bytes that are none; the text says why, without the value."""


def serialize(value: AttributeValue) -> tuple[bytes, bytes]:
    r"""Turn an attribute value into its type id and bytes.

    Args:
        value: One type name and its content, as botocore's client has it.

    Returns:
        The two-byte type id, and the value's bytes without it.

    Raises:
        MalformedValueError: DynamoDB or the format cannot hold it.
        TypeError: the content is not of the Python type that its type name asks for.

    Example:
        >>> serialize({"NS": ["2", "1.0"]})
        (b'\x01\x02', b'\x00\x00\x00\x02\x00\x00\x00\x011\x00\x00\x00\x012')
    """
    return _serialize(value, 1)


def deserialize(type_id: bytes, data: bytes) -> dict[str, Any]:
    r"""Turn a type id and a value's bytes into an attribute value.

    Raises:
        MalformedValueError: the bytes are not the ordered form of a value of that type.

    Example:
        >>> deserialize(b"\x00\x04", b"\x01")
        {'BOOL': True}
    """
    try:
        return _deserialize(type_id, data, 1)
    except TruncatedError:
        raise MalformedValueError("the value's bytes end too early") from None
    except UnicodeDecodeError:
        raise MalformedValueError("the value's text is not valid UTF-8") from None


def _serialize(value: AttributeValue, depth: int) -> tuple[bytes, bytes]:
    if depth > MAX_DEPTH:
        raise MalformedValueError("nested deeper than DynamoDB's 32 levels")
    try:
        ((name, content),) = value.items()
    except (ValueError, AttributeError):
        raise TypeError(
            'an attribute value is a dictionary of one type and its content, such as {"S": "x"}'
        ) from None
    try:
        type_id, write = _WRITERS[name]
    except KeyError:
        raise TypeError("an attribute value's type is one of S, N, B, BOOL, NULL, SS, NS, BS, L, M") from None
    return type_id, write(content, depth)


def _string(content: Any, _depth: int = 0) -> bytes:
    if not isinstance(content, str):
        raise TypeError(f"the content of S must be str, not {type(content).__name__}")
    try:
        return content.encode()
    except UnicodeEncodeError:
        raise MalformedValueError("text with a lone surrogate") from None


def _number(content: Any, _depth: int = 0) -> bytes:
    if not isinstance(content, str):
        raise TypeError(f"the content of N must be str, not {type(content).__name__}")
    try:
        return normalize(content).encode()
    except ValueError as error:
        raise MalformedValueError(str(error)) from None


def _binary(content: Any, _depth: int = 0) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, bytearray | memoryview):
        return bytes(cast("bytearray", content))
    raise TypeError(f"the content of B must be bytes, not {type(content).__name__}")


def _boolean(content: Any, _depth: int) -> bytes:
    if not isinstance(content, bool):
        raise TypeError(f"the content of BOOL must be bool, not {type(content).__name__}")
    return b"\x01" if content else b"\x00"


def _null(content: Any, _depth: int) -> bytes:
    if not isinstance(content, bool):
        raise TypeError(f"the content of NULL must be bool, not {type(content).__name__}")
    return b""


def _joined(members: Sequence[bytes]) -> bytes:
    if len(set(members)) != len(members):
        raise MalformedValueError("a set that holds a member twice")
    parts = [u32(len(members))]
    for member in members:
        parts += (u32(len(member)), member)
    return b"".join(parts)


def _string_set(content: Any, _depth: int) -> bytes:
    members = _sequence("SS", content)
    for member in members:
        _string(member)
    return _joined([member.encode() for member in sorted(members, key=utf16_order)])


def _number_set(content: Any, _depth: int) -> bytes:
    return _joined(sorted(_number(member) for member in _sequence("NS", content)))


def _binary_set(content: Any, _depth: int) -> bytes:
    return _joined(sorted(_binary(member) for member in _sequence("BS", content)))


def _list(content: Any, depth: int) -> bytes:
    members = _sequence("L", content)
    parts = [u32(len(members))]
    for member in members:
        type_id, data = _serialize(member, depth + 1)
        parts += (type_id, u32(len(data)), data)
    return b"".join(parts)


def _map(content: Any, depth: int) -> bytes:
    if not isinstance(content, Mapping):
        raise TypeError(f"the content of M must be a mapping, not {type(content).__name__}")
    members = cast("Mapping[str, AttributeValue]", content)
    for key in members:
        _string(key)
    parts = [u32(len(members))]
    for key in sorted(members, key=utf16_order):
        name = key.encode()
        type_id, data = _serialize(members[key], depth + 1)
        parts += (STRING, u32(len(name)), name, type_id, u32(len(data)), data)
    return b"".join(parts)


def _sequence(name: str, content: Any) -> list[Any]:
    if isinstance(content, list | tuple | set | frozenset):
        return list(cast("Sequence[Any]", content))
    raise TypeError(f"the content of {name} must be a list, not {type(content).__name__}")


_WRITERS: dict[str, tuple[bytes, Callable[[Any, int], bytes]]] = {
    "S": (STRING, _string),
    "N": (b"\x00\x02", _number),
    "B": (BINARY, _binary),
    "BOOL": (b"\x00\x04", _boolean),
    "NULL": (b"\x00\x00", _null),
    "SS": (b"\x01\x01", _string_set),
    "NS": (b"\x01\x02", _number_set),
    "BS": (b"\x01\xff", _binary_set),
    "M": (b"\x02\x00", _map),
    "L": (b"\x03\x00", _list),
}


def _deserialize(type_id: bytes, data: bytes, depth: int) -> dict[str, Any]:
    if depth > MAX_DEPTH:
        raise MalformedValueError("the value is nested deeper than DynamoDB's 32 levels")
    try:
        name, read = _READERS[type_id]
    except KeyError:
        raise MalformedValueError("the value has an unknown type id") from None
    return {name: read(data, depth)}


def _read_string(data: bytes, _depth: int = 0) -> str:
    return data.decode()


def _read_number(data: bytes, _depth: int = 0) -> str:
    text = data.decode()
    if _number(text) != data:
        raise MalformedValueError("the value has a number that is not in its normal form")
    return text


def _read_binary(data: bytes, _depth: int = 0) -> bytes:
    return data


def _read_boolean(data: bytes, _depth: int) -> bool:
    if data not in (b"\x00", b"\x01"):
        raise MalformedValueError("the value has a boolean that is neither 0 nor 1")
    return data == b"\x01"


def _read_null(data: bytes, _depth: int) -> bool:
    if data:
        raise MalformedValueError("the value has a null that is not empty")
    return True


def _members(data: bytes) -> list[bytes]:
    reader = Reader(data)
    count = reader.number(4)
    # Each member takes at least its length: a count beyond that is refused before any loop over it.
    if count * 4 > reader.rest:
        raise TruncatedError
    members = [reader.sized32() for _ in range(count)]
    _finish(reader)
    return members


def _finish(reader: Reader) -> None:
    if reader.rest:
        raise MalformedValueError("the value has bytes after its end")


def _ordered(keys: Sequence[Any]) -> None:
    if any(low >= high for low, high in pairwise(keys)):
        raise MalformedValueError("the value has a set or map that is out of order or holds a member twice")


def _read_string_set(data: bytes, _depth: int) -> list[str]:
    members = [member.decode() for member in _members(data)]
    _ordered([utf16_order(member) for member in members])
    return members


def _read_number_set(data: bytes, _depth: int) -> list[str]:
    members = _members(data)
    _ordered(members)
    return [_read_number(member) for member in members]


def _read_binary_set(data: bytes, _depth: int) -> list[bytes]:
    members = _members(data)
    _ordered(members)
    return members


def _read_list(data: bytes, depth: int) -> list[dict[str, Any]]:
    reader = Reader(data)
    count = reader.number(4)
    if count * 6 > reader.rest:
        raise TruncatedError
    members = [_deserialize(reader.take(2), reader.sized32(), depth + 1) for _ in range(count)]
    _finish(reader)
    return members


def _read_map(data: bytes, depth: int) -> dict[str, dict[str, Any]]:
    reader = Reader(data)
    count = reader.number(4)
    if count * 12 > reader.rest:
        raise TruncatedError
    members: list[tuple[str, dict[str, Any]]] = []
    for _ in range(count):
        if reader.take(2) != STRING:
            raise MalformedValueError("the value has a map with a key that is not a string")
        key = reader.sized32().decode()
        members.append((key, _deserialize(reader.take(2), reader.sized32(), depth + 1)))
    _finish(reader)
    _ordered([utf16_order(key) for key, _ in members])
    return dict(members)


_READERS: dict[bytes, tuple[str, Callable[[bytes, int], Any]]] = {
    STRING: ("S", _read_string),
    b"\x00\x02": ("N", _read_number),
    BINARY: ("B", _read_binary),
    b"\x00\x04": ("BOOL", _read_boolean),
    b"\x00\x00": ("NULL", _read_null),
    b"\x01\x01": ("SS", _read_string_set),
    b"\x01\x02": ("NS", _read_number_set),
    b"\x01\xff": ("BS", _read_binary_set),
    b"\x02\x00": ("M", _read_map),
    b"\x03\x00": ("L", _read_list),
}
