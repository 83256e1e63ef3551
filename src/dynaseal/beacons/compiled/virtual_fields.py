"""Virtual fields: strings made from the values of an item, and the transforms that make them.

- A string value is used as it is, and a number as it was written. BOOL and NULL values are the words `true`,
  `false` and `null`. Other values have no string.
- Lengths and positions count UTF-16 code units, as AWS's libraries do. A transform may cut a surrogate pair
  in two. Half a pair cannot be hashed, but it may be part of a virtual field.
- A position counts from the start, a negative one from the end. Both are limited to the string; the largest
  position is the one of its last character, so a range never includes the last character.
- A virtual field has no value if one of its parts has none.

Source: specification `virtual.md`; where it is silent, what AWS's releases do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Protocol, TypeVar

from dynaseal.attributes import AttributeValue, Item
from dynaseal.beacons.compiled.locations import Location
from dynaseal.core.arguments import check_integers, check_strings
from dynaseal.core.callbacks import type_of_result
from dynaseal.core.paths import utf16_length
from dynaseal.errors import ConfigError, EncryptError

_TO_UPPER = str.maketrans(ascii_lowercase, ascii_uppercase)
_TO_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
_LARGEST_OF_ONE_UNIT = "\uffff"

_Sequence = TypeVar("_Sequence", str, list[str])


class Transform(Protocol):
    """One step from the string of a value to its part of a virtual field."""

    def apply(self, string: str) -> str:
        """Transform a string in which each character is one UTF-16 code unit."""
        ...


@dataclass(frozen=True, slots=True)
class Upper:
    """Changes the letters a to z to upper case; other letters are unchanged."""

    def apply(self, string: str) -> str:
        """Transform a string."""
        return string.translate(_TO_UPPER)


@dataclass(frozen=True, slots=True)
class Lower:
    """Changes the letters A to Z to lower case; other letters are unchanged."""

    def apply(self, string: str) -> str:
        """Transform a string."""
        return string.translate(_TO_LOWER)


@dataclass(frozen=True, slots=True)
class Insert:
    """Adds a literal string at the end.

    Args:
        literal: The string.
    """

    literal: str

    def __post_init__(self) -> None:
        check_strings("An Insert transform", literal=self.literal)

    def apply(self, string: str) -> str:
        """Transform a string."""
        return string + code_units(self.literal)


@dataclass(frozen=True, slots=True)
class GetPrefix:
    """Returns the first characters.

    Args:
        length: How many; if negative, all but that many at the end.
    """

    length: int

    def __post_init__(self) -> None:
        check_integers("A GetPrefix transform", length=self.length)

    def apply(self, string: str) -> str:
        """Transform a string."""
        return string[: self.length] if self.length >= 0 else string[: max(len(string) + self.length, 0)]


@dataclass(frozen=True, slots=True)
class GetSuffix:
    """Returns the last characters.

    Args:
        length: How many; if negative, all but that many at the start.
    """

    length: int

    def __post_init__(self) -> None:
        check_integers("A GetSuffix transform", length=self.length)

    def apply(self, string: str) -> str:
        """Transform a string."""
        return string[max(len(string) - self.length, 0) :] if self.length >= 0 else string[-self.length :]


@dataclass(frozen=True, slots=True)
class GetSubstring:
    """Returns a range of characters.

    Args:
        low: The position of the first character.
        high: The position after the last one; the string's last character is never part of the range.
    """

    low: int
    high: int

    def __post_init__(self) -> None:
        check_integers("A GetSubstring transform", low=self.low, high=self.high)

    def apply(self, string: str) -> str:
        """Transform a string."""
        return _range(string, self.low, self.high)


@dataclass(frozen=True, slots=True)
class GetSegment:
    """Splits the string and returns one piece; an empty string if there is no such piece.

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
        check_integers("A GetSegment transform", index=self.index)

    def apply(self, string: str) -> str:
        """Transform a string."""
        pieces = string.split(self.split)
        return pieces[self.index] if -len(pieces) <= self.index < len(pieces) else ""


@dataclass(frozen=True, slots=True)
class GetSegments:
    """Splits the string and returns a range of its pieces, joined again.

    Args:
        split: The character between pieces.
        low: The position of the first piece.
        high: The position after the last one; the string's last piece is never part of the range.

    Raises:
        ConfigError: `split` is not one character.
    """

    split: str
    low: int
    high: int

    def __post_init__(self) -> None:
        check_split(self.split, "A GetSegments transform")
        check_integers("A GetSegments transform", low=self.low, high=self.high)

    def apply(self, string: str) -> str:
        """Transform a string."""
        return self.split.join(_range(string.split(self.split), self.low, self.high))


@dataclass(frozen=True, slots=True)
class CompiledVirtualField:
    """A virtual field whose locations are parsed."""

    name: str
    parts: tuple[tuple[Location, tuple[Transform, ...]], ...]

    @property
    def locations(self) -> frozenset[Location]:
        """The locations of the values that the field is made from."""
        return frozenset(location for location, _ in self.parts)

    def string(self, item: Item) -> str | None:
        """Return the field's string for an item, or None if the item lacks a part.

        Raises:
            EncryptError: the type of a part's value has no string.
            TypeError: a transform returned something else than a string.
        """
        joined = ""
        for location, transforms in self.parts:
            value = location.find(item)
            if value is None:
                return None
            units = code_units(string_of(value, f"The virtual field {self.name!r}"))
            for transform in transforms:
                units = self._transformed(units, transform)
            joined += units
        return characters(joined)

    def _transformed(self, units: str, transform: Transform) -> str:
        transformed = transform.apply(units)
        if not isinstance(transformed, str):  # pyright: ignore[reportUnnecessaryIsInstance] users' transforms
            raise TypeError(
                f"the transform {type(transform).__name__} of the virtual field {self.name!r} must return a "
                f"str, not {type_of_result(transformed)}"
            )
        return transformed


def string_of(value: AttributeValue, owner: str) -> str:
    """Return the string of a value.

    Args:
        value: The value.
        owner: What needs the string, for the message.

    Raises:
        EncryptError: values of its type have no string.
    """
    (type_name, content), *_ = value.items()
    convert = _TO_STRING.get(type_name)
    if convert is None:
        raise EncryptError(
            f"{owner} is made from strings, and the item has a value of the type {type_name} there",
            hint="Use values of the types S, N, BOOL and NULL only",
        )
    return convert(content)


def code_units(string: str) -> str:
    """Return a string in which each character is one UTF-16 code unit: surrogate pairs are split."""
    if string.isascii() or max(string) <= _LARGEST_OF_ONE_UNIT:
        return string
    data = string.encode("utf-16-be", "surrogatepass")
    return "".join([chr(data[at] << 8 | data[at + 1]) for at in range(0, len(data), 2)])


def characters(units: str) -> str:
    """Join the surrogate pairs that `code_units` split; half a pair is left as it is."""
    if units.isascii():
        return units
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "surrogatepass")


def check_split(split: str, owner: str) -> None:
    """Check that a split character is a single character.

    Raises:
        ConfigError: it is not.
    """
    check_strings(owner, split=split)
    if utf16_length(split) != 1:
        raise ConfigError(f"{owner} splits at {split!r}; it must be one character")


def _range(whole: _Sequence, low: int, high: int) -> _Sequence:
    return whole[_position(low, len(whole)) : _position(high, len(whole))]


def _position(position: int, length: int) -> int:
    if position < 0:
        return max(length + position, 0)
    return min(position, max(length - 1, 0))


_TO_STRING: dict[str, Callable[[Any], str]] = {
    "S": lambda content: content,
    "N": lambda content: content,
    "BOOL": lambda content: "true" if content else "false",
    "NULL": lambda _content: "null",
}
