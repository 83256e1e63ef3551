"""A standard beacon, ready for use: the hash of one value, of an item or of a search.

- A value is hashed by its bytes, a virtual field by its string.
- A set beacon hashes each member; members with the same hash are stored once.
- As a part of a compound beacon a value is hashed by its string, and a number as it was written.

Source: specification `beacons.md`, "Value for a Standard Beacon".
"""

from dataclasses import dataclass
from typing import Any

from dynaseal.attributes import AttributeValue, Item
from dynaseal.beacons.compiled.hashes import BEACON_PREFIX, HmacKeys, beacon_hash
from dynaseal.beacons.compiled.locations import Location
from dynaseal.beacons.compiled.virtual_fields import CompiledVirtualField, string_of
from dynaseal.core.values.types import MalformedValueError
from dynaseal.core.values.writing import serialize
from dynaseal.errors import EncryptError

_MEMBER_TYPES = {"SS": "S", "NS": "N", "BS": "B"}
_MEMBERS = frozenset(_MEMBER_TYPES.values())


class NotASetError(ValueError):
    """A value that a set beacon cannot hash; the message says which type it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledStandardBeacon:
    """A standard beacon whose location is parsed and whose style is resolved.

    Attributes:
        name: Its name in queries.
        location: Where its value is.
        virtual_field: The virtual field that the location names, if it names one.
        key_name: The beacon whose key it hashes with: its own name, or that of the beacon it is shared with.
        length: How many bits are kept.
        as_set: Whether it hashes the members of a set.
        is_part_only: Whether it is not stored by itself.
        partitions: How many partitions it has different hashes for.
    """

    name: str
    location: Location
    virtual_field: CompiledVirtualField | None
    key_name: str
    length: int
    as_set: bool
    is_part_only: bool
    partitions: int

    @property
    def attribute(self) -> str:
        """The name of the attribute that stores it."""
        return BEACON_PREFIX + self.name

    def is_over_attribute(self, name: str) -> bool:
        """Return whether what it hashes is exactly the attribute of a name."""
        return self.virtual_field is None and self.location == Location(name)

    def plain_value(self, item: Item) -> AttributeValue | None:
        """Return the value that is hashed, in the clear, or None if the item has none."""
        if self.virtual_field is None:
            return self.location.find(item)
        string = self.virtual_field.string(item)
        return None if string is None else {"S": string}

    def plain_string(self, item: Item) -> str | None:
        """Return the string that this beacon hashes as a part, or None if the item has none.

        Raises:
            EncryptError: the value's type has no string.
        """
        value = self.plain_value(item)
        return None if value is None else string_of(value, f"The part {self.name!r}")

    def beacon_value(self, item: Item, keys: HmacKeys, partition: int) -> dict[str, Any] | None:
        """Return the attribute value to store beside an item, or None if the item has nothing to hash.

        Raises:
            EncryptError: the value is not a set where a set is needed, or the format cannot hold it.
        """
        value = self.plain_value(item)
        if value is None:
            return None
        try:
            return (
                self._hash_set(value, keys, partition)
                if self.as_set
                else self._hash_value(value, keys, partition)
            )
        except NotASetError as error:
            raise EncryptError(
                f"The beacon {self.name!r} is over a set, and the item has {error} there",
                hint="Write a set of the type SS, NS or BS, or leave the attribute out",
            ) from None
        except MalformedValueError as error:
            raise EncryptError(f"The beacon {self.name!r} cannot be made: its value holds {error}") from None

    def hash_operand(
        self, value: AttributeValue, keys: HmacKeys, partition: int, *, within_contains: bool
    ) -> dict[str, Any]:
        """Return what is sent in place of a search's value that is compared with this beacon.

        Raises:
            NotASetError: this is a set beacon, and the value is neither a set nor a possible member of one.
            MalformedValueError: DynamoDB or the format cannot hold the value.
        """
        type_name = next(iter(value), "")
        if (self.as_set and type_name not in _MEMBERS) or (within_contains and type_name in _MEMBER_TYPES):
            return self._hash_set(value, keys, partition)
        return self._hash_value(value, keys, partition)

    def hash_string(self, string: str, keys: HmacKeys, partition: int) -> str:
        """Hash the string of a part.

        Raises:
            UnicodeEncodeError: it has a lone surrogate.
        """
        return self._hash(string.encode(), keys, partition)

    def _hash_value(self, value: AttributeValue, keys: HmacKeys, partition: int) -> dict[str, Any]:
        data = serialize(value)[1]
        return {"S": beacon_hash(keys[self.key_name], data, self.length, partition % self.partitions)}

    def _hash_set(self, value: AttributeValue, keys: HmacKeys, partition: int) -> dict[str, Any]:
        ((type_name, members),) = value.items()
        member_type = _MEMBER_TYPES.get(type_name)
        if member_type is None:
            raise NotASetError(f"a value of the type {type_name}")
        hashes = [self._hash(serialize({member_type: m})[1], keys, partition) for m in members]
        return {"SS": list(dict.fromkeys(hashes))}

    def _hash(self, data: bytes, keys: HmacKeys, partition: int) -> str:
        return beacon_hash(keys[self.key_name], data, self.length, partition % self.partitions)
