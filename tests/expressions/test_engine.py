"""Random conditions on random items: the same result as a DynamoDB engine's.

ministack evaluates some conditions differently (`vectors/expressions.json` has DynamoDB's results): sizes of
numbers, parts of binary, numbers in sets under another spelling, comparisons of two missing attributes, and
begins_with on a value that is not a string. The conditions here have none of these.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynaseal.expressions import matches, parse_condition
from support.dynamodb import client_of, create_table, running_engine

STRINGS = ["", "a", "ab", "abc", "\u00e9", "\uff61", "\U00010002"]
NUMBERS = ["0", "1", "-1", "1.5", "10", "9", "100", "-2"]
SCALARS = [
    *({"S": string} for string in STRINGS),
    *({"N": number} for number in NUMBERS),
    {"B": b"ab"},
    {"BOOL": True},
]


def item(key: int) -> dict[str, Any]:
    """An item whose attributes take each type in turn, some missing."""
    attributes: dict[str, Any] = {"k": {"S": str(key)}, "word": {"S": STRINGS[key % len(STRINGS)]}}
    for position, name in enumerate(("a", "b1", "inbound")):
        if (key + position) % 4:
            attributes[name] = SCALARS[(key * (position + 2)) % len(SCALARS)]
    if key % 3:
        attributes["m1"] = {
            "M": {"c": SCALARS[key % len(SCALARS)], "d": {"L": [SCALARS[-key % len(SCALARS)], {"N": "1"}]}}
        }
    if key % 5:
        attributes["tags"] = {"SS": sorted({STRINGS[1:][key % 6], "a"})}
    return attributes


ITEMS = [item(key) for key in range(24)]

paths = st.sampled_from(["a", "b1", "inbound", "m1.c", "m1.d[0]", "m1.d[7]", "#n", "nothing"])
scalars = st.sampled_from([value for value in SCALARS if value != {"S": ""}])
ordered = st.sampled_from([value for value in SCALARS if "BOOL" not in value])
counts = st.sampled_from([{"N": "0"}, {"N": "1"}, {"N": "2"}, {"N": "3"}])
sets = st.sampled_from([{"SS": ["a", "ab"]}, {"SS": ["ab", "a"]}, {"SS": ["a"]}])
types = st.sampled_from([{"S": kind} for kind in ("S", "N", "B", "BOOL", "M", "L", "SS")])
comparators = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
strings = st.sampled_from([{"S": string} for string in STRINGS[1:]])
bounds = st.one_of(
    st.lists(strings, min_size=2, max_size=2).map(lambda ends: sorted(ends, key=lambda value: value["S"])),
    st.lists(st.sampled_from([{"N": number} for number in NUMBERS]), min_size=2, max_size=2).map(
        lambda ends: sorted(ends, key=lambda value: float(value["N"]))
    ),
)


@st.composite
def conditions(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A condition and its values."""
    values: dict[str, Any] = {}

    def value(strategy: st.SearchStrategy[Any]) -> str:
        name = f":v{len(values)}"
        values[name] = draw(strategy)
        return name

    def between() -> str:
        low, high = draw(bounds)
        return f"{draw(paths)} BETWEEN {value(st.just(low))} AND {value(st.just(high))}"

    leaves = [
        lambda: f"{draw(paths)} {draw(comparators)} {value(ordered)}",
        lambda: f"{draw(paths)} {draw(st.sampled_from(['=', '<>']))} {value(scalars)}",
        lambda: f"size(tags) {draw(comparators)} {value(counts)}",
        lambda: f"tags {draw(st.sampled_from(['=', '<>']))} {value(sets)}",
        lambda: f"contains(tags, {value(strings)})",
        lambda: f"begins_with(word, {value(strings)})",
        lambda: f"attribute_type({draw(paths)}, {value(types)})",
        lambda: f"{draw(st.sampled_from(['attribute_exists', 'attribute_not_exists']))}({draw(paths)})",
        lambda: f"{draw(paths)} IN ({value(scalars)}, {value(scalars)})",
        between,
    ]

    def condition(depth: int) -> str:
        if depth == 0 or draw(st.booleans()):
            return draw(st.sampled_from(leaves))()
        if draw(st.integers(0, 2)) == 0:
            return f"NOT ({condition(depth - 1)})"
        joiner = draw(st.sampled_from([" AND ", " OR ", " and ", " oR "]))
        sides = [condition(depth - 1), condition(depth - 1)]
        return joiner.join(f"({side})" if draw(st.booleans()) else side for side in sides)

    return condition(3), values


@pytest.fixture(scope="module")
def table() -> Iterator[tuple[Any, str]]:
    with running_engine() as endpoint:
        client = client_of(endpoint)
        name = create_table(client, "k")
        for attributes in ITEMS:
            client.put_item(TableName=name, Item=attributes)
        yield client, name
        client.close()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(case=conditions())
def test_a_condition_finds_the_items_that_the_engine_finds(
    table: tuple[Any, str], case: tuple[str, dict[str, Any]]
) -> None:
    client, name = table
    expression, values = case
    names = {"#n": "inbound"} if "#n" in expression else {}
    arguments = {"ExpressionAttributeValues": values, "ExpressionAttributeNames": names}
    reply = client.scan(
        TableName=name, FilterExpression=expression, **{key: part for key, part in arguments.items() if part}
    )
    condition = parse_condition(expression, "FilterExpression")
    found = {attributes["k"]["S"] for attributes in ITEMS if matches(condition, attributes, names, values)}
    assert found == {attributes["k"]["S"] for attributes in reply["Items"]}
