"""Compound beacons to plan: which parts they have, and how constructors put them together.

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
        version: Holds the parts that all compound beacons share.
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
        own = (
            *self._signed_parts(definition.signed_parts, owner),
            *self._encrypted_parts(definition.encrypted_parts, owner),
        )
        self._check_own(own, owner)
        if not (own or definition.constructors):
            raise ConfigError(
                f"{owner} has neither constructors nor parts of its own, so nothing says how to make it",
                hint="Give it constructors; they may name parts that all beacons share",
            )
        parts = _signed_first((*own, *self._shared_parts_of(definition)))
        _check_prefixes(parts, owner)
        constructors = _constructors(definition, parts, owner)
        return CompiledCompoundBeacon(definition.name, definition.split, parts, constructors)

    def _signed_parts(self, definitions: Iterable[SignedPart], owner: str) -> list[Part]:
        parts: list[Part] = []
        for definition in definitions:
            what = f"The signed part {definition.name!r}"
            location = (
                Location(definition.name) if definition.loc is None else parse_location(definition.loc, what)
            )
            if not self._is_signed_only(location):
                raise ConfigError(
                    f"{owner} has the signed part {definition.name!r} over {str(location)!r}, which is not "
                    "signed in the clear",
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
                    f"{owner} has the encrypted part {definition.name!r}, which is no standard beacon",
                    hint=f"Add StandardBeacon({definition.name!r}, length=...)",
                )
            if beacon.as_set:
                raise ConfigError(f"{owner} has the part {definition.name!r}, which is a beacon over a set")
            parts.append(Part(definition.name, definition.prefix, beacon))
        _check_distinct(parts, owner)
        return parts

    def _check_own(self, own: Iterable[Part], owner: str) -> None:
        names = {part.name for part in self._shared}
        prefixes = {part.prefix for part in self._shared}
        for part in own:
            if part.name in names or part.prefix in prefixes:
                raise ConfigError(
                    f"{owner} has the part {part.name!r} with the prefix {part.prefix!r}, and so has a part "
                    "that all beacons share",
                    hint="Names and prefixes of a beacon's own parts must differ from those of shared ones",
                )

    def _shared_parts_of(self, definition: CompoundBeacon) -> Iterable[Part]:
        named = {part.name for constructor in definition.constructors for part in constructor.parts}
        order = [part.name for constructor in definition.constructors for part in constructor.parts]
        return sorted((p for p in self._shared if p.name in named), key=lambda part: order.index(part.name))


def _constructors(
    definition: CompoundBeacon, parts: Sequence[Part], owner: str
) -> tuple[CompiledConstructor, ...]:
    if not definition.constructors:
        return (CompiledConstructor(tuple((part, True) for part in parts)),)
    compiled: list[CompiledConstructor] = []
    for constructor in definition.constructors:
        one = _constructor(constructor, parts, owner)
        if not one.required:
            raise ConfigError(f"{owner} has a constructor without a required part: it would always be chosen")
        if any(one.required == other.required for other in compiled):
            raise ConfigError(
                f"{owner} has two constructors with the required parts {', '.join(sorted(one.required))}",
                hint="Only the first would ever be chosen: leave one out",
            )
        compiled.append(one)
    return tuple(compiled)


def _constructor(constructor: Constructor, parts: Sequence[Part], owner: str) -> CompiledConstructor:
    by_name = {part.name: part for part in reversed(parts)}
    for part in constructor.parts:
        if part.name not in by_name:
            raise ConfigError(
                f"{owner} has a constructor that names {part.name!r}, which is none of its parts",
                hint="Add an EncryptedPart or a SignedPart of that name",
            )
    return CompiledConstructor(tuple((by_name[part.name], part.required) for part in constructor.parts))


def _signed_first(parts: Sequence[Part]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: not part.is_signed))


def _check_distinct(parts: Iterable[Part], owner: str) -> None:
    for first, second in combinations(parts, 2):
        if first.name == second.name or first.prefix == second.prefix:
            raise ConfigError(
                f"{owner} has two parts of one name or prefix: {first.name!r} with {first.prefix!r} and "
                f"{second.name!r} with {second.prefix!r}"
            )


def _check_prefixes(parts: Iterable[Part], owner: str) -> None:
    for first, second in combinations(parts, 2):
        if first.prefix.startswith(second.prefix) or second.prefix.startswith(first.prefix):
            raise ConfigError(
                f"{owner} has the part {first.name!r} with the prefix {first.prefix!r} and the part "
                f"{second.name!r} with {second.prefix!r}: one begins the other",
                hint="A query's pieces are told apart by their prefixes; no prefix may begin another",
            )
