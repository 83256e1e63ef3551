"""A compound beacon, ready for use: parts of an item, or of a query's text, joined by the split character.

- The first constructor whose required parts an item has makes its beacon; without one there is none.
- A query's text is split, and each piece belongs to the part with whose prefix it begins. The pieces must be
  a run of parts that some constructor could write.
- A bare prefix at a text's end stays as it is, except where equality is asked: so a text can be a beginning.
- Order can only be asked of what is in the clear: signed parts, and then at most a bare prefix.

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
    """A query's text that no constructor of a compound beacon could write; the text says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of compound beacons: hashed by a standard beacon, or in the clear at a location."""

    name: str
    prefix: str
    source: CompiledStandardBeacon | Location

    @property
    def is_signed(self) -> bool:
        """Whether it stays in the clear."""
        return isinstance(self.source, Location)

    def plain_string(self, item: Item) -> str | None:
        """Give the part's own text without its prefix, or None where an item has none.

        Raises:
            EncryptError: the value's type has no text.
        """
        if isinstance(self.source, CompiledStandardBeacon):
            return self.source.plain_string(item)
        value = self.source.find(item)
        return None if value is None else string_of(value, f"The part {self.name!r}")

    def stored_string(self, text: str, keys: HmacKeys, partition: int) -> str:
        """Give the part as it is stored: its prefix, and its text or the text's hash.

        Raises:
            UnicodeEncodeError: it must be hashed and holds half of a surrogate pair.
        """
        if isinstance(self.source, Location):
            return self.prefix + text
        return self.prefix + self.source.hash_string(text, keys, partition)


@dataclass(frozen=True, slots=True)
class CompiledConstructor:
    """One way to put a compound beacon together: parts, and whether each is required."""

    parts: tuple[tuple[Part, bool], ...]

    @property
    def required(self) -> frozenset[str]:
        """The required parts, by prefix: within a compound beacon no two parts share one."""
        return frozenset(part.prefix for part, is_required in self.parts if is_required)

    def could_write(self, pieces: Sequence[Part]) -> bool:
        """Tell whether a run of this constructor's parts is `pieces`.

        Parts before the first piece may be left out whatever they are, parts between pieces only if they are
        not required.
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
        name: Its name in queries.
        split: The character between parts.
        parts: Signed ones first.
        constructors: In the order in which they are tried.
    """

    name: str
    split: str
    parts: tuple[Part, ...]
    constructors: tuple[CompiledConstructor, ...]

    @property
    def is_signed(self) -> bool:
        """Whether it has no encrypted part: then it is an attribute of its own, and signed."""
        return all(part.is_signed for part in self.parts)

    @property
    def attribute(self) -> str:
        """The attribute that holds it."""
        return self.name if self.is_signed else BEACON_PREFIX + self.name

    def plain_string(self, item: Item) -> str | None:
        """Give the beacon's text for an item with nothing hashed, or None where no constructor fits.

        Raises:
            EncryptError: a part has no text, or one that holds the split character.
        """
        found = self._find(item)
        return None if found is None else self.split.join([part.prefix + text for part, text in found])

    def beacon_string(self, item: Item, keys: HmacKeys, partition: int) -> str | None:
        """Give the beacon to store beside an item, or None where no constructor fits.

        Raises:
            EncryptError: a part has no text, or one that cannot be hashed or holds the split character.
        """
        found = self._find(item)
        if found is None:
            return None
        try:
            return self.split.join([part.stored_string(text, keys, partition) for part, text in found])
        except UnicodeEncodeError:
            raise EncryptError(
                f"The compound beacon {self.name!r} cannot be made: a part's text holds half of a surrogate "
                "pair"
            ) from None

    def hash_string(self, text: str, keys: HmacKeys, partition: int, *, for_equality: bool) -> str:
        """Give what stands for a query's text when it is compared with this beacon.

        Args:
            text: What the application wrote.
            keys: The standard beacons' keys; of a text with signed parts only, none is used.
            partition: Which partition is asked.
            for_equality: Whether it is asked for `=`, `<>` or IN.

        Raises:
            UnfitStringError: the text is none that this beacon could have.
        """
        pieces = text.split(self.split)
        parts = self.parts_of(text)
        try:
            written = [
                part.stored_string(piece[len(part.prefix) :], keys, partition)
                for part, piece in zip(parts, pieces, strict=True)
            ]
        except UnicodeEncodeError:
            raise UnfitStringError("the text holds half of a surrogate pair") from None
        if not for_equality and pieces[-1] == parts[-1].prefix:
            written[-1] = pieces[-1]
        return self.split.join(written)

    def parts_of(self, text: str) -> list[Part]:
        """Give the part that each piece of a query's text belongs to.

        Raises:
            UnfitStringError: a piece has the prefix of no part, or no constructor could write the parts so.
        """
        parts = [self._part_of(piece) for piece in text.split(self.split)]
        if not any(constructor.could_write(parts) for constructor in self.constructors):
            written = "".join(part.prefix for part in parts)
            ways = ", ".join(map(str, self.constructors))
            raise UnfitStringError(
                f"no constructor writes the parts {written} in that order; there are {ways}"
            )
        return parts

    def can_order(self, text: str) -> bool:
        """Tell whether `<` and its like can be asked of a text.

        Raises:
            UnfitStringError: a piece has the prefix of no part.
        """
        return self._is_orderable(text.split(self.split))

    def can_span(self, low: str, high: str) -> bool:
        """Tell whether BETWEEN can be asked of two texts: what follows their common pieces can be ordered.

        Raises:
            UnfitStringError: a piece has the prefix of no part.
        """
        lows, highs = low.split(self.split), high.split(self.split)
        common = 0
        while common < min(len(lows), len(highs)) and lows[common] == highs[common]:
            common += 1
        return self._is_orderable(lows[common:]) and self._is_orderable(highs[common:])

    def _is_orderable(self, pieces: Sequence[str]) -> bool:
        for at, piece in enumerate(pieces):
            part = self._part_of(piece)
            if not part.is_signed:
                return at == len(pieces) - 1 and piece == part.prefix
        return True

    def _part_of(self, piece: str) -> Part:
        for part in self.parts:
            if piece.startswith(part.prefix):
                return part
        prefixes = ", ".join(repr(part.prefix) for part in self.parts)
        raise UnfitStringError(f"a piece begins with none of the parts' prefixes {prefixes}")

    def _find(self, item: Item) -> list[tuple[Part, str]] | None:
        for constructor in self.constructors:
            found = self._try(constructor, item)
            if found is not None:
                return found
        return None

    def _try(self, constructor: CompiledConstructor, item: Item) -> list[tuple[Part, str]] | None:
        found: list[tuple[Part, str]] = []
        for part, is_required in constructor.parts:
            text = part.plain_string(item)
            if text is None:
                if is_required:
                    return None
                continue
            if self.split in text:
                raise EncryptError(
                    f"The value of the part {part.name!r} holds {self.split!r}, at which the compound beacon "
                    f"{self.name!r} is split",
                    hint="Choose a split character that no value holds",
                )
            found.append((part, text))
        return found
