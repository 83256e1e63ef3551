"""Plans a beacon: measures on real values what each length costs and reveals.

- A search is assumed to be for the value of a random item, so frequent values are searched for often.
- With the table's beacon key, values are hashed as in the table, and those with equal hashes are counted.
  Without it, false positives are the mean over all possible keys. Everything else is the mean over a few
  trial keys, which are always the same, so that a sample always has the same plan.
- The number of items found is scaled up from the sample to the table. The sample may lack some of the table's
  values, so more values share a beacon than are counted.
- What an observer learns is measured by playing the observer: the most frequent beacon is matched with the
  most frequent value, and so on, and the items that are guessed right are counted.

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
from dynaseal.beacons.length.plans import BeaconPlan, LengthPlan
from dynaseal.beacons.length.recommend import DEFAULT_SHARED, recommend
from dynaseal.core.arguments import (
    check_at_least,
    check_bytes,
    check_integers,
    check_numbers,
    check_strings,
)
from dynaseal.core.header import HEADER_NAME
from dynaseal.core.primitives import KEY_LENGTH
from dynaseal.core.values.types import MalformedValueError
from dynaseal.core.values.writing import serialize
from dynaseal.errors import ConfigError

TRIAL_KEYS = 16
ENCRYPTION_BYTES = 640
"""How many bytes header and footer add to an item, with one KMS key and the default suite."""

_READ_UNIT_BYTES = 4096
_EXTRA_BITS = 4
"""How many bits more than are needed to tell the values apart: then nearly every value has a beacon alone."""


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
        items: All items of a table or a random sample of them, in wire form.
        attribute: The location that the beacon will be over, such as `email` or `address.city`.
        name: The beacon's name, from which its key is derived. By default, the location.
        beacon_key: The table's beacon key, 32 bytes: `KeyStore.get_beacon_key(id).beacon_key`. Without it,
            the plan is an expectation over all keys, which can be far from the table's own key if there are
            few values.
        table_items: How many items the table has. By default, `items` are all of them.
        item_bytes: The mean size of a stored item. By default, the size of `items` and what encryption adds.
        shared: The least number of values that must share a beacon on average.

    Raises:
        ConfigError: `attribute` is not a location, none of the items has a value there, the beacon key is not
            32 bytes, or a number is too small.

    Example:
        >>> people = [{"city": {"S": f"city {number % 64}"}} for number in range(256)]
        >>> plan = plan_beacon(people, "city")
        >>> plan.values, plan.recommended, round(plan.lengths[3].false_positives, 2)
        (64, 4, 15.75)
    """
    _check_arguments(name, beacon_key, table_items, item_bytes, shared)
    sample = _Sample.of(items, attribute)
    hashed = _HashedSample.of(
        sample.counts,
        factor=(table_items or sample.items) / sample.items,
        item_bytes=item_bytes or sample.item_bytes,
        name=name or attribute,
        beacon_key=beacon_key,
    )
    lengths = hashed.lengths()
    choice = recommend(lengths, len(sample.counts), sample.most_frequent, shared)
    return BeaconPlan(
        attribute=attribute,
        sampled_items=sample.counts.total(),
        table_items=round(sample.counts.total() * hashed.factor),
        values=len(sample.counts),
        value_bits=_entropy(sample.counts.values()),
        most_frequent=sample.most_frequent,
        item_bytes=hashed.item_bytes,
        uses_own_key=hashed.uses_own_key,
        lengths=lengths,
        recommended=choice.length,
        reason=choice.reason,
    )


@dataclass(frozen=True, slots=True)
class _Sample:
    """The sample, and its values as the bytes that are hashed.

    Attributes:
        items: How many items it has, those without a value included.
        counts: How many items have each value.
        item_bytes: The mean size of an item, encrypted.
    """

    items: int
    counts: Counter[bytes]
    item_bytes: float

    @classmethod
    def of(cls, items: Iterable[Item], attribute: str) -> "_Sample":
        location = parse_location(attribute, "A beacon")
        counts = Counter[bytes]()
        sizes: list[int] = []
        for number, item in enumerate(items, 1):
            value = location.find(item)
            try:
                if value is not None:
                    counts[serialize(value)[1]] += 1
                sizes.append(_size(item))
            except MalformedValueError as error:
                raise ConfigError(
                    f"Item {number} of the sample is not valid in DynamoDB: it holds {error}",
                    hint="Correct it, or leave it out",
                ) from None
        if not sizes:
            raise ConfigError("The sample has no items", hint="Pass items of the table, in wire form")
        if not counts:
            raise ConfigError(
                f"No item of the sample has a value at {attribute!r}",
                hint="Check the attribute's name, or use other items",
            )
        return cls(len(sizes), counts, fmean(sizes))

    @property
    def most_frequent(self) -> float:
        """The share of the most frequent value among the items with a value."""
        return max(self.counts.values()) / self.counts.total()


@dataclass(frozen=True, slots=True, kw_only=True)
class _HashedSample:
    """The values of the sample and their hashes, from which each length is measured.

    Attributes:
        counts: How many items of the sample have each value.
        by_frequency: The values, the most frequent first.
        factor: How many items of the table one item of the sample represents.
        item_bytes: The mean size of a stored item.
        hashed: For each key, the number whose last bits are each value's beacon.
        uses_own_key: Whether the one key is the table's own, and not one of several trial keys.
    """

    counts: Mapping[bytes, int]
    by_frequency: Sequence[bytes]
    factor: float
    item_bytes: float
    hashed: Sequence[Mapping[bytes, int]]
    uses_own_key: bool

    @classmethod
    def of(
        cls,
        counts: Mapping[bytes, int],
        *,
        factor: float,
        item_bytes: float,
        name: str,
        beacon_key: bytes | None,
    ) -> "_HashedSample":
        keys = _keys(name, beacon_key)
        return cls(
            counts=counts,
            by_frequency=sorted(counts, key=lambda data: (-counts[data], data)),
            factor=factor,
            item_bytes=item_bytes,
            hashed=[{data: beacon_number(key, data) for data in counts} for key in keys],
            uses_own_key=beacon_key is not None,
        )

    def lengths(self) -> tuple[LengthPlan, ...]:
        """Measure every length at which values still share beacons, and a few more."""
        longest = min(ceil(log2(len(self.counts))) + _EXTRA_BITS, MAX_LENGTH)
        return tuple(self.at(length) for length in range(1, longest + 1))

    def at(self, length: int) -> LengthPlan:
        """Measure what a length costs and reveals."""
        counted = [self._groups(numbers, length) for numbers in self.hashed]
        measured = [_false_positives(groups) * self.factor for groups in counted]
        total = sum(self.counts.values())
        # The item itself is found for certain. Each other item of the sample with its value represents
        # `factor` items of the table.
        same = 1 + self.factor * sum(count * (count - 1) for count in self.counts.values()) / total
        others = total * self.factor - same
        false = measured[0] if self.uses_own_key else others / 2**length
        found = same + false
        alone = [sum(len(group) == 1 for group in groups) / len(self.counts) for groups in counted]
        guessed_at_most = [sum(max(group.values()) for group in groups) / total for groups in counted]
        return LengthPlan(
            length=length,
            found=found,
            false_positives=false,
            false_positives_range=(min(measured), max(measured)),
            false_positive_rate=false / found,
            read_units=max(ceil(found * self.item_bytes / _READ_UNIT_BYTES), 1) / 2,
            beacons=fmean(len(groups) for groups in counted),
            values_per_beacon=fmean(len(self.counts) / len(groups) for groups in counted),
            largest_group=fmean(max(map(len, groups)) for groups in counted),
            alone=fmean(alone),
            guessed=fmean(self._guessed(groups) for groups in counted),
            guessed_at_most=fmean(guessed_at_most),
            learned_bits=fmean(_entropy([sum(group.values()) for group in groups]) for groups in counted),
        )

    def _groups(self, numbers: Mapping[bytes, int], length: int) -> list[dict[bytes, int]]:
        """Return the values of each beacon, with how many items have them, in the order of the beacons."""
        groups: dict[int, dict[bytes, int]] = {}
        mask = (1 << length) - 1
        for data, count in self.counts.items():
            groups.setdefault(numbers[data] & mask, {})[data] = count
        return [groups[number] for number in sorted(groups)]

    def _guessed(self, groups: Iterable[Mapping[bytes, int]]) -> float:
        """Return the share of the items whose value an observer guesses right.

        The observer matches the most frequent beacon with the most frequent value, and so on. Equally
        frequent beacons are in the order of their hashes, and equally frequent values in the order of their
        bytes: neither order says anything about the other. If guessing the most frequent value for every item
        would be better, the observer does that instead.
        """
        by_beacon = sorted(groups, key=lambda group: -sum(group.values()))
        right = sum(group.get(guess, 0) for group, guess in zip(by_beacon, self.by_frequency, strict=False))
        return max(right, self.counts[self.by_frequency[0]]) / sum(self.counts.values())


def _check_arguments(
    name: str | None,
    beacon_key: bytes | None,
    table_items: int | None,
    item_bytes: float | None,
    shared: float,
) -> None:
    if name is not None:
        check_strings("plan_beacon", name=name)
    if beacon_key is not None:
        check_bytes("plan_beacon", beacon_key=beacon_key)
        if len(beacon_key) != KEY_LENGTH:
            raise ConfigError(
                f"plan_beacon's beacon_key must have {KEY_LENGTH} bytes, and has {len(beacon_key)}",
                hint="Pass KeyStore.get_beacon_key(id).beacon_key",
            )
    if table_items is not None:
        check_integers("plan_beacon", table_items=table_items)
        check_at_least("plan_beacon", 1, table_items=table_items)
    if item_bytes is not None:
        check_numbers("plan_beacon", item_bytes=item_bytes)
        check_at_least("plan_beacon", 1, item_bytes=item_bytes)
    check_numbers("plan_beacon", shared=shared)


def _false_positives(groups: Iterable[Mapping[bytes, int]]) -> float:
    """Return how many items with another value a search finds, on average over the items' values."""
    false = total = 0
    for group in groups:
        size = sum(group.values())
        false += sum(count * (size - count) for count in group.values())
        total += size
    return false / total


def _entropy(counts: Iterable[int]) -> float:
    all_counts = list(counts)
    total = sum(all_counts)
    return -sum(count / total * log2(count / total) for count in all_counts)


def _keys(name: str, beacon_key: bytes | None) -> list[bytes]:
    trial_keys = [bytes([number]) * 32 for number in range(TRIAL_KEYS)]
    beacon_keys = trial_keys if beacon_key is None else [beacon_key]
    return [derive_keys(key, [name])[name] for key in beacon_keys]


def _size(item: Item) -> int:
    added = 0 if HEADER_NAME in item else ENCRYPTION_BYTES
    return added + sum(len(name.encode()) + len(serialize(value)[1]) for name, value in item.items())
