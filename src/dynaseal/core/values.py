"""DynamoDB attribute values as the format's bytes, and back.

- Each type has a two-byte type id; a value's bytes do not repeat it at the top.
- Sets and maps are ordered (text by UTF-16 code units, binary by bytes, numbers by their normal form) and
  hold nothing twice. Bytes that are not in that form are refused on reading: what is read, writes the same.
- At most 32 levels: a value may lie in 31 containers.

Source: specification `ddb-attribute-serialization.md`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from struct import Struct
from struct import error as StructError  # noqa: N812 an exception
from typing import Any, cast

from dynaseal.core.numbers import normalize
from dynaseal.core.paths import utf16_order
from dynaseal.core.wire import u32

AttributeValue = Mapping[str, Any]
"""A value as botocore's client has it: `{"S": "x"}`, `{"B": b"..."}`, `{"M": {...}}`."""

Item = Mapping[str, AttributeValue]

MAX_DEPTH = 32
BINARY = b"\xff\xff"
STRING = b"\x00\x01"

_COUNT_LENGTH = 4
_ENTRY_HEAD_LENGTH = 6
_unpack_length = Struct(">I").unpack_from
_entry_head = Struct(">2sI").pack
_unpack_entry_head = Struct(">2sI").unpack_from


class MalformedValueError(ValueError):
    """A value that the format cannot hold, or bytes that are none; the text says why, without the value."""


def serialize(value: AttributeValue, depth: int = 1) -> tuple[bytes, bytes]:
    r"""Turn an attribute value into its type id and bytes.

    Args:
        value: One type name and its content, as botocore's client has it.
        depth: The level that the value lies at.

    Returns:
        The two-byte type id, and the value's bytes without it.

    Raises:
        MalformedValueError: DynamoDB or the format cannot hold it.
        TypeError: the content is not of the Python type that its type name asks for.

    Example:
        >>> serialize({"NS": ["2", "1.0"]})
        (b'\x01\x02', b'\x00\x00\x00\x02\x00\x00\x00\x011\x00\x00\x00\x012')
    """
    try:
        ((name, content),) = value.items()
        type_id, write = _WRITERS[name]
    except (ValueError, AttributeError, KeyError):
        raise TypeError(
            f"an attribute value is a dictionary of one type ({', '.join(_WRITERS)}) and its content"
        ) from None
    return type_id, write(content, depth)


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
    except StructError:
        raise MalformedValueError("the value's bytes end too early") from None
    except UnicodeDecodeError:
        raise MalformedValueError("the value's text is not valid UTF-8") from None


def _wrong_type(name: str, wanted: str, content: object) -> TypeError:
    return TypeError(f"the content of {name} must be {wanted}, not {type(content).__name__}")


def _string(content: Any, _depth: int) -> bytes:
    try:
        return str.encode(content)
    except TypeError:
        raise _wrong_type("S", "str", content) from None
    except UnicodeEncodeError:
        raise MalformedValueError("text with a lone surrogate") from None


def _number(content: Any, _depth: int = 0) -> bytes:
    try:
        return normalize(content).encode()
    except TypeError:
        raise _wrong_type("N", "str", content) from None
    except ValueError as error:
        raise MalformedValueError(str(error)) from None


def _binary(content: Any, _depth: int = 0) -> bytes:
    if type(content) is bytes:
        return content
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(cast("bytes", content))
    raise _wrong_type("B", "bytes", content)


def _boolean(content: Any, _depth: int) -> bytes:
    if not isinstance(content, bool):
        raise _wrong_type("BOOL", "bool", content)
    return b"\x01" if content else b"\x00"


def _null(content: Any, _depth: int) -> bytes:
    if not isinstance(content, bool):
        raise _wrong_type("NULL", "bool", content)
    return b""


def _joined(members: Sequence[bytes]) -> bytes:
    if len(set(members)) != len(members):
        raise MalformedValueError("a set that holds a member twice")
    parts = [u32(len(members))]
    for member in members:
        parts += (u32(len(member)), member)
    return b"".join(parts)


def _string_set(content: Any, _depth: int) -> bytes:
    return _joined([text.encode() for text in _sorted_texts(_sequence("SS", content))])


def _number_set(content: Any, _depth: int) -> bytes:
    return _joined(sorted([_number(member) for member in _sequence("NS", content)]))


def _binary_set(content: Any, _depth: int) -> bytes:
    return _joined(sorted([_binary(member) for member in _sequence("BS", content)]))


def _list(content: Any, depth: int) -> bytes:
    members = _sequence("L", content)
    if members:
        _check_depth(depth + 1)
    parts = [u32(len(members))]
    for member in members:
        type_id, data = serialize(member, depth + 1)
        parts += (_entry_head(type_id, len(data)), data)
    return b"".join(parts)


def _map(content: Any, depth: int) -> bytes:
    if type(content) is not dict and not isinstance(content, Mapping):
        raise _wrong_type("M", "a mapping", content)
    members = cast("Mapping[str, AttributeValue]", content)
    if members:
        _check_depth(depth + 1)
    parts = [u32(len(members))]
    for key in _sorted_texts(members):
        name = key.encode()
        type_id, data = serialize(members[key], depth + 1)
        parts += (_entry_head(STRING, len(name)), name, _entry_head(type_id, len(data)), data)
    return b"".join(parts)


def _check_depth(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise MalformedValueError("a value nested deeper than DynamoDB's 32 levels")


def _sequence(name: str, content: Any) -> Sequence[Any]:
    if type(content) is list or isinstance(content, tuple):
        return cast("Sequence[Any]", content)
    if isinstance(content, list | set | frozenset):
        return list(cast("set[Any]", content))
    raise _wrong_type(name, "a list", content)


def _sorted_texts(texts: Iterable[str]) -> list[str]:
    """Order texts by UTF-16 code units, and check that they are texts."""
    try:
        # Below U+10000 code units are code points, by which Python orders.
        return sorted(texts) if "".join(texts).isascii() else sorted(texts, key=utf16_order)
    except TypeError:
        raise TypeError("the members of SS and the keys of M must be str") from None
    except UnicodeEncodeError:
        raise MalformedValueError("text with a lone surrogate") from None


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
    try:
        name, read = _READERS[type_id]
    except KeyError:
        raise MalformedValueError("the value has an unknown type id") from None
    return {name: read(data, depth)}


def _read_string(data: bytes, _depth: int) -> str:
    return data.decode()


def _read_number(data: bytes, _depth: int = 0) -> str:
    text = data.decode()
    if _number(text) != data:
        raise MalformedValueError("the value has a number that is not in its normal form")
    return text


def _read_binary(data: bytes, _depth: int) -> bytes:
    return data


def _read_boolean(data: bytes, _depth: int) -> bool:
    if data not in (b"\x00", b"\x01"):
        raise MalformedValueError("the value has a boolean that is neither 0 nor 1")
    return data == b"\x01"


def _read_null(data: bytes, _depth: int) -> bool:
    if data:
        raise MalformedValueError("the value has a null that is not empty")
    return True


def _read_string_set(data: bytes, _depth: int) -> list[str]:
    members = [member.decode() for member in _members(data)]
    _check_order(members, _sorted_texts(members))
    return members


def _read_number_set(data: bytes, _depth: int) -> list[str]:
    members = _members(data)
    _check_order(members, sorted(members))
    return [_read_number(member) for member in members]


def _read_binary_set(data: bytes, _depth: int) -> list[bytes]:
    members = _members(data)
    _check_order(members, sorted(members))
    return members


def _read_list(data: bytes, depth: int) -> list[dict[str, Any]]:
    count, at = _count(data), _COUNT_LENGTH
    if count:
        _check_depth(depth + 1)
    members: list[dict[str, Any]] = []
    for _ in range(count):
        type_id, content, at = _entry(data, at)
        members.append(_deserialize(type_id, content, depth + 1))
    _check_end(data, at)
    return members


def _read_map(data: bytes, depth: int) -> dict[str, dict[str, Any]]:
    count, at = _count(data), _COUNT_LENGTH
    if count:
        _check_depth(depth + 1)
    keys: list[str] = []
    members: dict[str, dict[str, Any]] = {}
    for _ in range(count):
        key_type, name, at = _entry(data, at)
        if key_type != STRING:
            raise MalformedValueError("the value has a map with a key that is not a string")
        type_id, content, at = _entry(data, at)
        key = name.decode()
        keys.append(key)
        members[key] = _deserialize(type_id, content, depth + 1)
    _check_end(data, at)
    _check_order(keys, _sorted_texts(keys))
    return members


def _count(data: bytes) -> int:
    # A count is never trusted with memory: each loop over it ends at the first entry that is not there.
    (count,) = _unpack_length(data, 0)
    return count


def _entry(data: bytes, at: int) -> tuple[bytes, bytes, int]:
    """Read a type id, a length and as many bytes; give the two and where the next entry begins."""
    type_id, length = _unpack_entry_head(data, at)
    start = at + _ENTRY_HEAD_LENGTH
    end = start + length
    if end > len(data):
        raise StructError
    return type_id, data[start:end], end


def _members(data: bytes) -> list[bytes]:
    """Read the members of a set."""
    count, at = _count(data), _COUNT_LENGTH
    members: list[bytes] = []
    for _ in range(count):
        (length,) = _unpack_length(data, at)
        start, at = at + _COUNT_LENGTH, at + _COUNT_LENGTH + length
        if at > len(data):
            raise StructError
        members.append(data[start:at])
    _check_end(data, at)
    return members


def _check_end(data: bytes, at: int) -> None:
    if at != len(data):
        raise MalformedValueError("the value has bytes after its end")


def _check_order(members: Sequence[Any], ordered: Sequence[Any]) -> None:
    if members != ordered or len(set(members)) != len(members):
        raise MalformedValueError("the value has a set or map that is out of order or holds a member twice")


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
