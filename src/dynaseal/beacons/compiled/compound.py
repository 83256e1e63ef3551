"""A compound beacon, ready for use: parts of an item, or of a search's string, joined by the split character.

- The first constructor whose required parts an item has makes its beacon. If no constructor fits, the item
  has no such beacon.
- The string in a search is split, and each piece belongs to the part with whose prefix it begins. The pieces
  must be a run of parts that some constructor could write.
- A bare prefix at the end of the string is not hashed, unless the comparison is for equality: so the string
  can be a beginning.
- Only what is in the clear has an order: signed parts, followed at most by a bare prefix.

Example: with the split character `.`, a signed part `ward` with the prefix `w-` and an encrypted part `city`
with the prefix `c-`, an item in ward 7 and in Bern has the beacon `w-7.c-0a3`, where `0a3` is the hash of
`Bern`. A search for `w-7.c-Bern` is sent as `w-7.c-0a3`. One for strings that begin with `w-7.c-` is sent
unchanged.

Source: specification `beacons.md`, "Value for a Compound Beacon", "GetPart for a Compound Beacon",
"LessThanComparable" and "BetweenComparable"; for runs of parts, what AWS's releases accept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dynaseal.attributes import Item
from dynaseal.beacons.compiled.hashes import BEACON_PREFIX, HmacKeys
from dynaseal.beacons.compiled.locations import Location
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.beacons.compiled.virtual_fields import string_of
from dynaseal.errors import EncryptError


class UnfitStringError(ValueError):
    """A search's string that no constructor of a compound beacon could write; the message says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of compound beacons: hashed by a standard beacon, or in the clear at a location."""

    name: str
    prefix: str
    source: CompiledStandardBeacon | Location

    @property
    def is_signed(self) -> bool:
        """Whether it is in the clear: a signed part, not an encrypted one."""
        return isinstance(self.source, Location)

    def plain_string(self, item: Item) -> str | None:
        """Return the part's own string without its prefix, or None if an item has none.

        Raises:
            EncryptError: the value's type has no string.
        """
        if isinstance(self.source, CompiledStandardBeacon):
            return self.source.plain_string(item)
        value = self.source.find(item)
        return None if value is None else string_of(value, f"The part {self.name!r}")

    def stored_string(self, string: str, keys: HmacKeys, partition: int) -> str:
        """Return the part as it is stored: its prefix, and its string or the string's hash.

        Raises:
            UnicodeEncodeError: it must be hashed and has a lone surrogate.
        """
        if isinstance(self.source, Location):
            return self.prefix + string
        return self.prefix + self.source.hash_string(string, keys, partition)


@dataclass(frozen=True, slots=True)
class CompiledConstructor:
    """One way to put a compound beacon together: parts, and whether each is required."""

    parts: tuple[tuple[Part, bool], ...]

    @property
    def required(self) -> frozenset[str]:
        """The prefixes of the required parts; no two parts of a compound beacon have the same prefix."""
        return frozenset(part.prefix for part, is_required in self.parts if is_required)

    def could_write(self, pieces: Sequence[Part]) -> bool:
        """Return whether `pieces` is a run of this constructor's parts.

        Any part in front of the first piece may be left out, but between two pieces only parts that are not
        required.
        """
        following = iter(self.parts)
        is_started = False
        for piece in pieces:
            for part, is_required in following:
                if part.prefix == piece.prefix:
                    is_started = True
                    break
                if is_started and is_required:
                    return False
            else:
                return False
        return True

    def __str__(self) -> str:
        return "".join(part.prefix if is_required else f"[{part.prefix}]" for part, is_required in self.parts)


@dataclass(frozen=True, slots=True)
class CompiledCompoundBeacon:
    """A compound beacon whose parts are resolved.

    Attributes:
        name: Its name in expressions.
        split: The character between parts.
        parts: Signed ones first.
        constructors: In the order in which they are tried.
    """

    name: str
    split: str
    parts: tuple[Part, ...]
    constructors: tuple[CompiledConstructor, ...]

    @property
    def has_only_signed_parts(self) -> bool:
        """Whether it is a signed beacon: a signed attribute under its own name, without encrypted parts."""
        return all(part.is_signed for part in self.parts)

    @property
    def attribute(self) -> str:
        """The name of the attribute that stores it."""
        return self.name if self.has_only_signed_parts else BEACON_PREFIX + self.name

    def plain_string(self, item: Item) -> str | None:
        """Return the beacon of an item with nothing hashed, or None if no constructor fits.

        Raises:
            EncryptError: a part's value has no string, or one that contains the split character.
        """
        found = self._find_parts(item)
        return None if found is None else self.split.join([part.prefix + string for part, string in found])

    def beacon_string(self, item: Item, keys: HmacKeys, partition: int) -> str | None:
        """Return the beacon to store beside an item, or None if no constructor fits.

        Raises:
            EncryptError: a part's value has no string, or one that cannot be hashed or contains the split
                character.
        """
        found = self._find_parts(item)
        if found is None:
            return None
        try:
            return self.split.join([part.stored_string(string, keys, partition) for part, string in found])
        except UnicodeEncodeError:
            raise EncryptError(
                f"The compound beacon {self.name!r} cannot be made: the string of a part has a lone "
                "surrogate pair"
            ) from None

    def hash_string(self, string: str, keys: HmacKeys, partition: int, *, for_equality: bool) -> str:
        """Return what is sent in place of a search's string that is compared with this beacon.

        Args:
            string: The string as the application wrote it.
            keys: The standard beacons' keys; for a string with signed parts only, none is used.
            partition: The partition whose hashes are needed.
            for_equality: Whether it is compared by `=`, `<>` or IN.

        Raises:
            UnfitStringError: this beacon could never have that string.
        """
        pieces = string.split(self.split)
        parts = self.parts_of(string)
        try:
            stored = [
                part.stored_string(piece[len(part.prefix) :], keys, partition)
                for part, piece in zip(parts, pieces, strict=True)
            ]
        except UnicodeEncodeError:
            raise UnfitStringError("the string has a lone surrogate") from None
        if not for_equality and pieces[-1] == parts[-1].prefix:
            stored[-1] = pieces[-1]
        return self.split.join(stored)

    def parts_of(self, string: str) -> list[Part]:
        """Return the part that each piece of a search's string belongs to.

        Raises:
            UnfitStringError: a piece has no part's prefix, or no constructor could write the parts like that.
        """
        parts = [self._part_of(piece) for piece in string.split(self.split)]
        if not any(constructor.could_write(parts) for constructor in self.constructors):
            prefixes = "".join(part.prefix for part in parts)
            constructors = ", ".join(map(str, self.constructors))
            raise UnfitStringError(
                f"no constructor writes the parts {prefixes} in that order; the constructors are "
                f"{constructors}"
            )
        return parts

    def can_order(self, string: str) -> bool:
        """Return whether `<`, `<=`, `>` and `>=` can compare this beacon with a string.

        Raises:
            UnfitStringError: a piece has no part's prefix.
        """
        return self._are_orderable(string.split(self.split))

    def can_span(self, low: str, high: str) -> bool:
        """Return whether BETWEEN can compare this beacon with two strings.

        Equal pieces at the start of both are hashed to equal strings; what follows them must have an order.

        Raises:
            UnfitStringError: a piece has no part's prefix.
        """
        low_pieces, high_pieces = low.split(self.split), high.split(self.split)
        common = 0
        while common < min(len(low_pieces), len(high_pieces)) and low_pieces[common] == high_pieces[common]:
            common += 1
        return self._are_orderable(low_pieces[common:]) and self._are_orderable(high_pieces[common:])

    def _are_orderable(self, pieces: Sequence[str]) -> bool:
        for index, piece in enumerate(pieces):
            part = self._part_of(piece)
            if not part.is_signed:
                return index == len(pieces) - 1 and piece == part.prefix
        return True

    def _part_of(self, piece: str) -> Part:
        for part in self.parts:
            if piece.startswith(part.prefix):
                return part
        prefixes = ", ".join(repr(part.prefix) for part in self.parts)
        raise UnfitStringError(f"a piece begins with none of the parts' prefixes {prefixes}")

    def _find_parts(self, item: Item) -> list[tuple[Part, str]] | None:
        for constructor in self.constructors:
            found = self._try_constructor(constructor, item)
            if found is not None:
                return found
        return None

    def _try_constructor(self, constructor: CompiledConstructor, item: Item) -> list[tuple[Part, str]] | None:
        found: list[tuple[Part, str]] = []
        for part, is_required in constructor.parts:
            string = part.plain_string(item)
            if string is None:
                if is_required:
                    return None
                continue
            if self.split in string:
                raise EncryptError(
                    f"The value of the part {part.name!r} contains {self.split!r}, at which the compound "
                    f"beacon {self.name!r} is split",
                    hint="Choose a split character that no value contains",
                )
            found.append((part, string))
        return found
