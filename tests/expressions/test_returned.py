"""The attributes that an update returns."""

from __future__ import annotations

from typing import Any

import pytest

from dynaseal.expressions import apply_update, parse_update
from dynaseal.expressions.returned import returned_attributes

ITEM: dict[str, Any] = {
    "k": {"S": "x"},
    "n": {"N": "5"},
    "l": {"L": [{"N": "1"}, {"S": "a"}]},
    "m": {"M": {"a": {"N": "1"}, "b": {"L": [{"S": "q"}]}}},
}
ONE = {":v": {"N": "1"}}


def returned(return_values: str, update: str, before: dict[str, Any] | None = ITEM) -> Any:
    expression = parse_update(update)
    after = apply_update(expression, before or {"k": ITEM["k"]}, None, ONE)
    return returned_attributes(return_values, before, after, expression)


def test_all_old_and_all_new_are_whole_items() -> None:
    assert returned("ALL_OLD", "REMOVE n") == ITEM
    assert returned("ALL_NEW", "REMOVE n") == {name: ITEM[name] for name in "klm"}


def test_an_item_that_was_not_there_has_no_old_attributes() -> None:
    assert returned("ALL_OLD", "SET a = :v", None) is None
    assert returned("UPDATED_OLD", "SET a = :v", None) is None
    assert returned("ALL_NEW", "SET a = :v", None) == {"k": {"S": "x"}, "a": {"N": "1"}}


@pytest.mark.parametrize(
    ("update", "old", "new"),
    [
        ("SET n = :v", {"n": {"N": "5"}}, {"n": {"N": "1"}}),
        ("SET a = :v", None, {"a": {"N": "1"}}),
        ("REMOVE n", {"n": {"N": "5"}}, None),
        ("REMOVE a", None, None),
        (
            "SET m.a = :v, m.c = :v",
            {"m": {"M": {"a": {"N": "1"}}}},
            {"m": {"M": {"a": {"N": "1"}, "c": {"N": "1"}}}},
        ),
        ("SET l[1] = :v", {"l": ITEM["l"]}, {"l": {"L": [{"N": "1"}, {"N": "1"}]}}),
        ("SET l[7] = :v", None, None),
        ("REMOVE l[0]", {"l": ITEM["l"]}, {"l": {"L": [{"S": "a"}]}}),
        ("REMOVE m.b[0]", {"m": ITEM["m"]}, None),
        (
            "SET m.b[0] = :v, m.a = :v",
            {"m": ITEM["m"]},
            {"m": {"M": {"a": {"N": "1"}, "b": {"L": [{"N": "1"}]}}}},
        ),
    ],
)
def test_updated_old_and_updated_new_are_the_updated_paths(update: str, old: Any, new: Any) -> None:
    assert returned("UPDATED_OLD", update) == old
    assert returned("UPDATED_NEW", update) == new


def test_return_values_none_returns_nothing() -> None:
    assert returned("NONE", "SET n = :v") is None
