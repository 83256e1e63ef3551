"""Attribute values read strictly from the format's bytes.

- Refused are bytes that end too early or too late, strings that are not UTF-8, sets and maps with a repeated
  member, and numbers that are not in their normal form.
- Reading takes time linear in the size of the bytes: a count never decides how much memory is taken, and each
  loop ends at the first entry that is not there.
- The order of sets and maps is not checked, since AWS's early releases did not sort them, and is kept.

Source: specification `ddb-attribute-serialization.md`.
"""

from collections.abc import Callable, Iterable
from struct import Struct
from struct import error as StructError  # noqa: N812 an exception
from typing import Any

from dynaseal.core.numbers import is_normal, normalize
from dynaseal.core.values.types import (
    BINARY,
    BINARY_SET,
    BOOLEAN,
    LIST,
    MAP,
    MAX_DEPTH,
    NULL,
    NUMBER,
    NUMBER_SET,
    SECOND_LEVEL,
    STRING,
    STRING_SET,
    Field,
    MalformedValueError,
    too_deep,
)

_COUNT_LENGTH = 4
_ENTRY_HEAD_LENGTH = 6
_length_at = Struct(">I").unpack_from
_entry_head_at = Struct(">2sI").unpack_from


def deserialize(type_id: bytes, data: bytes) -> dict[str, Any]:
    r"""Return the attribute value that a type id and bytes stand for.

    Raises:
        MalformedValueError: the bytes are not a value of that type.

    Example:
        >>> deserialize(b"\x00\x04", b"\x01")
        {'BOOL': True}
    """
    return deserialize_all([(type_id, data)])[0]


def deserialize_all(fields: Iterable[Field]) -> list[dict[str, Any]]:
    """Return the attribute values that type ids and bytes stand for.

    Raises:
        MalformedValueError: the bytes of one of them are not a value of its type.
    """
    values: list[dict[str, Any]] = []
    try:
        for type_id, data in fields:
            kind, read, holds_values = _READERS[type_id]
            values.append({kind: read(data, 0, len(data), SECOND_LEVEL) if holds_values else read(data)})
    except KeyError:
        raise MalformedValueError("bytes with an unknown type id") from None
    except StructError:
        raise MalformedValueError("bytes that end too early") from None
    except UnicodeDecodeError:
        raise MalformedValueError("a string that is not valid UTF-8") from None
    return values


def _number(data: bytes) -> str:
    number = data.decode()
    try:
        if is_normal(number) or normalize(number) == number:
            return number
    except ValueError:
        pass
    raise MalformedValueError("a number that is not in its normal form")


def _boolean(data: bytes) -> bool:
    if data not in (b"\x00", b"\x01"):
        raise MalformedValueError("a boolean that is neither 0 nor 1")
    return data == b"\x01"


def _null(data: bytes) -> bool:
    if data:
        raise MalformedValueError("a null that is not empty")
    return True


def _string_set(data: bytes) -> list[str]:
    return [*map(bytes.decode, _binary_set(data))]


def _number_set(data: bytes) -> list[str]:
    return [*map(_number, _binary_set(data))]


def _binary_set(data: bytes) -> list[bytes]:
    members = _members(data)
    _check_unique(len(set(members)), len(members))
    return members


def _members(data: bytes) -> list[bytes]:
    (count,) = _length_at(data, 0)
    at = _COUNT_LENGTH
    members: list[bytes] = []
    for _ in range(count):
        (length,) = _length_at(data, at)
        start = at + _COUNT_LENGTH
        at = start + length
        members.append(data[start:at])
    _check_end(at, len(data))
    return members


# These two read their members in place, between two offsets: a call for each member would double the time,
# and a copy of its bytes at every level would make deep values slow. Each entry must end within its value, or
# a wrong count could make each nested value read the whole rest of the bytes.


def _list(data: bytes, at: int, end: int, depth: int) -> list[dict[str, Any]]:
    (count,) = _length_at(data, at)
    if depth > MAX_DEPTH and count:
        raise too_deep()
    at += _COUNT_LENGTH
    members: list[dict[str, Any]] = []
    for _ in range(count):
        type_id, length = _entry_head_at(data, at)
        start = at + _ENTRY_HEAD_LENGTH
        at = start + length
        if at > end:
            raise StructError
        kind, read, holds_values = _READERS[type_id]
        members.append({kind: read(data, start, at, depth + 1) if holds_values else read(data[start:at])})
    _check_end(at, end)
    return members


def _map(data: bytes, at: int, end: int, depth: int) -> dict[str, dict[str, Any]]:
    (count,) = _length_at(data, at)
    if depth > MAX_DEPTH and count:
        raise too_deep()
    at += _COUNT_LENGTH
    members: dict[str, dict[str, Any]] = {}
    for _ in range(count):
        type_id, length = _entry_head_at(data, at)
        if type_id != STRING:
            raise MalformedValueError("a map with a key that is not a string")
        start = at + _ENTRY_HEAD_LENGTH
        at = start + length
        name = data[start:at].decode()
        type_id, length = _entry_head_at(data, at)
        start = at + _ENTRY_HEAD_LENGTH
        at = start + length
        if at > end:
            raise StructError
        kind, read, holds_values = _READERS[type_id]
        members[name] = {kind: read(data, start, at, depth + 1) if holds_values else read(data[start:at])}
    _check_end(at, end)
    _check_unique(len(members), count)
    return members


def _check_end(at: int, end: int) -> None:
    """Check that the last entry ends where the value ends."""
    if at > end:
        raise StructError
    if at < end:
        raise MalformedValueError("bytes after its end")


def _check_unique(different: int, count: int) -> None:
    if different != count:
        raise MalformedValueError("a set or map that holds a member twice")


# By type id: the type name, the function that reads a content, and whether the content holds values itself;
# such a function takes all bytes, where its content begins and ends, and the level of those values.
_READERS: dict[bytes, tuple[str, Callable[..., Any], bool]] = {
    STRING: ("S", bytes.decode, False),
    NUMBER: ("N", _number, False),
    BINARY: ("B", bytes, False),
    BOOLEAN: ("BOOL", _boolean, False),
    NULL: ("NULL", _null, False),
    STRING_SET: ("SS", _string_set, False),
    NUMBER_SET: ("NS", _number_set, False),
    BINARY_SET: ("BS", _binary_set, False),
    MAP: ("M", _map, True),
    LIST: ("L", _list, True),
}
