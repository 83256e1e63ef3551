"""Showing values: one printable line that is never much longer than its limit, and sizes as DynamoDB's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal.inspection.values import json_value, show_bytes, show_value, type_of, value_size


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"S": "gold"}, "'gold'"),
        ({"S": "<script>\u202e\x00"}, "'<script>\\u202e\\x00'"),
        ({"N": "-1.5e3"}, "-1.5e3"),
        ({"BOOL": False}, "false"),
        ({"NULL": True}, "null"),
        ({"SS": ["a", "b"]}, "{'a', 'b'}"),
        ({"NS": ["1", "2"]}, "{1, 2}"),
        ({"BS": [b"\x01"]}, "{0x01}"),
        ({"M": {"a": {"L": []}}}, "{'a': []}"),
        ({"B": "AAE="}, "'AAE='"),
        ({"S": 5}, "5"),
        ({"X": "y"}, "(dict, which is not an attribute value)"),
        (None, "None"),
    ],
)
def test_a_value_is_shown(value: Any, expected: str) -> None:
    assert show_value(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"S": "x" * 400_000},
        {"B": bytes(400_000)},
        {"N": "9" * 400_000},
        {"L": [{"S": "x" * 200}] * 2000},
        {"M": {f"{at}" * 50: {"N": "1"} for at in range(2000)}},
        {"SS": [f"{at}" * 9 for at in range(9000)]},
    ],
)
def test_a_huge_value_is_cut(value: Any) -> None:
    assert len(show_value(value, 100)) < 200


def test_a_value_that_is_nested_too_deep_is_cut() -> None:
    value: Any = {"S": "x"}
    for _ in range(900):
        value = {"L": [value]}
    assert "..." in show_value(value, 5000)
    assert value_size(value) > 0
    assert json.dumps(json_value(value))


def test_bytes_that_are_cut_say_how_many_there_are() -> None:
    assert show_bytes(bytes(9), 8) == "0x000000... (9 bytes)"


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "é"}, 2),
        ({"B": bytes(7)}, 7),
        ({"N": "0"}, 1),
        ({"N": "-12"}, 3),
        ({"N": "1000000"}, 2),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["ab", "c"]}, 3),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 2 + 1),
    ],
)
def test_sizes_are_as_dynamodb_counts_them(value: Any, size: int) -> None:
    assert value_size(value) == size


@given(
    st.recursive(
        st.none() | st.text() | st.binary() | st.integers() | st.floats() | st.sets(st.text()),
        lambda inner: st.dictionaries(st.sampled_from("SNBLM"), inner) | st.lists(inner),
    )
)
def test_nothing_that_an_item_can_hold_makes_it_fail(value: Any) -> None:
    assert show_value(value).isprintable()
    assert value_size(value) >= 0
    assert type_of(value) in (None, "S", "N", "B", "L", "M")
    json.dumps(json_value(value), allow_nan=False)
