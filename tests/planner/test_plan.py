"""The planner's counts, on samples small enough to count by hand, and its expected values."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from collections import Counter
from math import log2
from statistics import fmean
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal import BeaconPlan, ConfigError, ItemEncryptor, StandardBeacon, plan_beacon, plot_beacon_plan
from support.patients import table

KEY = bytes(range(32))
"""The beacon key of the key store of `support.patients`."""


def people(*names: str) -> list[dict[str, Any]]:
    return [{"pk": {"S": str(at)}, "name": {"S": name}} for at, name in enumerate(names)]


def stored_beacons(items: list[dict[str, Any]], length: int) -> list[str]:
    """The beacons that the library stores for these items under the key."""
    encryptor = ItemEncryptor(table(StandardBeacon("name", length)))
    return [encryptor.encrypt_item(item)["aws_dbe_b_name"]["S"] for item in items]


names = st.lists(st.sampled_from([f"name {number}" for number in range(12)]), min_size=1, max_size=20)


@settings(max_examples=30, deadline=None)
@given(names, st.integers(1, 4))
def test_with_the_tables_key_the_counts_are_those_of_the_beacons_that_are_stored(
    drawn: list[str], length: int
) -> None:
    items = people(*drawn)
    plan = plan_beacon(items, "name", beacon_key=KEY).lengths[length - 1]

    beacons = stored_beacons(items, length)
    together = Counter(beacons)
    groups = {beacon: {n for n, b in zip(drawn, beacons, strict=True) if b == beacon} for beacon in together}
    found = fmean(together[beacon] for beacon in beacons)
    true = fmean(Counter(drawn)[name] for name in drawn)
    assert plan.found == pytest.approx(found)
    assert plan.false_positives == pytest.approx(found - true)
    assert plan.false_positive_rate == pytest.approx((found - true) / found)
    assert plan.beacons == len(groups)
    assert plan.largest_group == max(map(len, groups.values()))
    assert plan.alone == pytest.approx(sum(len(group) == 1 for group in groups.values()) / len(set(drawn)))
    assert plan.learned_bits == pytest.approx(
        -sum(count / len(drawn) * log2(count / len(drawn)) for count in together.values()), abs=1e-9
    )
    most = Counter(drawn)
    best = sum(max(most[name] for name in group) for group in groups.values()) / len(drawn)
    assert plan.guessed_at_most == pytest.approx(best)
    assert plan.guessed <= plan.guessed_at_most + 1e-9


def test_without_the_key_false_positives_are_the_mean_over_keys() -> None:
    items = people(*(f"name {number % 20}" for number in range(60)))
    expected = plan_beacon(items, "name").lengths[1].false_positives
    keys = [number.to_bytes(32) for number in range(400)]
    measured = fmean(plan_beacon(items, "name", beacon_key=key).lengths[1].false_positives for key in keys)
    assert expected == pytest.approx((60 - 3) / 4)
    assert measured == pytest.approx(expected, rel=0.05)


def test_without_the_key_it_says_how_far_one_key_may_be_from_the_mean() -> None:
    one = plan_beacon(people(*"aaaabbbccd"), "name").lengths[0]
    least, most = one.false_positives_range
    assert least < one.false_positives < most


def test_one_sample_gives_one_plan() -> None:
    items = people(*"aabbccdd")
    assert plan_beacon(items, "name") == plan_beacon(iter(items), "name")


def test_a_sample_is_scaled_to_the_table() -> None:
    items = people(*(f"name {number % 50}" for number in range(1000)))
    whole = plan_beacon(items, "name").lengths[2]
    scaled = plan_beacon(random.Random(1).sample(items, 250), "name", table_items=1000)
    assert scaled.table_items == 1000
    assert scaled.lengths[2].false_positives == pytest.approx(whole.false_positives, rel=0.05)
    assert scaled.lengths[2].found == pytest.approx(whole.found, rel=0.05)


def test_items_without_the_value_have_no_beacon_and_are_not_found() -> None:
    items = [*people(*"aabb"), {"pk": {"S": "x"}}]
    plan = plan_beacon(items, "name")
    assert (plan.sampled_items, plan.table_items, plan.values) == (4, 4, 2)


def test_a_nested_value_and_the_spellings_of_a_number_are_values_as_beacons_see_them() -> None:
    items = [{"a": {"M": {"n": {"L": [{"N": text}]}}}} for text in ("1", "1.0", "2")]
    assert plan_beacon(items, "a.n[0]").values == 2


def test_the_reading_cost_is_that_of_the_items_found() -> None:
    items = people(*(f"name {number % 20}" for number in range(200)))
    plan = plan_beacon(items, "name", item_bytes=4096)
    assert plan.lengths[0].found == pytest.approx(10 + 190 / 2)
    assert plan.lengths[0].read_units == 105 / 2
    assert plan_beacon(people("a"), "name", item_bytes=1).lengths[0].read_units == 0.5


def test_an_observer_guesses_a_value_that_stands_out_and_not_those_that_are_equally_frequent() -> None:
    longest = plan_beacon(people(*"a" * 50, *"b" * 30, *"c" * 20), "name").lengths[-1]
    assert longest.guessed > 0.9
    even = plan_beacon(people(*(f"name {number}" for number in range(200))), "name").lengths[-1]
    assert even.guessed < 0.1


def recommended(*drawn: str, **more: Any) -> BeaconPlan:
    return plan_beacon(people(*drawn), "name", **more)


def test_the_longest_length_at_which_values_hide_is_recommended_with_its_reason() -> None:
    plan = recommended(*(f"name {number}" for number in range(256)))
    assert plan.recommended is not None
    chosen, longer = plan.lengths[plan.recommended - 1], plan.lengths[plan.recommended]
    assert chosen.values_per_beacon >= 4 > longer.values_per_beacon or longer.alone > 0.05
    assert plan.reason.startswith(f"{plan.recommended} bits is the longest length")
    shorter = recommended(*(f"name {number}" for number in range(256)), shared=16).recommended
    assert shorter is not None
    assert shorter < plan.recommended


def test_few_values_get_no_beacon_and_a_frequent_one_gets_a_warning() -> None:
    few = recommended(*"abcabcabc")
    assert few.recommended is None
    assert few.reason.startswith("There are only 3 different values")
    assert "stands out at every length" in recommended(*"a" * 50, *(f"{n}" for n in range(100))).reason


@pytest.mark.parametrize(
    ("items", "attribute", "message"),
    [
        ([], "name", "The sample has no items"),
        (people("a"), "nmae", "No item of the sample has a value at 'nmae'"),
        (people("a"), "name[10]", "more than one digit"),
        ([{"name": {"N": "many"}}], "name", "Item 1 of the sample is not valid"),
    ],
)
def test_invalid_samples_are_refused(items: Any, attribute: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("[", r"\[")):
        plan_beacon(items, attribute)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"table_items": 0}, "table_items must be 1 or more, and is 0"),
        ({"table_items": -5}, "table_items must be 1 or more, and is -5"),
        ({"table_items": "7"}, "table_items must be a whole number"),
        ({"item_bytes": -1.0}, "item_bytes must be 1 or more, and is -1.0"),
        ({"shared": "4"}, "shared must be a number"),
        ({"name": 5}, "name must be a string"),
        ({"beacon_key": bytes(32).hex()}, "beacon_key must be bytes"),
        ({"beacon_key": bytes(32).hex().encode()}, "beacon_key must have 32 bytes, and has 64"),
    ],
)
def test_an_argument_that_no_table_can_have_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"plan_beacon's {message}"):
        plan_beacon(people("a"), "name", **arguments)


@pytest.mark.parametrize("drawn", ["a", "abc", "<&>" * 30])
def test_the_plot_is_a_drawing_of_every_length(drawn: str) -> None:
    plan = plan_beacon([{"a<b": {"S": name}} for name in drawn], "a<b")
    root = ET.fromstring(plot_beacon_plan(plan))
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 4
    for line in lines:
        points = [point.split(",") for point in line.attrib["points"].split()]
        assert len(points) == len(plan.lengths)
        assert all(50 <= float(y) <= 330 for _, y in points)
    assert "a<b" in root.findtext("{http://www.w3.org/2000/svg}title", "")
