"""The definitions of searchable encryption that a user writes: AWS's names in Python spelling.

- Each definition checks its own arguments. Whether they fit one another and the table's actions is checked
  when the table's configuration is made (`compiled/compiler.py`).
- Lists may be any sequence and are stored as tuples.
- Arguments may be passed by position, however many fields a class has: their order is public.

Source: specification `search-config.md`, `beacons.md`, `virtual.md`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dynaseal.attributes import Item
from dynaseal.beacons.compiled.virtual_fields import Transform, check_split
from dynaseal.beacons.key_sources import BeaconKeyStore, MultiKeySource, SingleKeySource
from dynaseal.core.arguments import (
    check_callables,
    check_instances,
    check_integers,
    check_methods,
    check_sequence,
    check_strings,
)
from dynaseal.errors import ConfigError

MIN_LENGTH = 1
MAX_LENGTH = 63
MAX_PARTITIONS = 254


PartitionSelector = Callable[[Item], int]
"""Chooses an item's partition from a copy of the item as the application wrote it, in wire form."""


@dataclass(frozen=True, slots=True)
class AsSet:
    """Style of a beacon over a set: one hash per member, stored as a set."""


@dataclass(frozen=True, slots=True)
class PartOnly:
    """Style of a beacon that is only used as a part of compound beacons, and not stored by itself."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Style of a beacon that hashes like another one, so that both can be compared with the same value.

    Args:
        other: The other beacon's name; its length must be the same.
    """

    other: str

    def __post_init__(self) -> None:
        check_strings("The style Shared", other=self.other)


@dataclass(frozen=True, slots=True)
class SharedSet:
    """Style of a beacon over a set whose members are hashed like another beacon's values.

    Args:
        other: The other beacon's name; its length must be the same.
    """

    other: str

    def __post_init__(self) -> None:
        check_strings("The style SharedSet", other=self.other)


Style = AsSet | PartOnly | Shared | SharedSet


@dataclass(frozen=True, slots=True)
class StandardBeacon:
    """A truncated HMAC of one encrypted value; finds items by equality.

    Args:
        name: Its name in expressions; it is stored as `aws_dbe_b_NAME`.
        length: Its length in bits, 1 to 63. Fewer bits hide more and find more false positives.
        loc: The value's location. By default, the name is the location.
        style: `AsSet()`, `PartOnly()`, `Shared(other)` or `SharedSet(other)`.
        number_of_partitions: How many partitions this beacon is over, if fewer than the table has.

    Raises:
        ConfigError: the length is out of range.
    """

    name: str
    length: int
    loc: str | None = None
    style: Style | None = None
    number_of_partitions: int | None = None

    def __post_init__(self) -> None:
        _check_name(self.name, "A standard beacon")
        owner = f"The standard beacon {self.name!r}"
        check_integers(owner, length=self.length)
        if self.number_of_partitions is not None:
            check_integers(owner, number_of_partitions=self.number_of_partitions)
        if self.loc is not None:
            check_strings(owner, loc=self.loc)
        if self.style is not None:
            check_instances(owner, (AsSet, PartOnly, Shared, SharedSet), style=self.style)
        if not MIN_LENGTH <= self.length <= MAX_LENGTH:
            raise ConfigError(
                f"The beacon {self.name!r} has a length of {self.length} bits; "
                f"it must be {MIN_LENGTH} to {MAX_LENGTH}"
            )


@dataclass(frozen=True, slots=True)
class EncryptedPart:
    """A part of compound beacons that is hashed.

    Args:
        name: The standard beacon that hashes it.
        prefix: What the part begins with, so that it is recognised in a search.
    """

    name: str
    prefix: str

    def __post_init__(self) -> None:
        _check_prefix(self.name, self.prefix)


@dataclass(frozen=True, slots=True)
class SignedPart:
    """A part of compound beacons that stays in the clear.

    Args:
        name: The part's name.
        prefix: What the part begins with, so that it is recognised in a search.
        loc: The location of its value, in a signed attribute that is not encrypted. By default, the
            attribute with the part's name.
    """

    name: str
    prefix: str
    loc: str | None = None

    def __post_init__(self) -> None:
        _check_prefix(self.name, self.prefix)
        if self.loc is not None:
            check_strings(f"The signed part {self.name!r}", loc=self.loc)


@dataclass(frozen=True, slots=True)
class ConstructorPart:
    """A part at its position in a compound beacon.

    Args:
        name: The part's name.
        required: Whether the constructor needs it. Another part is left out if an item does not have it.
    """

    name: str
    required: bool

    def __post_init__(self) -> None:
        check_strings("A constructor's part", name=self.name)
        check_instances("A constructor's part", bool, required=self.required)


@dataclass(frozen=True, slots=True)
class Constructor:
    """One way to put a compound beacon together.

    Args:
        parts: In order; at least one of them must be required.

    Raises:
        ConfigError: there is no part.
    """

    parts: Sequence[ConstructorPart]

    def __post_init__(self) -> None:
        _store_checked(self, "A constructor", parts=ConstructorPart)
        if not self.parts:
            raise ConfigError(
                "A constructor needs at least one part",
                hint="Write Constructor([ConstructorPart(name, required=True)])",
            )


@dataclass(frozen=True, slots=True)
class CompoundBeacon:
    """A string of several parts, hashed or in the clear, that can be compared by its beginning and in order.

    Without an encrypted part it is a signed beacon: stored under its own name and signed.

    Args:
        name: Its name in expressions. It is stored as `aws_dbe_b_NAME`, a signed beacon under its own name.
        split: The character between parts; no part's value may contain it.
        encrypted_parts: Encrypted parts of this beacon only, besides those that the table's beacons share.
        signed_parts: Signed parts of this beacon only.
        constructors: The first one whose required parts an item has makes its beacon. By default, there is
            one with the beacon's own parts, signed ones first, all required. An empty list is refused.

    Raises:
        ConfigError: `split` is not one character, or the list of constructors is empty.

    Example:
        An item of Ann in Bern can be found by `C-Bern|E-ann@example.com`, or by its beginning `C-Bern|`:

        >>> CompoundBeacon("place", "|", [EncryptedPart("email", "E-")], [SignedPart("city", "C-")]).name
        'place'
    """

    name: str
    split: str
    encrypted_parts: Sequence[EncryptedPart] = ()
    signed_parts: Sequence[SignedPart] = ()
    constructors: Sequence[Constructor] = ()

    def __post_init__(self) -> None:
        _check_name(self.name, "A compound beacon")
        owner = f"The compound beacon {self.name!r}"
        is_default = self.constructors == ()
        _store_checked(
            self, owner, encrypted_parts=EncryptedPart, signed_parts=SignedPart, constructors=Constructor
        )
        check_split(self.split, owner)
        if not self.constructors and not is_default:  # an empty list is a mistake
            raise ConfigError(
                f"The compound beacon {self.name!r} has an empty list of constructors",
                hint="Leave `constructors` out to use the beacon's own parts, or add a constructor",
            )


@dataclass(frozen=True, slots=True)
class VirtualPart:
    """One value's part of a virtual field.

    Args:
        loc: The value's location.
        transforms: The transforms of its string, in order.
    """

    loc: str
    transforms: Sequence[Transform] = ()

    def __post_init__(self) -> None:
        check_strings("A virtual part", loc=self.loc)
        _store_checked(self, "A virtual part", transforms=object)
        for position, transform in enumerate(self.transforms):
            argument: dict[str, Any] = {f"transforms[{position}]": transform}
            check_methods("A virtual part", ("apply",), "a transform", **argument)


@dataclass(frozen=True, slots=True)
class VirtualField:
    """A string made from an item's values. It is never stored, but beacons can be over it.

    Args:
        name: The name by which beacons refer to it.
        parts: Joined in order.

    Raises:
        ConfigError: there is no part.
    """

    name: str
    parts: Sequence[VirtualPart]

    def __post_init__(self) -> None:
        _check_name(self.name, "A virtual field")
        _store_checked(self, f"The virtual field {self.name!r}", parts=VirtualPart)
        if not self.parts:
            raise ConfigError(
                f"The virtual field {self.name!r} has no parts", hint="Write parts=[VirtualPart(location)]"
            )


@dataclass(frozen=True, slots=True)
class BeaconVersion:
    """A table's beacons, and the source of their key.

    Args:
        key_store: Where beacon keys are stored.
        key_source: `SingleKeySource` or `MultiKeySource`.
        standard_beacons: At least one, unless the beacon key is only needed for surrogate keys.
        compound_beacons: Beacons made of several parts.
        virtual_fields: Strings that beacons can be over.
        encrypted_parts: Encrypted parts that the constructors of every compound beacon may use.
        signed_parts: Signed parts that the constructors of every compound beacon may use.
        version: 1, the only version.
        maximum_number_of_partitions: How many partitions items are divided into, 1 to 254.
        default_number_of_partitions: How many partitions beacons without a `number_of_partitions` are over.
        partition_selector: Chooses an item's partition, given a copy of the item. By default, it is random.

    Raises:
        ConfigError: an argument contradicts the specification; the message says which.
    """

    key_store: BeaconKeyStore
    key_source: SingleKeySource | MultiKeySource
    standard_beacons: Sequence[StandardBeacon] = ()
    compound_beacons: Sequence[CompoundBeacon] = ()
    virtual_fields: Sequence[VirtualField] = ()
    encrypted_parts: Sequence[EncryptedPart] = ()
    signed_parts: Sequence[SignedPart] = ()
    version: int = 1
    maximum_number_of_partitions: int | None = None
    default_number_of_partitions: int | None = None
    partition_selector: PartitionSelector | None = None

    def __post_init__(self) -> None:
        self._check_types()
        if self.version != 1:
            raise ConfigError(f"A beacon version is {self.version}; the only supported version is 1")
        if not isinstance(self.key_source, SingleKeySource | MultiKeySource):  # pyright: ignore[reportUnnecessaryIsInstance] untyped callers
            raise ConfigError("A beacon version needs one key source: SingleKeySource or MultiKeySource")
        self._check_partitions()

    def _check_types(self) -> None:
        owner = "A BeaconVersion"
        check_methods(owner, ("get_beacon_key",), "a KeyStore", key_store=self.key_store)
        _store_checked(
            self,
            owner,
            standard_beacons=StandardBeacon,
            compound_beacons=CompoundBeacon,
            virtual_fields=VirtualField,
            encrypted_parts=EncryptedPart,
            signed_parts=SignedPart,
        )
        numbers = {
            "maximum_number_of_partitions": self.maximum_number_of_partitions,
            "default_number_of_partitions": self.default_number_of_partitions,
        }
        check_integers(owner, **{name: number for name, number in numbers.items() if number is not None})
        if self.partition_selector is not None:
            check_callables(owner, partition_selector=self.partition_selector)

    @property
    def partitions(self) -> int:
        """How many partitions items are divided into; 1 if none are configured."""
        return self.maximum_number_of_partitions or 1

    def partitions_of(self, beacon: StandardBeacon) -> int:
        """Return how many partitions a beacon is over."""
        return beacon.number_of_partitions or self.default_number_of_partitions or self.partitions

    def _check_partitions(self) -> None:
        maximum, default = self.maximum_number_of_partitions, self.default_number_of_partitions
        if maximum is not None and not 1 <= maximum <= MAX_PARTITIONS:
            raise ConfigError(
                f"maximum_number_of_partitions is {maximum}; it must be 1 to {MAX_PARTITIONS}",
                hint="AWS's libraries refuse 255, although the specification allows it",
            )
        fewer = [("default_number_of_partitions", default)]
        fewer += [
            (f"number_of_partitions of {b.name!r}", b.number_of_partitions) for b in self.standard_beacons
        ]
        for owner, number in fewer:
            if number is not None and not 1 <= number < self.partitions:
                raise ConfigError(
                    f"{owner} is {number}; it must be at least 1 and less than maximum_number_of_partitions, "
                    f"which is {self.partitions}",
                    hint="Leave it out to use all partitions",
                )


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """The searchable encryption of one table.

    Args:
        versions: Exactly one.
        write_version: 1, the version that is written.

    Raises:
        ConfigError: there is not exactly one version, or write_version is not 1.

    Example:
        >>> from dynaseal import KeyStore
        >>> store = KeyStore("keys", "keys", "arn:aws:kms:us-west-2:111122223333:key/1234abcd")
        >>> beacons = [StandardBeacon("email", 24), StandardBeacon("zip", 8, loc="address.zip")]
        >>> search = SearchConfig([BeaconVersion(store, SingleKeySource("people"), beacons)])
    """

    versions: Sequence[BeaconVersion]
    write_version: int = 1

    def __post_init__(self) -> None:
        _store_checked(self, "A SearchConfig", versions=BeaconVersion)
        if self.write_version != 1:
            raise ConfigError(f"write_version is {self.write_version}; the only supported version is 1")
        if len(self.versions) != 1:
            raise ConfigError(
                f"A search configuration must have exactly one version, not {len(self.versions)}",
                hint="Write SearchConfig([BeaconVersion(...)])",
            )

    @property
    def version(self) -> BeaconVersion:
        """The only version."""
        return self.versions[0]


def _store_checked(definition: object, owner: str, **kinds: type) -> None:
    """Replace lists of a definition by tuples, after checking of which class their members are."""
    for name, kind in kinds.items():
        object.__setattr__(definition, name, check_sequence(owner, kind, name, getattr(definition, name)))


def _check_name(name: str, owner: str) -> None:
    check_strings(owner, name=name)
    if not name:
        raise ConfigError(f"{owner} needs a name")


def _check_prefix(name: str, prefix: str) -> None:
    check_strings("A beacon's part", name=name, prefix=prefix)
    if not prefix:
        raise ConfigError(f"The part {name!r} has an empty prefix, by which no search could recognise it")
