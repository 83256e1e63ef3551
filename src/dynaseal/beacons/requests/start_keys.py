"""Where a search continues: an ExclusiveStartKey that the application built from a decrypted item.

- DynamoDB's LastEvaluatedKey has beacons by their stored names, with beacon values. It is sent unchanged.
- Code that takes the key attributes from the last item names the attribute or the beacon, with the real
  value. What is sent is the beacon's stored name, with the beacon value.
- An encrypted value that is neither is refused: DynamoDB would see it.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.compiled.compound import CompiledCompoundBeacon, UnfitStringError
from dynaseal.beacons.compiled.hashes import BEACON_PREFIX, HmacKeys, digits_of
from dynaseal.beacons.compiled.search import Beacon, CompiledSearch
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon, NotASetError
from dynaseal.core.values.types import MalformedValueError
from dynaseal.errors import UnsupportedOperationError

_HASH = re.compile(r"[0-9a-f]+").fullmatch


def start_beacon(compiled: CompiledSearch, name: str, value: AttributeValue) -> Beacon | None:
    """Return the beacon to send for an entry of a start key; None if the entry is sent unchanged.

    Raises:
        UnsupportedOperationError: the entry must not be sent, and no beacon can be sent in its place.
    """
    beacon = compiled.beacon(name)
    if beacon is not None:
        if beacon.attribute == name:
            return None  # a signed beacon, which is an attribute in the clear
        if isinstance(beacon, CompiledCompoundBeacon) or not beacon.is_part_only:
            return beacon
    stored = compiled.beacon(name.removeprefix(BEACON_PREFIX))
    if stored is not None and stored.attribute == name:
        if not _could_be_stored(stored, value):
            _refuse(
                f"has the stored beacon {name!r} with a value that cannot be a beacon hash",
                f"Give the real value by the beacon's name, {stored.name!r}, or the LastEvaluatedKey",
            )
        return None
    if not compiled.is_encrypted(name):
        return None
    beacons = [other for other in compiled.standard_beacons.values() if other.is_over_attribute(name)]
    if not beacons or beacons[0].is_part_only:
        _refuse(
            f"has the encrypted attribute {name!r}, which has no beacon that is stored by itself",
            "Pass the LastEvaluatedKey of a reply",
        )
    return beacons[0]


def start_value(
    beacon: Beacon, value: AttributeValue, partitions: Sequence[int], keys: Callable[[str], HmacKeys]
) -> dict[str, Any]:
    """Return the stored value of a beacon for a real value.

    Args:
        beacon: The beacon.
        value: The real value.
        partitions: The partitions of the items that the search finds.
        keys: Returns the keys of the standard beacons.

    Raises:
        UnsupportedOperationError: the beacon has no hash of the value, or its hash depends on the partition.
    """
    counts = _partition_counts(beacon)
    if any(len({partition % count for partition in partitions}) > 1 for count in counts):
        _refuse(
            f"has the beacon {beacon.name!r}, whose value depends on the item's partition",
            "Pass the LastEvaluatedKey of a reply",
        )
    try:
        if isinstance(beacon, CompiledStandardBeacon):
            return beacon.hash_operand(value, keys(beacon.name), partitions[0], within_contains=False)
        string = beacon.hash_string(_string(value), keys(beacon.name), partitions[0], for_equality=True)
    except (MalformedValueError, NotASetError, UnfitStringError) as error:
        _refuse(
            f"has a value for which there is no beacon {beacon.name!r}: {error}",
            "Take the value from the last item, or pass the LastEvaluatedKey of a reply",
        )
    return {"S": string}


def _partition_counts(beacon: Beacon) -> list[int]:
    """Return, for each hash in a beacon, its number of partitions."""
    if isinstance(beacon, CompiledStandardBeacon):
        return [beacon.partitions]
    sources = [part.source for part in beacon.parts]
    return [source.partitions for source in sources if isinstance(source, CompiledStandardBeacon)]


def _string(value: AttributeValue) -> str:
    if "S" not in value:
        raise UnfitStringError("it is not a string")
    return value["S"]


def _could_be_stored(beacon: Beacon, value: AttributeValue) -> bool:
    """Return whether a value could be a stored beacon; a real value must not be sent as one."""
    string = value.get("S")
    if not isinstance(string, str):
        return False
    if isinstance(beacon, CompiledStandardBeacon):
        return _is_hash(beacon, string)
    try:
        parts = beacon.parts_of(string)
    except UnfitStringError:
        return False
    return all(
        not isinstance(part.source, CompiledStandardBeacon)
        or _is_hash(part.source, piece[len(part.prefix) :])
        for part, piece in zip(parts, string.split(beacon.split), strict=True)
    )


def _is_hash(beacon: CompiledStandardBeacon, string: str) -> bool:
    return len(string) == digits_of(beacon.length) and _HASH(string) is not None


def _refuse(problem: str, hint: str) -> NoReturn:
    raise UnsupportedOperationError(f"The ExclusiveStartKey {problem}", hint=hint)
