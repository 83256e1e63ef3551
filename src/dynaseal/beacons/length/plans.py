"""The plan of a beacon: what it costs and reveals, for each possible length."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthPlan:
    """What one length costs and reveals. Averages are over searches for the value of a random item.

    Attributes:
        length: In bits.
        found: How many items DynamoDB finds for one search.
        false_positives: How many of them have another value.
        false_positives_range: The fewest and the most false positives with one of the trial keys. With the
            table's own key, both are `false_positives`.
        false_positive_rate: The share of the items found that have another value, from 0 to 1.
        read_units: Read request units of one eventually consistent search.
        beacons: How many different beacons the table has.
        values_per_beacon: How many values share a beacon.
        largest_group: How many values share the most shared beacon.
        alone: The share of the values that do not share their beacon with any other value, from 0 to 1.
        guessed: The share of the items whose value an observer guesses right who knows how frequent each
            value is, from 0 to 1.
        guessed_at_most: The same for an observer who has also learned which values have which beacon.
        learned_bits: How many bits an item's beacon reveals about its value, out of the plan's `value_bits`.
    """

    length: int
    found: float
    false_positives: float
    false_positives_range: tuple[float, float]
    false_positive_rate: float
    read_units: float
    beacons: float
    values_per_beacon: float
    largest_group: float
    alone: float
    guessed: float
    guessed_at_most: float
    learned_bits: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BeaconPlan:
    """What a beacon over one attribute costs and reveals, by its length.

    Attributes:
        attribute: The location that the beacon is over.
        sampled_items: How many items of the sample have a value there.
        table_items: How many items of the table have one.
        values: How many different values the sample has.
        value_bits: The entropy of the values: how much there is to learn about an item's value.
        most_frequent: The share of the items that have the most frequent value, from 0 to 1. An observer who
            sees no beacon guesses as many items right.
        item_bytes: The mean size of a stored item.
        uses_own_key: Whether values were hashed with the table's beacon key, and not with trial keys.
        lengths: One plan per length, from 1 bit upwards.
        recommended: The recommended length, or None if no length hides the values.
        reason: The reason for the recommendation.
    """

    attribute: str
    sampled_items: int
    table_items: int
    values: int
    value_bits: float
    most_frequent: float
    item_bytes: float
    uses_own_key: bool
    lengths: tuple[LengthPlan, ...]
    recommended: int | None
    reason: str
