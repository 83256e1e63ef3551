"""Partition selectors and transforms of a user's own: whatever they do, no beacon is of another value."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import given, settings

from dynaseal import ItemEncryptor, StandardBeacon, Upper, VirtualField, VirtualPart
from dynaseal.beacons.definitions import PartitionSelector, Transform
from dynaseal.config import AttributeActions
from dynaseal.migrate import Outcome, transform
from support.patients import table
from support.strategies import items

ANN = {"pk": {"S": "1"}, "name": {"S": "Ann"}}
PLAIN = ItemEncryptor(table(StandardBeacon("city", 8), actions=AttributeActions()))


def partitioned(selector: PartitionSelector) -> ItemEncryptor:
    beacons = [StandardBeacon(name, 63) for name in ("name", "note", "tags")]
    return ItemEncryptor(
        table(
            *beacons,
            actions=AttributeActions(),
            maximum_number_of_partitions=4,
            partition_selector=selector,
        )
    )


def beacons_of(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in stored.items() if name.startswith("aws_dbe_b_")}


def migrated(target: ItemEncryptor) -> Outcome:
    """The outcome of an item that has no beacons yet."""
    return transform(PLAIN.encrypt_item(ANN), PLAIN, target)


def clear(value: Any) -> None:
    """Empty everything in a value that can be changed."""
    if isinstance(value, dict | list):
        members = cast("Any", value)
        for member in [*members.values()] if isinstance(members, dict) else [*members]:
            clear(member)
        members.clear()


def clearing(item: Any) -> int:
    clear(item)
    return 3


@given(items)
@settings(deadline=None)
def test_a_selector_that_changes_what_it_is_given_changes_neither_the_item_nor_its_beacons(
    item: dict[str, Any],
) -> None:
    item |= {"name": {"S": "Ann"}, "tags": {"L": [{"M": {"a": {"SS": ["b"]}}}]}}
    before = deepcopy(item)
    encryptor = partitioned(clearing)

    stored = encryptor.encrypt_item(item)

    assert item == before
    assert beacons_of(stored) == beacons_of(partitioned(lambda _: 3).encrypt_item(item))
    assert encryptor.decrypt_item(stored) == before


def test_a_migration_stores_no_value_that_a_selector_changed() -> None:
    def upper(item: Any) -> int:
        item["name"] = {"S": item["name"]["S"].upper()}
        return 3

    stored, target = partitioned(lambda _: 0).encrypt_item(ANN), partitioned(upper)
    # From the second item on, a migration knows the target's keys, and compares beacons before it encrypts.
    for _ in range(3):
        outcome = transform(stored, target, target)
        assert (outcome.state, outcome.item and target.decrypt_item(outcome.item)) == ("changed", ANN)


async def later(_: Any) -> Any: ...


def generator(_: Any) -> Iterator[int]:
    yield 0


def label(result: object) -> str:
    return result.__name__ if callable(result) else f"{result!r:.20}"


@pytest.mark.parametrize(
    "result",
    [None, "1", 0.0, 1.0, float("nan"), True, False, Decimal(1), (1,), b"1", later, generator],
    ids=label,
)
def test_a_selector_that_returns_no_int_is_refused_by_its_name(result: Any) -> None:
    def choose(item: Any) -> Any:
        return result(item) if callable(result) else result

    encryptor = partitioned(choose)

    with pytest.raises(TypeError, match=r"the partition selector .*choose must return an int, not \w+$"):
        encryptor.encrypt_item(ANN)
    outcome = migrated(encryptor)
    assert (outcome.state, outcome.item) == ("failed", None)
    assert "choose must return an int" in str(outcome.reason)


@dataclass(frozen=True)
class Own:
    """A user's transform."""

    result: Any

    def apply(self, string: str) -> Any:
        return self.result(string) if callable(self.result) else self.result


@pytest.mark.parametrize(
    "result",
    [None, 5, b"ann", ["a"], ("a",), {}, iter("a"), later, generator],
    ids=label,
)
@pytest.mark.parametrize("after", [[], [Upper()]], ids=["last", "before another"])
def test_a_transform_that_returns_no_string_is_refused_by_its_class(
    result: Any, after: list[Transform]
) -> None:
    field = VirtualField("initial", [VirtualPart("name", [Own(result), *after])])
    encryptor = ItemEncryptor(
        table(StandardBeacon("initial", 8), actions=AttributeActions(), virtual_fields=[field])
    )
    message = "the transform Own of the virtual field 'initial' must return a str, not "

    with pytest.raises(TypeError, match=message):
        encryptor.encrypt_item(ANN)
    outcome = migrated(encryptor)
    assert (outcome.state, outcome.item) == ("failed", None)
    assert message in str(outcome.reason)
