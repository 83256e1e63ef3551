"""Attribute values from the format's bytes, strictly.

- Bytes that end too early or late, text that is no UTF-8, a set or map with a member twice, and a number that
  is not in its normal form are refused, in time linear in their size: a count is never trusted with memory,
  and each loop ends at the first entry that is not there.
- The order of sets and maps is not checked: AWS's early releases wrote them as they came. It is kept.

Source: specification `ddb-attribute-serialization.md`.
"""

from collections.abc import Callable
from struct import Struct
from struct import error as StructError  # noqa: N812 an exception
from typing import Any

from dynaseal.core.numbers import is_normal, normalize
from dynaseal.core.values import (
    BINARY,
    BINARY_SET,
    BOOLEAN,
    LIST,
    MAP,
    NULL,
    NUMBER,
    NUMBER_SET,
    STRING,
    STRING_SET,
    MalformedValueError,
    check_depth,
)

_COUNT_LENGTH = 4
_ENTRY_HEAD_LENGTH = 6
_length_at = Struct(">I").unpack_from
_entry_head_at = Struct(">2sI").unpack_from


def deserialize(type_id: bytes, data: bytes, depth: int = 1) -> dict[str, Any]:
    r"""Turn a type id and a value's bytes into an attribute value.

    Raises:
        MalformedValueError: the bytes are not those that a value of that type is written as.

    Example:
        >>> deserialize(b"\x00\x04", b"\x01")
        {'BOOL': True}
    """
    try:
        if type_id in _LEAVES:
            name, read_leaf = _LEAVES[type_id]
            return {name: read_leaf(data)}
        name, read = _CONTAINERS[type_id]
        return {name: read(data, depth + 1)}
    except KeyError:
        raise MalformedValueError("bytes of an unknown type id") from None
    except StructError:
        raise MalformedValueError("bytes that end too early") from None
    except UnicodeDecodeError:
        raise MalformedValueError("text that is not valid UTF-8") from None


def _number(data: bytes) -> str:
    text = data.decode()
    try:
        if is_normal(text) or normalize(text) == text:
            return text
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
    return [member.decode() for member in _binary_set(data)]


def _number_set(data: bytes) -> list[str]:
    return [_number(member) for member in _binary_set(data)]


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
        if at > len(data):
            raise StructError
        members.append(data[start:at])
    _check_end(data, at)
    return members


def _list(data: bytes, depth: int) -> list[dict[str, Any]]:
    (count,) = _length_at(data, 0)
    if count:
        check_depth(depth)
    at = _COUNT_LENGTH
    members: list[dict[str, Any]] = []
    for _ in range(count):
        type_id, content, at = _entry(data, at)
        members.append(deserialize(type_id, content, depth))
    _check_end(data, at)
    return members


def _map(data: bytes, depth: int) -> dict[str, dict[str, Any]]:
    (count,) = _length_at(data, 0)
    if count:
        check_depth(depth)
    at = _COUNT_LENGTH
    members: dict[str, dict[str, Any]] = {}
    for _ in range(count):
        key_type, name, at = _entry(data, at)
        if key_type != STRING:
            raise MalformedValueError("a map with a key that is not a string")
        type_id, content, at = _entry(data, at)
        members[name.decode()] = deserialize(type_id, content, depth)
    _check_end(data, at)
    _check_unique(len(members), count)
    return members


def _entry(data: bytes, at: int) -> tuple[bytes, bytes, int]:
    """Read a type id, a length and as many bytes; give the two and where the next entry begins."""
    type_id, length = _entry_head_at(data, at)
    start = at + _ENTRY_HEAD_LENGTH
    end = start + length
    if end > len(data):
        raise StructError
    return type_id, data[start:end], end


def _check_end(data: bytes, at: int) -> None:
    if at != len(data):
        raise MalformedValueError("bytes after its end")


def _check_unique(different: int, count: int) -> None:
    if different != count:
        raise MalformedValueError("a set or map that holds a member twice")


_LEAVES: dict[bytes, tuple[str, Callable[[bytes], Any]]] = {
    STRING: ("S", bytes.decode),
    NUMBER: ("N", _number),
    BINARY: ("B", bytes),
    BOOLEAN: ("BOOL", _boolean),
    NULL: ("NULL", _null),
    STRING_SET: ("SS", _string_set),
    NUMBER_SET: ("NS", _number_set),
    BINARY_SET: ("BS", _binary_set),
}
_CONTAINERS: dict[bytes, tuple[str, Callable[[bytes, int], Any]]] = {MAP: ("M", _map), LIST: ("L", _list)}
