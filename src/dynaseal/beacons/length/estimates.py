"""What the planner says of a beacon: frozen results, with what each number means."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LengthPlan:
    """What one length comes to; averages are over queries that ask for the value of a random item.

    Attributes:
        length: In bits.
        found: Items that DynamoDB finds for one query.
        false_positives: How many of them have another value.
        false_positives_range: The least and the most of that with one of the trial keys; with the table's own
            key, twice the number itself.
        false_positive_rate: Which part of the items found has another value, from 0 to 1.
        read_units: Read request units of one eventually consistent query.
        beacons: How many different beacons the table has.
        values_per_beacon: How many values share a beacon.
        largest_group: How many values share the most shared one.
        alone: Which part of the values shares its beacon with none, from 0 to 1.
        guessed: Which part of the items an observer guesses right who knows how frequent each value is, from
            0 to 1.
        guessed_at_most: The same of one who has learned which values have which beacon.
        learned_bits: What an item's beacon says about its value, of the plan's `value_bits`.
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


@dataclass(frozen=True, slots=True)
class BeaconPlan:
    """What a beacon over one attribute costs and gives away, by its length.

    Attributes:
        attribute: The location that the beacon is over.
        sampled_items: Items that were looked at and have a value there.
        table_items: Items of the table that have one.
        values: Different values among those looked at.
        value_bits: How much there is to know about an item's value: the entropy of the values.
        most_frequent: Which part of the items has the most frequent value, from 0 to 1: what an observer
            guesses right who sees no beacon.
        item_bytes: The mean size of a stored item.
        uses_own_key: Whether values were hashed with the table's beacon key, not with trial keys.
        lengths: From 1 bit upwards.
        recommended: The length to take, or None where none hides anything.
        reason: Why.
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
