"""A standard beacon, ready for use: the hash of one value, of an item or of a query.

- A value is hashed by its bytes, a virtual field by its text.
- A set beacon hashes each member; members that fall together are stored once.
- As a part of a compound beacon a value is hashed by its text, numbers as they were written.

Source: specification `beacons.md`, "Value for a Standard Beacon".
"""

from dataclasses import dataclass
from typing import Any

from dynaseal.attributes import AttributeValue, Item
from dynaseal.beacons.compiled.hashes import BEACON_PREFIX, HmacKeys, beacon_hash
from dynaseal.beacons.compiled.locations import Location
from dynaseal.beacons.compiled.virtual_fields import CompiledVirtualField, text_of
from dynaseal.core.values.types import MalformedValueError
from dynaseal.core.values.writing import serialize
from dynaseal.errors import EncryptError

_MEMBER_TYPES = {"SS": "S", "NS": "N", "BS": "B"}
_MEMBERS = frozenset(_MEMBER_TYPES.values())


class NotASetError(ValueError):
    """A value that a set beacon cannot hash; the text says which type it has."""


@dataclass(frozen=True, slots=True)
class CompiledStandardBeacon:
    """A standard beacon whose location is parsed and whose style is resolved.

    Attributes:
        name: Its name in queries.
        location: Where its value is.
        virtual_field: The virtual field that the location names, if it names one.
        key_name: The beacon by whose key it hashes: itself, or the one it is shared with.
        length: How many bits are kept.
        as_set: Whether it hashes the members of a set.
        is_part_only: Whether it is not stored by itself.
        partitions: How many partitions it tells apart.
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
        """The attribute that holds it."""
        return BEACON_PREFIX + self.name

    def value(self, item: Item) -> AttributeValue | None:
        """Give the value that is hashed, in the clear, or None where an item has none."""
        if self.virtual_field is None:
            return self.location.find(item)
        text = self.virtual_field.text(item)
        return None if text is None else {"S": text}

    def text(self, item: Item) -> str | None:
        """Give the text that this beacon is as a part, or None where an item has none.

        Raises:
            EncryptError: the value's type has no text.
        """
        value = self.value(item)
        return None if value is None else text_of(value, f"The part {self.name!r}")

    def of_item(self, item: Item, keys: HmacKeys, partition: int) -> dict[str, Any] | None:
        """Give the attribute value to store beside an item, or None where the item has nothing to hash.

        Raises:
            EncryptError: the value is not a set where one is needed, or holds what the format cannot.
        """
        value = self.value(item)
        if value is None:
            return None
        try:
            return (
                self._of_set(value, keys, partition)
                if self.as_set
                else self._of_value(value, keys, partition)
            )
        except NotASetError as error:
            raise EncryptError(
                f"The beacon {self.name!r} is over a set, and the item has {error} there",
                hint="Write a set of the type SS, NS or BS, or leave the attribute out",
            ) from None
        except MalformedValueError as error:
            raise EncryptError(f"The beacon {self.name!r} cannot be made: its value holds {error}") from None

    def of_operand(
        self, value: AttributeValue, keys: HmacKeys, partition: int, *, within_contains: bool
    ) -> dict[str, Any]:
        """Give what stands for a query's value when it is compared with this beacon.

        Raises:
            NotASetError: a set beacon is compared, with neither a set nor a possible member of one.
            MalformedValueError: DynamoDB or the format cannot hold the value.
        """
        kind = next(iter(value), "")
        if (self.as_set and kind not in _MEMBERS) or (within_contains and kind in _MEMBER_TYPES):
            return self._of_set(value, keys, partition)
        return self._of_value(value, keys, partition)

    def of_text(self, text: str, keys: HmacKeys, partition: int) -> str:
        """Hash a part's text.

        Raises:
            UnicodeEncodeError: it holds half of a surrogate pair.
        """
        return self._hash(text.encode(), keys, partition)

    def _of_value(self, value: AttributeValue, keys: HmacKeys, partition: int) -> dict[str, Any]:
        return {"S": self._hash(serialize(value)[1], keys, partition)}

    def _of_set(self, value: AttributeValue, keys: HmacKeys, partition: int) -> dict[str, Any]:
        ((kind, members),) = value.items()
        member_type = _MEMBER_TYPES.get(kind)
        if member_type is None:
            raise NotASetError(f"a value of the type {kind}")
        hashes = [self._hash(serialize({member_type: m})[1], keys, partition) for m in members]
        return {"SS": list(dict.fromkeys(hashes))}

    def _hash(self, data: bytes, keys: HmacKeys, partition: int) -> str:
        own_partition = partition % self.partitions
        if own_partition:
            data += bytes((own_partition,))
        return beacon_hash(keys[self.key_name], data, self.length)
