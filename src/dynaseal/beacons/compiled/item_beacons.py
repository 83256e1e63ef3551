"""The attributes that beacons add to an item that is written.

- Signed beacons are ordinary signed attributes: added before encryption, and part of the item that is read.
- The other beacons are stored beside the encrypted item, outside its signature, and removed on reading. They
  are made from the item as the application wrote it.
- The specification requires a version tag in every item, but AWS's releases do not store it, and neither does
  this library.

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
from dynaseal.core.callbacks import name_of, type_of_result
from dynaseal.core.copies import copied
from dynaseal.errors import EncryptError


def with_signed_beacons(compiled: CompiledSearch, item: Item) -> dict[str, Any]:
    """Return an item with its signed beacons, and without a key field that is not stored.

    Raises:
        EncryptError: the item has a signed beacon that its parts contradict, or a part's value has no string.
    """
    prepared: dict[str, Any] = dict(item)
    if compiled.drops_key_field and compiled.key_field is not None:
        prepared.pop(compiled.key_field, None)
    for beacon in compiled.signed_beacons:
        string = beacon.plain_string(item)
        if string is None:
            continue
        existing = item.get(beacon.name)
        if existing is not None and existing != {"S": string}:
            raise EncryptError(
                f"The item has the signed beacon {beacon.name!r} with a value that does not match its parts",
                hint="Leave it out: it is made when the item is written",
            )
        prepared[beacon.name] = {"S": string}
    return prepared


def stored_beacons(compiled: CompiledSearch, item: Item, keys: HmacKeys, partition: int) -> dict[str, Any]:
    """Return the attributes to store beside an encrypted item.

    Args:
        compiled: The table's beacons.
        item: The item as the application wrote it.
        keys: The keys of the table's standard beacons.
        partition: The item's partition.

    Raises:
        EncryptError: a beacon cannot be made from the item's values.
    """
    attributes: dict[str, Any] = {}
    for beacon in compiled.stored_beacons:
        if isinstance(beacon, CompiledStandardBeacon):
            value = beacon.beacon_value(item, keys, partition)
            if value is not None:
                attributes[beacon.attribute] = value
        else:
            string = beacon.beacon_string(item, keys, partition)
            if string is not None:
                attributes[beacon.attribute] = {"S": string}
    return attributes


def partition_of(compiled: CompiledSearch, item: Item, random_below: Callable[[int], int] = randbelow) -> int:
    """Choose the partition of an item that is written.

    Args:
        compiled: The table's beacons.
        item: The item as the application wrote it.
        random_below: Returns a random number below its argument, for tables without a selector.

    Raises:
        EncryptError: the table's selector returned a number that is not a partition.
        TypeError: it returned something else than an int.
    """
    if compiled.partitions == 1:
        return 0
    selector = compiled.partition_selector
    if selector is None:
        return random_below(compiled.partitions)
    # A copy: beacons are made of the item that is stored, whatever the selector does to the one it is given.
    partition = selector(copied(item))
    if isinstance(partition, bool) or not isinstance(partition, int):  # pyright: ignore[reportUnnecessaryIsInstance] users' selectors
        raise TypeError(
            f"the partition selector {name_of(selector)} must return an int, not {type_of_result(partition)}"
        )
    if not 0 <= partition < compiled.partitions:
        raise EncryptError(
            f"The partition selector returned {partition}; "
            f"the table's partitions are 0 to {compiled.partitions - 1}",
            hint="Return a number below maximum_number_of_partitions",
        )
    return partition
