"""Text out of an item: which values are text, the transforms, and virtual fields put together from them.

- A string is its text, a number the text it was written with, `true`, `false` and `null` are words; no other
  value is text.
- Lengths and positions count UTF-16 code units, as AWS's libraries do. A transform may cut a surrogate pair
  in two; half a pair is no text that could be hashed, but a virtual field may show it.
- A position counts from the start, a negative one from the end; both are kept within the text, whose last
  character is the largest position there is. So a range never reaches past the last character.
- A virtual field has no value where one of its parts has none.

Source: specification `virtual.md`; where it is silent, what AWS's releases do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Protocol, TypeVar

from dynaseal.attributes import AttributeValue, Item
from dynaseal.beacons.compiled.locations import Location
from dynaseal.core.paths import utf16_length
from dynaseal.errors import ConfigError, EncryptError

_TO_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
_TO_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_LARGEST_OF_ONE_UNIT = "\uffff"

_Kept = TypeVar("_Kept", str, list[str])


class Transform(Protocol):
    """One step on the way from a value's text to its share of a virtual field."""

    def apply(self, text: str) -> str:
        """Transform a text in which each character is one UTF-16 code unit."""
        ...


@dataclass(frozen=True, slots=True)
class Upper:
    """Makes the letters a to z capital; others stay."""

    def apply(self, text: str) -> str:
        """Transform a text."""
        return text.translate(_TO_UPPER)


@dataclass(frozen=True, slots=True)
class Lower:
    """Makes the letters A to Z small; others stay."""

    def apply(self, text: str) -> str:
        """Transform a text."""
        return text.translate(_TO_LOWER)


@dataclass(frozen=True, slots=True)
class Insert:
    """Adds a literal text at the end.

    Args:
        literal: The text.
    """

    literal: str

    def apply(self, text: str) -> str:
        """Transform a text."""
        return text + code_units(self.literal)


@dataclass(frozen=True, slots=True)
class GetPrefix:
    """Keeps the first characters.

    Args:
        length: How many; if negative, all but that many at the end.
    """

    length: int

    def apply(self, text: str) -> str:
        """Transform a text."""
        return text[: self.length] if self.length >= 0 else text[: max(len(text) + self.length, 0)]


@dataclass(frozen=True, slots=True)
class GetSuffix:
    """Keeps the last characters.

    Args:
        length: How many; if negative, all but that many at the start.
    """

    length: int

    def apply(self, text: str) -> str:
        """Transform a text."""
        return text[max(len(text) - self.length, 0) :] if self.length >= 0 else text[-self.length :]


@dataclass(frozen=True, slots=True)
class GetSubstring:
    """Keeps a range of characters.

    Args:
        low: The position of the first one.
        high: The position after the last one; the text's last character is never part of the range.
    """

    low: int
    high: int

    def apply(self, text: str) -> str:
        """Transform a text."""
        return _range(text, self.low, self.high)


@dataclass(frozen=True, slots=True)
class GetSegment:
    """Splits the text and keeps one piece; none if there is no such piece.

    Args:
        split: The character between pieces.
        index: The piece's position, from the end if negative.

    Raises:
        ConfigError: `split` is not one character.
    """

    split: str
    index: int

    def __post_init__(self) -> None:
        check_split(self.split, "A GetSegment transform")

    def apply(self, text: str) -> str:
        """Transform a text."""
        pieces = text.split(self.split)
        return pieces[self.index] if -len(pieces) <= self.index < len(pieces) else ""


@dataclass(frozen=True, slots=True)
class GetSegments:
    """Splits the text and keeps a range of pieces, joined again.

    Args:
        split: The character between pieces.
        low: The position of the first piece.
        high: The position after the last one; the text's last piece is never part of the range.

    Raises:
        ConfigError: `split` is not one character.
    """

    split: str
    low: int
    high: int

    def __post_init__(self) -> None:
        check_split(self.split, "A GetSegments transform")

    def apply(self, text: str) -> str:
        """Transform a text."""
        return self.split.join(_range(text.split(self.split), self.low, self.high))


@dataclass(frozen=True, slots=True)
class CompiledVirtualField:
    """A virtual field whose locations are parsed."""

    name: str
    parts: tuple[tuple[Location, tuple[Transform, ...]], ...]

    @property
    def locations(self) -> frozenset[Location]:
        """The places that the field is put together from."""
        return frozenset(location for location, _ in self.parts)

    def string(self, item: Item) -> str | None:
        """Give the field's text for an item, or None where the item lacks a part.

        Raises:
            EncryptError: a part is of a type that has no text.
        """
        joined = ""
        for location, transforms in self.parts:
            value = location.find(item)
            if value is None:
                return None
            text = code_units(string_of(value, f"The virtual field {self.name!r}"))
            for transform in transforms:
                text = transform.apply(text)
            joined += text
        return characters(joined)


def string_of(value: AttributeValue, owner: str) -> str:
    """Give the text of a value.

    Args:
        value: The value.
        owner: What needs it as text, for the message.

    Raises:
        EncryptError: its type has none.
    """
    (kind, content), *_ = value.items()
    read = _TEXTS.get(kind)
    if read is None:
        raise EncryptError(
            f"{owner} is made from text, and the item has a value of the type {kind} there",
            hint="Only the types S, N, BOOL and NULL have a text",
        )
    return read(content)


def code_units(text: str) -> str:
    """Spell a text so that each character is one UTF-16 code unit."""
    if text.isascii() or max(text) <= _LARGEST_OF_ONE_UNIT:
        return text
    data = text.encode("utf-16-be", "surrogatepass")
    return "".join([chr(data[at] << 8 | data[at + 1]) for at in range(0, len(data), 2)])


def characters(units: str) -> str:
    """Join surrogate pairs again; half a pair stays."""
    if units.isascii():
        return units
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


def check_split(split: str, owner: str) -> None:
    """Check that a split character is one character.

    Raises:
        ConfigError: it is not.
    """
    if utf16_length(split) != 1:
        raise ConfigError(f"{owner} splits at {split!r}; it must be one character")


def _range(whole: _Kept, low: int, high: int) -> _Kept:
    return whole[_position(low, len(whole)) : _position(high, len(whole))]


def _position(position: int, length: int) -> int:
    if position < 0:
        return max(length + position, 0)
    return min(position, max(length - 1, 0))


_TEXTS: dict[str, Callable[[Any], str]] = {
    "S": lambda content: content,
    "N": lambda content: content,
    "BOOL": lambda content: "true" if content else "false",
    "NULL": lambda _content: "null",
}
