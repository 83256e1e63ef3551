"""The markers that a model's fields carry: an attribute action, a key, a beacon, a surrogate key."""

from collections.abc import Mapping
from dataclasses import dataclass

from dynaseal.beacons.definitions import Style
from dynaseal.core.actions import CryptoAction


@dataclass(frozen=True, slots=True)
class Encrypted:
    """The attribute is encrypted and signed."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The attribute is signed and stays in the clear."""


@dataclass(frozen=True, slots=True)
class Unsigned:
    """The attribute is neither encrypted nor signed: anyone who can write to the table can change it."""


@dataclass(frozen=True, slots=True)
class InContext:
    """The attribute is signed, and put into the encryption context, which KMS policies can refer to."""


@dataclass(frozen=True, slots=True)
class PartitionKey:
    """The attribute is the table's partition key. It needs no other marker."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """The attribute is the table's sort key. It needs no other marker."""


@dataclass(frozen=True, slots=True)
class Beacon:
    """The encrypted attribute has a standard beacon, by which items are found.

    Args:
        length: The beacon's length in bits, 1 to 63.
        name: The beacon's name in expressions. By default, it is the attribute's name.
        style: `AsSet()`, `PartOnly()`, `Shared(other)` or `SharedSet(other)`.
        number_of_partitions: How many partitions this beacon is over, if fewer than the table has.
    """

    length: int
    name: str | None = None
    style: Style | None = None
    number_of_partitions: int | None = None


@dataclass(frozen=True, slots=True)
class Surrogate:
    """A key attribute holds a token of this encrypted attribute, whose real value stays out of the key.

    Args:
        name: The name of the key attribute.
    """

    name: str


ActionMarker = Encrypted | Signed | Unsigned | InContext
Marker = ActionMarker | PartitionKey | SortKey | Beacon | Surrogate

MARKERS = (Encrypted, Signed, Unsigned, InContext, PartitionKey, SortKey, Beacon, Surrogate)
ACTIONS: Mapping[type[Marker], CryptoAction] = {
    Encrypted: CryptoAction.ENCRYPT_AND_SIGN,
    Signed: CryptoAction.SIGN_ONLY,
    Unsigned: CryptoAction.DO_NOTHING,
    InContext: CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT,
}
