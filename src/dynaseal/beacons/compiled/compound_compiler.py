"""Compiles compound beacons: resolves their parts, and checks how constructors put them together.

Source: specification `beacons.md`, "Compound Beacon Initialization", "Default Construction" and
"Initialization Failure"; `search-config.md`, "Global Parts List".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import combinations

from dynaseal.beacons.compiled.compound import CompiledCompoundBeacon, CompiledConstructor, Part
from dynaseal.beacons.compiled.locations import Location, parse_location
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.beacons.definitions import BeaconVersion, CompoundBeacon, Constructor, EncryptedPart, SignedPart
from dynaseal.errors import ConfigError


class CompoundCompiler:
    """Compiles the compound beacons of one version.

    Args:
        version: The beacon version, with the parts that all compound beacons share.
        standard: The standard beacons that hash encrypted parts.
        is_signed_only: Whether a location is signed and in the clear.

    Raises:
        ConfigError: the shared parts contradict each other or the table.
    """

    def __init__(
        self,
        version: BeaconVersion,
        standard: Mapping[str, CompiledStandardBeacon],
        is_signed_only: Callable[[Location], bool],
    ) -> None:
        self._standard = standard
        self._is_signed_only = is_signed_only
        owner = "The beacon version"
        self._shared = (
            *self._signed_parts(version.signed_parts, owner),
            *self._encrypted_parts(version.encrypted_parts, owner),
        )
        _check_distinct(self._shared, owner)

    def compile(self, definition: CompoundBeacon) -> CompiledCompoundBeacon:
        """Check a compound beacon and resolve its parts.

        Raises:
            ConfigError: it contradicts itself or the table.
        """
        owner = f"The compound beacon {definition.name!r}"
        own_parts = (
            *self._signed_parts(definition.signed_parts, owner),
            *self._encrypted_parts(definition.encrypted_parts, owner),
        )
        self._check_own_parts(own_parts, owner)
        if not (own_parts or definition.constructors):
            raise ConfigError(
                f"{owner} has neither constructors nor parts of its own, so it cannot be made",
                hint="Add constructors; they may name parts that all compound beacons share",
            )
        parts = _signed_first((*own_parts, *self._shared_parts_of(definition)))
        _check_prefixes(parts, owner)
        constructors = _constructors(definition, parts, owner)
        return CompiledCompoundBeacon(definition.name, definition.split, parts, constructors)

    def _signed_parts(self, definitions: Iterable[SignedPart], owner: str) -> list[Part]:
        parts: list[Part] = []
        for definition in definitions:
            part_owner = f"The signed part {definition.name!r}"
            location = (
                Location(definition.name)
                if definition.loc is None
                else parse_location(definition.loc, part_owner)
            )
            if not self._is_signed_only(location):
                raise ConfigError(
                    f"{owner} has the signed part {definition.name!r} over {str(location)!r}, which is not "
                    "an attribute that is signed and in the clear",
                    hint=f"Give the attribute {location.name!r} the action SIGN_ONLY",
                )
            parts.append(Part(definition.name, definition.prefix, location))
        _check_distinct(parts, owner)
        return parts

    def _encrypted_parts(self, definitions: Iterable[EncryptedPart], owner: str) -> list[Part]:
        parts: list[Part] = []
        for definition in definitions:
            beacon = self._standard.get(definition.name)
            if beacon is None:
                raise ConfigError(
                    f"{owner} has the encrypted part {definition.name!r}, which is not a standard beacon",
                    hint=f"Add StandardBeacon({definition.name!r}, length=...)",
                )
            if beacon.as_set:
                raise ConfigError(
                    f"{owner} has the part {definition.name!r}, which is a beacon over a set and so has "
                    "several hashes",
                    hint="Use a beacon over a single value, or leave the part out",
                )
            parts.append(Part(definition.name, definition.prefix, beacon))
        _check_distinct(parts, owner)
        return parts

    def _check_own_parts(self, own_parts: Iterable[Part], owner: str) -> None:
        names = {part.name for part in self._shared}
        prefixes = {part.prefix for part in self._shared}
        for part in own_parts:
            if part.name in names or part.prefix in prefixes:
                raise ConfigError(
                    f"{owner} has the part {part.name!r} with the prefix {part.prefix!r}, and a part that "
                    "all compound beacons share has the same name or prefix",
                    hint="Choose a name and a prefix that no shared part has",
                )

    def _shared_parts_of(self, definition: CompoundBeacon) -> Iterable[Part]:
        """Return the shared parts that its constructors name, in the order in which they first do."""
        named = [part.name for constructor in definition.constructors for part in constructor.parts]
        return sorted((p for p in self._shared if p.name in named), key=lambda part: named.index(part.name))


def _constructors(
    definition: CompoundBeacon, parts: Sequence[Part], owner: str
) -> tuple[CompiledConstructor, ...]:
    if not definition.constructors:
        return (CompiledConstructor(tuple((part, True) for part in parts)),)
    compiled: list[CompiledConstructor] = []
    for constructor in definition.constructors:
        added = _constructor(constructor, parts, owner)
        if not added.required:
            raise ConfigError(
                f"{owner} has a constructor without a required part, which would always be chosen",
                hint="Write required=True for one of its parts",
            )
        if any(added.required == other.required for other in compiled):
            raise ConfigError(
                f"{owner} has two constructors that require the parts {', '.join(sorted(added.required))}",
                hint="Leave one of them out: only the first would ever be chosen",
            )
        compiled.append(added)
    return tuple(compiled)


def _constructor(constructor: Constructor, parts: Sequence[Part], owner: str) -> CompiledConstructor:
    # A signed part may have the name of an encrypted one; as in AWS's library, a constructor means the first.
    by_name = {part.name: part for part in reversed(parts)}
    for part in constructor.parts:
        if part.name not in by_name:
            raise ConfigError(
                f"{owner} has a constructor that names {part.name!r}, which is not one of its parts",
                hint="Add an EncryptedPart or a SignedPart of that name",
            )
    return CompiledConstructor(tuple((by_name[part.name], part.required) for part in constructor.parts))


def _signed_first(parts: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: not part.is_signed))


def _check_distinct(parts: Iterable[Part], owner: str) -> None:
    for first, second in combinations(parts, 2):
        if first.name == second.name or first.prefix == second.prefix:
            raise ConfigError(
                f"{owner} has two parts with the same name or prefix: {first.name!r} with {first.prefix!r} "
                f"and {second.name!r} with {second.prefix!r}",
                hint="Give each part a name and a prefix of its own",
            )


def _check_prefixes(parts: Iterable[Part], owner: str) -> None:
    for first, second in combinations(parts, 2):
        if first.prefix.startswith(second.prefix) or second.prefix.startswith(first.prefix):
            raise ConfigError(
                f"{owner} has the part {first.name!r} with the prefix {first.prefix!r} and the part "
                f"{second.name!r} with {second.prefix!r}: one prefix begins with the other",
                hint="Choose other prefixes: the pieces of a search's string are recognised by them",
            )
