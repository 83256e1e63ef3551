"""What can be searched, as the user declares it: frozen definitions with AWS's names in Python spelling.

- Each definition checks what it can see of itself; whether they fit one another and the table's actions is
  checked when the table's configuration is built (`compile.py`).
- Lists may be given as any sequence and are kept as tuples.

Source: specification `search-config.md`, `beacons.md`, `virtual.md`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dynaseal.attributes import Item
from dynaseal.beacons.compiled.virtual_fields import Transform, check_split
from dynaseal.beacons.key_sources import BeaconKeyStore, MultiKeySource, SingleKeySource
from dynaseal.errors import ConfigError

MIN_LENGTH = 1
MAX_LENGTH = 63
MAX_PARTITIONS = 254


PartitionSelector = Callable[[Item], int]
"""Chooses an item's partition from the item as the application wrote it, in wire form."""


@dataclass(frozen=True, slots=True)
class AsSet:
    """Style of a beacon over a set: one hash for each member, stored as a set."""


@dataclass(frozen=True, slots=True)
class PartOnly:
    """Style of a beacon that is only a part of compound beacons, and not stored by itself."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Style of a beacon that hashes as another one does, so that both can be compared with one value.

    Args:
        other: The other beacon's name; its length must be the same.
    """

    other: str


@dataclass(frozen=True, slots=True)
class SharedSet:
    """Style of a beacon over a set whose members are hashed as another beacon's values are.

    Args:
        other: The other beacon's name; its length must be the same.
    """

    other: str


Style = AsSet | PartOnly | Shared | SharedSet


@dataclass(frozen=True, slots=True)
class StandardBeacon:
    """A truncated HMAC of one encrypted value; finds by equality.

    Args:
        name: The name in queries; stored as `aws_dbe_b_NAME`.
        length: How many bits are kept, 1 to 63. Fewer bits hide more and find more false positives.
        loc: The value's location; left out, the name is the location.
        style: `AsSet()`, `PartOnly()`, `Shared(other)` or `SharedSet(other)`.
        number_of_partitions: Fewer partitions than the table has, for this beacon.

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
        prefix: What the part begins with, so that it is recognised in a query.
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
        prefix: What the part begins with, so that it is recognised in a query.
        loc: The location of its value, in a signed attribute that is not encrypted; left out, the attribute
            of that name.
    """

    name: str
    prefix: str
    loc: str | None = None

    def __post_init__(self) -> None:
        _check_prefix(self.name, self.prefix)


@dataclass(frozen=True, slots=True)
class ConstructorPart:
    """A part in its place within a compound beacon.

    Args:
        name: The part's name.
        required: Whether the constructor needs it; one that is not required is left out where it is absent.
    """

    name: str
    required: bool


@dataclass(frozen=True, slots=True)
class Constructor:
    """One way to put a compound beacon together.

    Args:
        parts: In order; at least one of them required.

    Raises:
        ConfigError: there is no part.
    """

    parts: Sequence[ConstructorPart]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ConfigError("A constructor needs at least one part")
        object.__setattr__(self, "parts", tuple(self.parts))


@dataclass(frozen=True, slots=True)
class CompoundBeacon:
    """Parts joined to one text, hashed or in the clear; can be compared by its beginning and in order.

    Without an encrypted part it is a signed beacon: stored under its own name and signed.

    Args:
        name: The name in queries; stored as `aws_dbe_b_NAME`, or as it is for a signed beacon.
        split: The character between parts; no part's value may hold it.
        encrypted_parts: Parts of this beacon alone, beside those that the table's beacons share.
        signed_parts: Likewise.
        constructors: The first one whose required parts an item has makes its beacon. Left out, there is one
            of the beacon's own parts, signed ones first, all required; an empty list is refused.

    Raises:
        ConfigError: `split` is not one character, or the list of constructors is empty.
    """

    name: str
    split: str
    encrypted_parts: Sequence[EncryptedPart] = ()
    signed_parts: Sequence[SignedPart] = ()
    constructors: Sequence[Constructor] = ()

    def __post_init__(self) -> None:
        _check_name(self.name, "A compound beacon")
        check_split(self.split, f"The compound beacon {self.name!r}")
        if not self.constructors and self.constructors != ():  # `()` is the default, an empty list a mistake
            raise ConfigError(
                f"The compound beacon {self.name!r} has an empty list of constructors",
                hint="Leave constructors out to have one made of the beacon's own parts",
            )
        _keep_as_tuples(self, "encrypted_parts", "signed_parts", "constructors")


@dataclass(frozen=True, slots=True)
class VirtualPart:
    """One value's share of a virtual field.

    Args:
        loc: The value's location.
        transforms: What is done to its text, in order.
    """

    loc: str
    transforms: Sequence[Transform] = ()

    def __post_init__(self) -> None:
        _keep_as_tuples(self, "transforms")


@dataclass(frozen=True, slots=True)
class VirtualField:
    """A text made of an item's values; never stored, but beacons can be over it.

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
        if not self.parts:
            raise ConfigError(f"The virtual field {self.name!r} has no parts")
        _keep_as_tuples(self, "parts")


@dataclass(frozen=True, slots=True)
class BeaconVersion:
    """A table's beacons and where their key comes from.

    Args:
        key_store: Where beacon keys are kept.
        key_source: `SingleKeySource` or `MultiKeySource`.
        standard_beacons: At least one, but for a table whose surrogate keys alone need the beacon key.
        compound_beacons: Made of parts.
        virtual_fields: Texts that beacons can be over.
        encrypted_parts: Parts that constructors of every compound beacon may use.
        signed_parts: Likewise.
        version: 1, the only one there is.
        maximum_number_of_partitions: Into how many partitions items are divided, 1 to 254.
        default_number_of_partitions: How many of them a beacon uses that says nothing.
        partition_selector: Chooses an item's partition; left out, at random.

    Raises:
        ConfigError: a part contradicts the specification; the text says which.
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
        if self.version != 1:
            raise ConfigError(f"There is no beacon version {self.version}; the only one is 1")
        if not isinstance(self.key_source, SingleKeySource | MultiKeySource):  # pyright: ignore[reportUnnecessaryIsInstance] untyped callers
            raise ConfigError("A beacon version needs one key source: SingleKeySource or MultiKeySource")
        self._check_partitions()
        _keep_as_tuples(
            self,
            "standard_beacons",
            "compound_beacons",
            "virtual_fields",
            "encrypted_parts",
            "signed_parts",
        )

    @property
    def partitions(self) -> int:
        """Into how many partitions items are divided; 1 where none are configured."""
        return self.maximum_number_of_partitions or 1

    def partitions_of(self, beacon: StandardBeacon) -> int:
        """Tell how many partitions a beacon uses."""
        return beacon.number_of_partitions or self.default_number_of_partitions or self.partitions

    def _check_partitions(self) -> None:
        maximum, default = self.maximum_number_of_partitions, self.default_number_of_partitions
        if maximum is not None and not 1 <= maximum <= MAX_PARTITIONS:
            raise ConfigError(
                f"maximum_number_of_partitions is {maximum}; it must be 1 to {MAX_PARTITIONS}",
                hint="AWS's libraries refuse 255, whatever the specification says",
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
                    hint="Leave it out where it would be the maximum",
                )


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """The searchable encryption of one table.

    Args:
        versions: Exactly one.
        write_version: 1, the version that is written.

    Raises:
        ConfigError: there is another number of versions, or another version is to be written.
    """

    versions: Sequence[BeaconVersion]
    write_version: int = 1

    def __post_init__(self) -> None:
        if self.write_version != 1:
            raise ConfigError(f"There is no beacon version {self.write_version} to write; the only one is 1")
        if len(self.versions) != 1:
            raise ConfigError(f"A search configuration has exactly one version, not {len(self.versions)}")
        _keep_as_tuples(self, "versions")

    @property
    def version(self) -> BeaconVersion:
        """The one version."""
        return self.versions[0]


def _keep_as_tuples(definition: object, *names: str) -> None:
    for name in names:
        object.__setattr__(definition, name, tuple(getattr(definition, name)))


def _check_name(name: str, owner: str) -> None:
    if not name:
        raise ConfigError(f"{owner} needs a name")


def _check_prefix(name: str, prefix: str) -> None:
    if not prefix:
        raise ConfigError(f"The part {name!r} has an empty prefix, by which no query could recognise it")
