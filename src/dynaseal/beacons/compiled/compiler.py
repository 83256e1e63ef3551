"""Compiles a search configuration: checks its beacons against one another and the table's actions.

- Attributes, virtual fields and beacons have different names. Only a beacon may have the name of an encrypted
  attribute.
- A standard beacon is over an encrypted value, a signed part over a value that is signed and in the clear,
  and a virtual field over signed or encrypted attributes. No two standard beacons are over the same location.
- No beacon may have the name of a surrogate key's source, because expressions use that name for the key. No
  beacon is made from a token.
- The parts of a compound beacon are its own and those shared parts that its constructors name. No part's
  prefix begins with another part's prefix.

Source: specification `search-config.md`, "Beacon Version Initialization"; `beacons.md`, "Initialization
Failure"; for what is silent there, what AWS's releases refuse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dynaseal.beacons.compiled.compound import CompiledCompoundBeacon
from dynaseal.beacons.compiled.compound_compiler import CompoundCompiler
from dynaseal.beacons.compiled.locations import Location, parse_location
from dynaseal.beacons.compiled.search import Beacon, CompiledSearch
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.beacons.compiled.virtual_fields import CompiledVirtualField
from dynaseal.beacons.definitions import (
    AsSet,
    BeaconVersion,
    PartOnly,
    SearchConfig,
    Shared,
    SharedSet,
    StandardBeacon,
    VirtualField,
)
from dynaseal.beacons.key_sources import MultiKeySource
from dynaseal.beacons.surrogates.keys import Surrogates
from dynaseal.core.actions import CryptoAction
from dynaseal.core.header import RESERVED_PREFIX
from dynaseal.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class TableActions:
    """What the compiler needs to know about the table.

    Attributes:
        named: The actions that the configuration names.
        keys: The names of the key attributes, whose actions may be implied.
        unsigned: The names of attributes that are listed as unsigned.
        unsigned_prefix: The prefix of unsigned attributes, if there is one.
        action_of: Returns the action of an attribute, or None if it has none.
    """

    named: Mapping[str, CryptoAction]
    keys: frozenset[str]
    unsigned: frozenset[str]
    unsigned_prefix: str | None
    action_of: Callable[[str], CryptoAction | None]

    def is_encrypted(self, name: str) -> bool:
        """Return whether an attribute is encrypted."""
        return self.action_of(name) is CryptoAction.ENCRYPT_AND_SIGN

    def is_in_signature(self, name: str) -> bool:
        """Return whether an attribute is in the signature, encrypted or not."""
        return self.action_of(name) not in (None, CryptoAction.DO_NOTHING)

    def check_name(
        self, name: str, owner: str, *, may_be_encrypted: bool = False, may_be_key: bool = False
    ) -> None:
        """Check that a beacon or virtual field may have a name.

        Raises:
            ConfigError: the name belongs to an attribute, or is reserved.
        """
        action = self.named.get(name)
        prefix = self.unsigned_prefix
        if action is not None and not (may_be_encrypted and action is CryptoAction.ENCRYPT_AND_SIGN):
            reason = f"belongs to an attribute with the action {action.name}"
        elif action is None and name in self.keys and not may_be_key:
            reason = "belongs to a key attribute of the table"
        elif name in self.unsigned:
            reason = "is listed as an unsigned attribute"
        elif prefix is not None and name.startswith(prefix):
            reason = f"begins with the prefix {prefix!r} of unsigned attributes"
        elif name.startswith(RESERVED_PREFIX):
            reason = f"begins with {RESERVED_PREFIX!r}, which is reserved"
        else:
            return
        raise ConfigError(f"{owner} cannot be named {name!r}: this name {reason}", hint="Choose another name")


def compile_search(search: SearchConfig, table: TableActions, surrogates: Surrogates) -> CompiledSearch:
    """Compile a search configuration.

    Raises:
        ConfigError: it contradicts itself or the table; the message says what to change.
    """
    version = search.version
    if not (version.standard_beacons or surrogates.keys):
        raise ConfigError("A beacon version needs at least one standard beacon")
    virtual = _virtual_fields(version, table)
    standard = _standard_beacons(version, table, virtual)
    _check_sharing(standard)
    compound = _compound_beacons(version, table, standard)
    _check_part_only(standard, compound)
    drops_key_field = _check_key_field(version, table, {*virtual, *standard, *compound})
    _check_surrogates(version, surrogates, virtual, {**standard, **compound})
    beacons: list[Beacon] = [
        *(beacon for beacon in standard.values() if not beacon.is_part_only),
        *(beacon for beacon in compound.values() if not beacon.has_only_signed_parts),
    ]
    return CompiledSearch(
        standard_beacons=standard,
        compound_beacons=compound,
        virtual_fields=virtual,
        key_store=version.key_store,
        key_source=version.key_source,
        drops_key_field=drops_key_field,
        partitions=version.partitions,
        partition_selector=version.partition_selector,
        signed_beacons=tuple(beacon for beacon in compound.values() if beacon.has_only_signed_parts),
        stored_beacons=tuple(beacons),
        is_encrypted=table.is_encrypted,
        surrogates=surrogates,
    )


def _virtual_fields(version: BeaconVersion, table: TableActions) -> dict[str, CompiledVirtualField]:
    compiled: dict[str, CompiledVirtualField] = {}
    for definition in version.virtual_fields:
        owner = f"The virtual field {definition.name!r}"
        if definition.name in compiled:
            raise ConfigError(f"Two virtual fields are named {definition.name!r}")
        table.check_name(definition.name, "A virtual field")
        virtual = _virtual_field(definition, owner)
        for location in virtual.locations:
            if not table.is_in_signature(location.name):
                raise ConfigError(
                    f"{owner} uses {str(location)!r}, which is not signed",
                    hint=f"Give the attribute {location.name!r} an action that signs or encrypts it",
                )
        for other in compiled.values():
            if other.locations == virtual.locations:
                raise ConfigError(
                    f"{owner} has the same locations as the virtual field {other.name!r}",
                    hint="Keep one of them",
                )
        compiled[definition.name] = virtual
    return compiled


def _virtual_field(definition: VirtualField, owner: str) -> CompiledVirtualField:
    parts = tuple((parse_location(part.loc, owner), tuple(part.transforms)) for part in definition.parts)
    return CompiledVirtualField(definition.name, parts)


def _standard_beacons(
    version: BeaconVersion, table: TableActions, virtual: Mapping[str, CompiledVirtualField]
) -> dict[str, CompiledStandardBeacon]:
    compiled: dict[str, CompiledStandardBeacon] = {}
    for definition in version.standard_beacons:
        owner = f"The standard beacon {definition.name!r}"
        if definition.name in compiled:
            raise ConfigError(f"Two standard beacons are named {definition.name!r}")
        table.check_name(definition.name, "A standard beacon", may_be_encrypted=True)
        location = parse_location(definition.name if definition.loc is None else definition.loc, owner)
        field = None if location.steps else virtual.get(location.name)
        sources = frozenset((location,)) if field is None else field.locations
        if not any(table.is_encrypted(source.name) for source in sources):
            raise ConfigError(
                f"{owner} is over {str(location)!r}, which is not encrypted",
                hint="An attribute in the clear needs no beacon: compare it directly, or encrypt it",
            )
        _check_location(location, owner, compiled, virtual)
        compiled[definition.name] = _standard_beacon(definition, version, location, field)
    return compiled


def _standard_beacon(
    definition: StandardBeacon,
    version: BeaconVersion,
    location: Location,
    field: CompiledVirtualField | None,
) -> CompiledStandardBeacon:
    style = definition.style
    if isinstance(style, Shared | SharedSet) and style.other == definition.name:
        raise ConfigError(
            f"The beacon {definition.name!r} is shared with itself",
            hint="Name another beacon, or leave out its style (for a set, write AsSet())",
        )
    return CompiledStandardBeacon(
        name=definition.name,
        location=location,
        virtual_field=field,
        key_name=style.other if isinstance(style, Shared | SharedSet) else definition.name,
        length=definition.length,
        as_set=isinstance(style, AsSet | SharedSet),
        is_part_only=isinstance(style, PartOnly),
        partitions=version.partitions_of(definition),
    )


def _check_location(
    location: Location,
    owner: str,
    beacons: Mapping[str, CompiledStandardBeacon],
    virtual: Mapping[str, CompiledVirtualField],
) -> None:
    others = [f"the beacon {beacon.name!r}" for beacon in beacons.values() if beacon.location == location]
    others += [
        f"the virtual field {v.name!r}" for v in virtual.values() if v.locations == frozenset((location,))
    ]
    if others:
        raise ConfigError(
            f"{owner} is over {str(location)!r}, and so is {others[0]}", hint="Keep one of them"
        )


def _check_sharing(beacons: Mapping[str, CompiledStandardBeacon]) -> None:
    for beacon in beacons.values():
        if beacon.key_name == beacon.name:
            continue
        owner = f"The beacon {beacon.name!r} is shared with {beacon.key_name!r}"
        other = beacons.get(beacon.key_name)
        if other is None:
            raise ConfigError(f"{owner}, which is not a standard beacon")
        if other.key_name != other.name:
            raise ConfigError(
                f"{owner}, which is itself shared with {other.key_name!r}",
                hint=f"Share both with {other.key_name!r}",
            )
        if other.length != beacon.length:
            raise ConfigError(
                f"{owner}, but their lengths are {beacon.length} and {other.length} bits",
                hint="Give both the same length",
            )


def _compound_beacons(
    version: BeaconVersion, table: TableActions, standard: Mapping[str, CompiledStandardBeacon]
) -> dict[str, CompiledCompoundBeacon]:
    compiler = CompoundCompiler(version, standard, _is_signed_only(table))
    compiled: dict[str, CompiledCompoundBeacon] = {}
    for definition in version.compound_beacons:
        if definition.name in compiled or definition.name in standard:
            raise ConfigError(f"Two beacons are named {definition.name!r}")
        beacon = compiler.compile(definition)
        if beacon.has_only_signed_parts:
            table.check_name(definition.name, "A signed beacon", may_be_key=True)
        else:
            table.check_name(definition.name, "A compound beacon", may_be_encrypted=True)
        compiled[definition.name] = beacon
    return compiled


def _is_signed_only(table: TableActions) -> Callable[[Location], bool]:
    def check(location: Location) -> bool:
        return table.is_in_signature(location.name) and not table.is_encrypted(location.name)

    return check


def _check_part_only(
    standard: Mapping[str, CompiledStandardBeacon], compound: Mapping[str, CompiledCompoundBeacon]
) -> None:
    used = {part.name for beacon in compound.values() for part in beacon.parts}
    for beacon in standard.values():
        if beacon.is_part_only and beacon.name not in used:
            raise ConfigError(
                f"The beacon {beacon.name!r} has the style PartOnly, but no compound beacon has it as a part",
                hint="Use it as a part, or leave out its style",
            )


def _check_key_field(version: BeaconVersion, table: TableActions, taken: set[str]) -> bool:
    """Check the key field, if there is one, and return whether it is dropped when an item is written."""
    source = version.key_source
    if not isinstance(source, MultiKeySource):
        return False
    name = source.key_field_name
    if name in taken:
        raise ConfigError(
            f"The key field {name!r} has the name of a beacon or virtual field", hint="Rename one of them"
        )
    if table.is_encrypted(name):
        raise ConfigError(
            f"The key field {name!r} is encrypted, so that no search could compare it",
            hint="Use the action SIGN_ONLY to store it, or DO_NOTHING to drop it",
        )
    return not table.is_in_signature(name)


def _check_surrogates(
    version: BeaconVersion,
    surrogates: Surrogates,
    virtual: Mapping[str, CompiledVirtualField],
    beacons: Mapping[str, Beacon],
) -> None:
    if surrogates.keys and isinstance(version.key_source, MultiKeySource):
        raise ConfigError(
            "Surrogate keys need a SingleKeySource: an item is requested by its key before its tenant is "
            "known"
        )
    for name in {*virtual, *beacons}:
        if name in surrogates.by_source or name in surrogates.names:
            raise ConfigError(
                f"{name!r} belongs to a surrogate key and cannot be the name of a beacon or virtual field",
                hint=f"Choose another name, and set loc={name!r}",
            )
    compounds = [beacon for beacon in beacons.values() if isinstance(beacon, CompiledCompoundBeacon)]
    sources = [part.source for beacon in compounds for part in beacon.parts]
    used = {source.name for source in sources if isinstance(source, Location)}
    used |= {location.name for field in virtual.values() for location in field.locations}
    for name in sorted(used & surrogates.names):
        raise ConfigError(
            f"A beacon or virtual field uses the surrogate key {name!r}, which holds a token",
            hint="Use the surrogate key's source instead",
        )
