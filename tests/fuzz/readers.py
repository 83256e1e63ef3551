"""Targets of the core's readers: a header, a footer, a value's bytes, a value as Python objects.

Each refuses with its documented error or gives something that is written as the very same bytes; only the
order of sets and maps is read as it comes and written in order, and an empty set or map key is read and not
written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dynaseal import EncryptedDataKey, FormatError
from dynaseal.core import footer, header
from dynaseal.core.context import serialize as serialize_context
from dynaseal.core.values.reading import deserialize
from dynaseal.core.values.types import MalformedValueError
from dynaseal.core.values.writing import serialize
from fuzz.encoding import Cursor
from support.sorted_sets import can_only_be_read, with_sorted_sets

DEEPEST = 40


def read_header(data: bytes) -> bool:
    try:
        parsed = header.parse(data)
    except FormatError:
        return False
    again = header.write_partial(
        parsed.version,
        parsed.suite,
        message_id=parsed.message_id,
        legend=parsed.legend,
        stored_context=serialize_context(parsed.stored_context),
        data_keys=[
            EncryptedDataKey(key.provider_id, key.provider_info, key.ciphertext)
            for key in parsed.encrypted_data_keys
        ],
    )
    assert again == parsed.partial
    assert again + parsed.commitment == data
    return True


def read_footer(data: bytes) -> bool:
    cursor = Cursor(data)
    count, signed = cursor.byte(), bool(cursor.byte() & 1)
    foot = cursor.rest()
    try:
        tags, signature = footer.split(foot, count, signed=signed)
    except FormatError:
        return False
    assert b"".join(tags) + signature == foot
    assert len(tags) == count
    assert bool(signature) is signed
    return True


def read_value(data: bytes) -> bool:
    type_id, content = data[:2], data[2:]
    try:
        value = deserialize(type_id, content)
    except MalformedValueError:
        return False
    if can_only_be_read(value):
        return _is_refused_when_written(value)
    written_type, written = serialize(value)
    assert (written_type, len(written)) == (type_id, len(content))
    assert with_sorted_sets(deserialize(type_id, written)) == with_sorted_sets(value)
    return True


def _is_refused_when_written(value: dict[str, Any]) -> bool:
    try:
        serialize(value)
    except MalformedValueError:
        return True
    raise AssertionError("an empty set or map key was written")


def write_value(data: bytes) -> bool:
    try:
        written = serialize(_object(Cursor(data)))
    except (MalformedValueError, TypeError):
        return False
    value = deserialize(*written)
    assert serialize(value) == written
    return True


def _object(cursor: Cursor, depth: int = 0) -> Any:
    """Make a Python object from an input: usually an attribute value, of any depth and not always valid."""
    kind, count = cursor.byte(), cursor.byte()
    if depth > DEEPEST:
        return None
    if kind < len(_LEAVES):
        return _LEAVES[kind](cursor, count)
    members = range(min(count, cursor.left))
    if kind % 2:
        return {"L": [_object(cursor, depth + 1) for _ in members]}
    return {"M": {_text(cursor, cursor.byte()): _object(cursor, depth + 1) for _ in members}}


def _text(cursor: Cursor, length: int) -> str:
    return cursor.take(length).decode("utf-8", "surrogateescape")


_INVALID_VALUES: tuple[Any, ...] = (
    None,
    1,
    "S",
    [],
    {},
    {"S": 1},
    {"L": "x"},
    {"M": {1: {"S": ""}}},
    {"BOOL": 1},
)
_LEAVES: tuple[Callable[[Cursor, int], Any], ...] = (
    lambda cursor, count: {"S": _text(cursor, count)},
    lambda cursor, count: {"N": cursor.take(count).decode("latin-1")},
    lambda cursor, count: {"B": cursor.take(count)},
    lambda cursor, count: {"B": bytearray(cursor.take(count))},
    lambda cursor, count: {"B": memoryview(cursor.take(count))},
    lambda _, count: {"BOOL": count % 2 == 0},
    lambda _, count: {"NULL": count % 2 == 0},
    lambda cursor, count: {"SS": [_text(cursor, cursor.byte()) for _ in range(count % 8)]},
    lambda cursor, count: {"NS": [cursor.take(cursor.byte()).decode("latin-1") for _ in range(count % 8)]},
    lambda cursor, count: {"BS": tuple(cursor.take(cursor.byte()) for _ in range(count % 8))},
    lambda _, count: _INVALID_VALUES[count % len(_INVALID_VALUES)],
)
