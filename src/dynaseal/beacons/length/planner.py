"""How long should a beacon be? What each length costs and gives away, on values that are really there.

- A query is taken to ask for the value of an item chosen at random: frequent values are asked for often.
- With the table's beacon key, values are hashed as they will be, and what falls together there is counted.
  Without it, false positives are their mean over all keys, and everything else the mean of a few trial keys,
  which are always the same, so that one sample gives one plan.
- From a sample, the number of items found is scaled up to the table. Values that the sample lacks are only
  known by their weight, so more values share a beacon than is counted.
- What an observer learns is measured by being one: the frequencies of beacons are matched with those of the
  values, and the items that are guessed right are counted.

Source: AWS Database Encryption SDK Developer Guide, "Choosing a beacon length", for what is weighed; the
numbers are counted here.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2
from statistics import fmean

from dynaseal.attributes import Item
from dynaseal.beacons.compiled.hashes import beacon_number, derive_keys
from dynaseal.beacons.compiled.locations import parse_location
from dynaseal.beacons.definitions import MAX_LENGTH
from dynaseal.beacons.length.estimates import BeaconPlan, LengthPlan
from dynaseal.beacons.length.recommend import DEFAULT_SHARED, recommend
from dynaseal.core.header import HEADER_NAME
from dynaseal.core.values.types import MalformedValueError
from dynaseal.core.values.writing import serialize
from dynaseal.errors import ConfigError

TRIAL_KEYS = 16
ENCRYPTION_BYTES = 640
"""What header and footer add to an item under one KMS key in the default suite."""

_READ_UNIT_BYTES = 4096
_LONGER_THAN_VALUES = 4  # bits: by then nearly every value has a beacon of its own


def plan_beacon(
    items: Iterable[Item],
    attribute: str,
    *,
    name: str | None = None,
    beacon_key: bytes | None = None,
    table_items: int | None = None,
    item_bytes: float | None = None,
    shared: float = DEFAULT_SHARED,
) -> BeaconPlan:
    """Plan a standard beacon on items in plain text.

    Args:
        items: All items of a table or a random sample of them, values as botocore's client has them.
        attribute: The location that the beacon is to be over, such as `email` or `address.city`.
        name: The beacon's name, of which its key is derived; left out, the location.
        beacon_key: The table's beacon key, 32 bytes: `KeyStore.get_beacon_key(id).beacon_key`. Left out,
            expectations over all keys; a table's own key can lie far from them where values are few.
        table_items: How many items the table has; left out, `items` are all of them.
        item_bytes: The mean size of a stored item; left out, that of `items` with what encryption adds.
        shared: How many values are to share a beacon on average, at least.

    Raises:
        ConfigError: the location is none, or none of the items has a value there.

    Example:
        >>> people = [{"city": {"S": f"city {number % 64}"}} for number in range(256)]
        >>> plan = plan_beacon(people, "city")
        >>> plan.values, plan.recommended, round(plan.lengths[3].false_positives, 2)
        (64, 4, 15.75)
    """
    seen = _Sample.of(items, attribute)
    factor = (table_items or seen.items) / seen.items
    table = _Table.of(
        seen.counts, factor, item_bytes or seen.item_bytes, _keys(name or attribute, beacon_key)
    )
    longest = min(ceil(log2(len(seen.counts))) + _LONGER_THAN_VALUES, MAX_LENGTH)
    lengths = tuple(table.at(length, own_key=beacon_key is not None) for length in range(1, longest + 1))
    total = sum(seen.counts.values())
    most_frequent = max(seen.counts.values()) / total
    choice = recommend(lengths, len(seen.counts), most_frequent, shared)
    return BeaconPlan(
        attribute,
        total,
        round(total * factor),
        len(seen.counts),
        _entropy(seen.counts.values()),
        most_frequent,
        table.item_bytes,
        beacon_key is not None,
        lengths,
        choice.length,
        choice.reason,
    )


@dataclass(frozen=True, slots=True)
class _Sample:
    """Values by what is hashed of them, and how many items have each."""

    items: int
    counts: Mapping[bytes, int]
    item_bytes: float

    @classmethod
    def of(cls, items: Iterable[Item], attribute: str) -> "_Sample":
        location = parse_location(attribute, "A beacon")
        counts = Counter[bytes]()
        sizes: list[int] = []
        for item in items:
            value = location.find(item)
            try:
                if value is not None:
                    counts[serialize(value)[1]] += 1
                sizes.append(_size(item))
            except MalformedValueError as error:
                raise ConfigError(f"An item of the sample cannot be: it holds {error}") from None
        if not counts:
            raise ConfigError(
                f"None of the {len(sizes)} items has a value at {attribute!r}",
                hint="Check the attribute's name, or give other items",
            )
        return cls(len(sizes), counts, fmean(sizes))


@dataclass(frozen=True, slots=True)
class _Table:
    """The values that were seen, and what they are hashed to.

    Attributes:
        counts: How many items of the sample have each value.
        by_frequency: The values, the most frequent first.
        factor: How many items of the table each one stands for.
        item_bytes: The mean size of a stored item.
        hashed: For each key, the number that each value's beacon is cut from.
    """

    counts: Mapping[bytes, int]
    by_frequency: Sequence[bytes]
    factor: float
    item_bytes: float
    hashed: Sequence[Mapping[bytes, int]]

    @classmethod
    def of(
        cls, counts: Mapping[bytes, int], factor: float, item_bytes: float, keys: Iterable[bytes]
    ) -> "_Table":
        by_frequency = sorted(counts, key=lambda data: (-counts[data], data))
        hashed = [{data: beacon_number(key, data) for data in counts} for key in keys]
        return cls(counts, by_frequency, factor, item_bytes, hashed)

    def at(self, length: int, *, own_key: bool) -> LengthPlan:
        """Count what a length comes to."""
        counted = [self._groups(numbers, length) for numbers in self.hashed]
        measured = [_false_positives(groups) * self.factor for groups in counted]
        total = sum(self.counts.values())
        # The item itself is there for certain; the sample's others with its value stand for more of them.
        same = 1 + self.factor * sum(count * (count - 1) for count in self.counts.values()) / total
        others = total * self.factor - same
        false = measured[0] if own_key else others / 2**length
        found = same + false
        return LengthPlan(
            length,
            found,
            false,
            (min(measured), max(measured)),
            false / found,
            max(ceil(found * self.item_bytes / _READ_UNIT_BYTES), 1) / 2,
            fmean(len(groups) for groups in counted),
            fmean(len(self.counts) / len(groups) for groups in counted),
            fmean(max(map(len, groups)) for groups in counted),
            fmean(sum(len(group) == 1 for group in groups) / len(self.counts) for groups in counted),
            fmean(self._guessed(groups) for groups in counted),
            fmean(sum(max(group.values()) for group in groups) / total for groups in counted),
            fmean(_entropy([sum(group.values()) for group in groups]) for groups in counted),
        )

    def _groups(self, numbers: Mapping[bytes, int], length: int) -> list[dict[bytes, int]]:
        """Give the values of each beacon, with how many items have them, in the order of the beacons."""
        groups: dict[int, dict[bytes, int]] = {}
        mask = (1 << length) - 1
        for data, count in self.counts.items():
            groups.setdefault(numbers[data] & mask, {})[data] = count
        return [groups[number] for number in sorted(groups)]

    def _guessed(self, groups: Iterable[Mapping[bytes, int]]) -> float:
        """Take the most frequent beacon for the most frequent value and so on; give the part that is right.

        Among equally frequent ones the order is that of the hashes and of the values, which says nothing.
        Where the most frequent value for every item is the better guess, that is made.
        """
        by_beacon = sorted(groups, key=lambda group: -sum(group.values()))
        right = sum(group.get(guess, 0) for group, guess in zip(by_beacon, self.by_frequency, strict=False))
        return max(right, self.counts[self.by_frequency[0]]) / sum(self.counts.values())


def _false_positives(groups: Iterable[Mapping[bytes, int]]) -> float:
    """Give how many items with another value a query finds, on average over the items' values."""
    false = total = 0
    for group in groups:
        size = sum(group.values())
        false += sum(count * (size - count) for count in group.values())
        total += size
    return false / total


def _entropy(counts: Iterable[int]) -> float:
    known = list(counts)
    total = sum(known)
    return -sum(count / total * log2(count / total) for count in known)


def _keys(name: str, beacon_key: bytes | None) -> list[bytes]:
    own = [beacon_key] if beacon_key is not None else [bytes([trial]) * 32 for trial in range(TRIAL_KEYS)]
    return [derive_keys(key, [name])[name] for key in own]


def _size(item: Item) -> int:
    added = 0 if HEADER_NAME in item else ENCRYPTION_BYTES
    return added + sum(len(name.encode()) + len(serialize(value)[1]) for name, value in item.items())
