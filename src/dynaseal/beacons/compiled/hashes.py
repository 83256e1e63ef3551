"""Beacon values: the HMAC of a value's bytes under the beacon's own key, cut to some bits, in hexadecimal.

- Each standard beacon has a key, derived from the beacon key by the beacon's name.
- A value's type is not hashed: `{"S": "5"}` and `{"N": "5"}` have the same beacon.
- An item of partition 0 is hashed as it is; of another, with the partition's number as one more byte.

Source: specification `beacons.md`, "basicHash" and "Beacon Partition Encoding"; `search-config.md`, "HMAC Key
Generation".
"""

from collections.abc import Iterable, Mapping

from dynaseal.core.primitives import BEACON_KEY_LENGTH, Hkdf, beacon_mac

BEACON_PREFIX = "aws_dbe_b_"

HmacKeys = Mapping[str, bytes]
"""The keys of a table's standard beacons, by beacon name."""

_INFO = b"AWS_DBE_SCAN_BEACON"
_BITS_PER_DIGIT = 4


def derive_keys(beacon_key: bytes, beacon_names: Iterable[str]) -> HmacKeys:
    """Derive the keys of standard beacons.

    Args:
        beacon_key: From the key store.
        beacon_names: The names of the standard beacons.
    """
    derivation = Hkdf(beacon_key)
    return {name: derivation.derive(_INFO + name.encode(), BEACON_KEY_LENGTH) for name in beacon_names}


def digits_of(length: int) -> int:
    """Return how many hexadecimal digits a beacon value of some bits has."""
    return -(-length // _BITS_PER_DIGIT)


def beacon_hash(key: bytes, data: bytes, length: int, partition: int = 0) -> str:
    """Return the beacon value for a value's bytes.

    Args:
        key: The beacon's own key.
        data: The value's bytes without its type id.
        length: How many bits to keep: the rightmost ones of the HMAC's first 8 bytes.
        partition: The partition, below the number of partitions that the beacon is over.

    Example:
        >>> beacon_hash(bytes(64), b"flu", 8), beacon_hash(bytes(64), b"flu", 9)
        ('f6', '0f6')
    """
    if partition:
        data += bytes((partition,))
    bits = beacon_number(key, data) & ((1 << length) - 1)
    return f"{bits:0{-(-length // _BITS_PER_DIGIT)}x}"


def beacon_number(key: bytes, data: bytes) -> int:
    """Return the number whose rightmost bits are a value's beacon, whatever its length."""
    return int.from_bytes(beacon_mac(key, data))
