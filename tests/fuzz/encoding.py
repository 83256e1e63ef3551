"""Fuzz inputs as the attributes of an item: any bytes are attributes, and a changed byte changes little.

An attribute is: name (2-byte length), action byte, type id, data (2-byte length). Where the input ends early,
the rest is shorter or empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from dynaseal.core.values.reading import deserialize
from dynaseal.core.values.types import NUMBER, STRING, MalformedValueError
from dynaseal.core.values.writing import serialize
from dynaseal.core.wire import u16

MAX_ATTRIBUTES = 32
ODD = b"\xee"
"""As the first byte of a type id: a Python object that is not an attribute value, chosen by the second."""

_INVALID_VALUES: tuple[Any, ...] = (
    None,
    7,
    "B",
    b"",
    [],
    {},
    {"B": "text"},
    {"S": b"bytes"},
    {"N": 1},
    {"X": "unknown"},
    {"S": "two", "N": "2"},
    {"L": {"a": {"S": "x"}}},
    {"M": [{"S": "x"}]},
    {"NULL": 0},
    {"BOOL": "true"},
    {"SS": "text"},
    {"NS": [1]},
    {"BS": ["text"]},
    {1: "x"},
    {"B": 3},
)
ODD_COUNT = len(_INVALID_VALUES)


class Cursor:
    """Reads an input from start to end; beyond its end there are zeros and empty parts."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        part = self._data[self._at : self._at + count]
        self._at += len(part)
        return part

    def rest(self) -> bytes:
        return self.take(self.left)

    def byte(self) -> int:
        return int.from_bytes(self.take(1), "big")

    def short(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def sized(self) -> bytes:
        return self.take(self.short())


class Part(NamedTuple):
    """One attribute of an input."""

    name: str
    action_byte: int
    type_id: bytes
    data: bytes

    @property
    def value(self) -> Any:
        """The attribute value, or another Python object, that the part encodes."""
        if self.type_id[:1] == ODD:
            return _INVALID_VALUES[self.type_id[-1] % len(_INVALID_VALUES)]
        if self.type_id == STRING:
            return {"S": self.data.decode("utf-8", "surrogateescape")}
        if self.type_id == NUMBER:
            return {"N": self.data.decode("latin-1")}
        try:
            return deserialize(self.type_id, self.data)
        except MalformedValueError:
            return {"B": self.data}


def parts_of(cursor: Cursor) -> dict[str, Part]:
    """Read all attributes, by name."""
    parts: dict[str, Part] = {}
    while cursor.left and len(parts) < MAX_ATTRIBUTES:
        name = cursor.sized().decode("utf-8", "surrogateescape")
        parts[name] = Part(name, cursor.byte(), cursor.take(2), cursor.sized())
    return parts


def encoded(item: Mapping[str, Any], action_bytes: Mapping[str, int] | None = None) -> bytes:
    """Write an item's attributes as an input."""
    return b"".join(
        encoded_part(Part(name, (action_bytes or {}).get(name, 0), *serialize(value)))
        for name, value in item.items()
    )


def encoded_part(part: Part) -> bytes:
    """Write one attribute as a part of an input."""
    name = part.name.encode("utf-8", "surrogateescape")
    return b"".join(
        (u16(len(name)), name, bytes((part.action_byte,)), part.type_id, u16(len(part.data)), part.data)
    )


def concatenated(parts: Iterable[Part]) -> bytes:
    """Write attributes as an input."""
    return b"".join(map(encoded_part, parts))
