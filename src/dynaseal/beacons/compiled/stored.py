"""The attributes that beacons add to an item that is written.

- Signed beacons are attributes of the application's own kind: added before encryption, signed, read back.
- The others are stored beside the encrypted item, outside its signature, and never read back. They are made
  from the item as the application wrote it.
- The version tag that the specification wants in every item is not stored: AWS's releases do not store it.

Source: specification `ddb-support.md`, "AddSignedBeacons", "GetEncryptedBeacons" and
"HandleBeaconKeyFieldName".
"""

from collections.abc import Callable
from secrets import randbelow
from typing import Any

from dynaseal.attributes import Item
from dynaseal.beacons.compiled.hashes import HmacKeys
from dynaseal.beacons.compiled.search import CompiledSearch
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.errors import EncryptError


def with_signed_beacons(compiled: CompiledSearch, item: Item) -> dict[str, Any]:
    """Give an item with its signed beacons, and without a key field that is not stored.

    Raises:
        EncryptError: the item has a signed beacon that its parts contradict, or a part has no text.
    """
    prepared: dict[str, Any] = dict(item)
    if compiled.drops_key_field and compiled.key_field is not None:
        prepared.pop(compiled.key_field, None)
    for beacon in compiled.signed:
        text = beacon.plain_string(item)
        if text is None:
            continue
        given = item.get(beacon.name)
        if given is not None and given != {"S": text}:
            raise EncryptError(
                f"The item has the signed beacon {beacon.name!r} with another value than its parts make",
                hint="Leave it out: it is made when the item is written",
            )
        prepared[beacon.name] = {"S": text}
    return prepared


def stored_beacons(compiled: CompiledSearch, item: Item, keys: HmacKeys, partition: int) -> dict[str, Any]:
    """Give the attributes to store beside an encrypted item.

    Args:
        compiled: The table's beacons.
        item: The item as the application wrote it.
        keys: The keys of the table's standard beacons.
        partition: The item's partition.

    Raises:
        EncryptError: a beacon cannot be made of the item's values.
    """
    attributes: dict[str, Any] = {}
    for beacon in compiled.stored:
        if isinstance(beacon, CompiledStandardBeacon):
            value = beacon.beacon_value(item, keys, partition)
            if value is not None:
                attributes[beacon.attribute] = value
        else:
            text = beacon.beacon_string(item, keys, partition)
            if text is not None:
                attributes[beacon.attribute] = {"S": text}
    return attributes


def partition_of(compiled: CompiledSearch, item: Item, random_below: Callable[[int], int] = randbelow) -> int:
    """Choose the partition of an item that is written.

    Args:
        compiled: The table's beacons.
        item: The item as the application wrote it.
        random_below: Gives a random number below its argument, for tables without a selector.

    Raises:
        EncryptError: the table's selector gave no partition of it.
    """
    if compiled.partitions == 1:
        return 0
    if compiled.partition_selector is None:
        return random_below(compiled.partitions)
    partition = compiled.partition_selector(item)
    if not 0 <= partition < compiled.partitions:
        raise EncryptError(
            f"The partition selector returned {partition}; "
            f"the table's partitions are 0 to {compiled.partitions - 1}",
            hint="A selector's number must be below maximum_number_of_partitions",
        )
    return partition
