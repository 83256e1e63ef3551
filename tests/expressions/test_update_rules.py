"""Rules of update requests that the recorded cases do not have, as DynamoDB Local answers them."""

from __future__ import annotations

from typing import Any

import pytest

from dynaseal.expressions import apply_update, matches
from dynaseal.expressions.refusals import InvalidExpressionError
from dynaseal.expressions.validation import check_update_request


def wire(value: Any) -> Any:
    """A value in wire form, written shorter: numbers, strings, lists, maps and sets of strings."""
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, set):
        return {"SS": sorted(value)}
    if isinstance(value, list):
        return {"L": [wire(element) for element in value]}
    return {"M": {name: wire(member) for name, member in value.items()}}


ITEM = {
    "n1": wire(1),
    "n2": wire(2),
    "s1": wire("a"),
    "l1": wire(["a", "b"]),
    "recs": wire([{"x": 0}, {"y": 1, "s": {"a"}}, {"y": 2, "s": {"a"}}]),
    "grid": wire([["00", "01"], ["10", "11"], ["20", "21"], ["30", "31"]]),
}
VALUES = {":one": wire(1), ":s": wire("a"), ":l": wire(["z"]), ":members": {"SS": ["a"]}}
DISTINCT = "The first operand must be distinct from the remaining operands for this operator or function"
NOT_THIS_WAY = "The function is not allowed to be used this way in an expression; function: list_append"
MISSING = "The provided expression refers to an attribute that does not exist in the item"
WRONG_TYPE = "An operand in the update expression has an incorrect data type"


def answer(request: dict[str, Any]) -> Any:
    text = f"{request.get('UpdateExpression')} {request.get('ConditionExpression')}"
    used = {name: value for name, value in VALUES.items() if name in text}
    try:
        update, condition, names, values = check_update_request(
            {**({"ExpressionAttributeValues": used} if used else {}), **request}
        )
        if condition is not None:
            matches(condition, ITEM, names, values)
        return None if update is None else apply_update(update, ITEM, names, values)
    except InvalidExpressionError as error:
        return error.dynamodb_message


@pytest.mark.parametrize(
    "update",
    [
        "SET x = if_not_exists(n1, n1)",
        "SET n1 = if_not_exists(n1, n1) + :one",
        "SET x = :one + if_not_exists(n1, n1)",
        "SET x = if_not_exists(n1, if_not_exists(n1, n1))",
        "SET x = list_append(:l, if_not_exists(n1, n1))",
        "SET x = if_not_exists(#n, n1)",
    ],
)
def test_if_not_exists_needs_two_operands(update: str) -> None:
    names = {"ExpressionAttributeNames": {"#n": "n1"}} if "#n" in update else {}
    reason = f"Invalid UpdateExpression: {DISTINCT}; operator: if_not_exists, first operand: [n1]"
    assert answer({"UpdateExpression": update, **names}) == reason


def test_the_first_operand_is_shown_with_its_indexes() -> None:
    found = answer({"UpdateExpression": "SET x = if_not_exists(l1[0], l1[0])"})
    assert found.endswith("first operand: [l1, [0]]")


@pytest.mark.parametrize(
    "update",
    [
        "SET x = if_not_exists(y, list_append(l1, :l))",
        "SET x = list_append(l1, list_append(l1, :l))",
        "SET x = list_append(list_append(l1, :l), l1)",
        "SET x = n1 + list_append(l1, :l)",
        "SET x = list_append(l1, :l) - n1",
        "SET x = if_not_exists(y, list_append(l1, :l)), x.y = n1",
        "SET x = list_append(:s, list_append(l1, :undefined))",
    ],
)
def test_list_append_must_be_the_whole_right_side(update: str) -> None:
    assert answer({"UpdateExpression": update}) == f"Invalid UpdateExpression: {NOT_THIS_WAY}"


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ("SET x = if_not_exists(n1, nosuch)", MISSING),
        ("SET x = if_not_exists(n1, l1[9]) + :one", MISSING),
        ("SET x = if_not_exists(n1, if_not_exists(nosuch, n2))", wire(1)),
        ("SET x = if_not_exists(n1, if_not_exists(n1, :one))", wire(1)),
        ("SET x = if_not_exists(n1, :s) + :one", wire(2)),
        ("SET x = :one - if_not_exists(n1, :s)", wire(0)),
        ("SET x = if_not_exists(nosuch, :s) + :one", WRONG_TYPE),
        ("SET x = list_append(l1, if_not_exists(l1, :one))", wire(["a", "b", "a", "b"])),
        ("SET x = list_append(if_not_exists(nosuch, :one), :l)", WRONG_TYPE),
    ],
)
def test_both_operands_of_if_not_exists_are_evaluated_and_only_one_is_used(
    update: str, expected: Any
) -> None:
    found = answer({"UpdateExpression": update})
    assert (found if isinstance(found, str) else found["x"]) == expected


@pytest.mark.parametrize(
    ("condition", "operator"),
    [
        ("n1 BETWEEN n1 AND n2", "BETWEEN"),
        ("n1 BETWEEN n2 AND n1", "BETWEEN"),
        ("n1 BETWEEN :one AND #n", "BETWEEN"),
        ("n1 IN (n1)", "IN"),
        ("n1 IN (:one, #n)", "IN"),
        ("n1 = #n", "="),
        ("contains(n1, #n)", "contains"),
    ],
)
def test_a_condition_compares_an_attribute_with_something_else(condition: str, operator: str) -> None:
    names = {"#n": "n1"} if "#n" in condition else {}
    found = answer({"ConditionExpression": condition, "ExpressionAttributeNames": names})
    expected = f"Invalid ConditionExpression: {DISTINCT}; operator: {operator}, first operand: [n1]"
    assert found == expected


def test_an_empty_condition_is_refused() -> None:
    found = answer({"UpdateExpression": "REMOVE n1", "ConditionExpression": ""})
    assert found == "Invalid ConditionExpression: The expression can not be empty;"


@pytest.mark.parametrize("inside", [{"M": {"": wire(1)}}, wire([{"": 1}]), wire({"a": {"b": {"": 1}}})])
def test_a_member_without_a_name_is_refused(inside: Any) -> None:
    found = answer({"UpdateExpression": "SET x = :v", "ExpressionAttributeValues": {":v": inside}})
    assert found == "ExpressionAttributeValues contains invalid value: Empty attribute name for key :v"


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return wire(value)


@pytest.mark.parametrize(
    ("update", "levels", "is_accepted"),
    [
        ("SET x = :v", 31, True),
        ("SET x = :v", 32, False),
        ("SET recs[0].z = :v", 29, True),
        ("SET recs[0].z = :v", 30, False),
        ("SET recs[9] = :v", 31, False),
    ],
)
def test_an_item_has_32_levels_at_most(update: str, levels: int, is_accepted: bool) -> None:
    found = answer({"UpdateExpression": update, "ExpressionAttributeValues": {":v": nested(levels)}})
    assert (found != "Nesting Levels have exceeded supported limits") is is_accepted


def test_a_value_has_32_levels_at_most() -> None:
    request = {"UpdateExpression": "SET x = :v", "ConditionExpression": "n1 <> :v"}
    found = answer({**request, "ExpressionAttributeValues": {":v": nested(33)}})
    assert found == (
        "ExpressionAttributeValues contains invalid value: Nesting Levels have exceeded supported limits: "
        "Attributes in the item have nested levels beyond supported limit for key :v"
    )


@pytest.mark.parametrize(
    ("update", "is_accepted"),
    [
        ("REMOVE " + ", ".join(f"a{n}" for n in range(500)), True),
        ("SET " + ", ".join(f"a{n} = :one" for n in range(330)), True),
        ("ADD " + ", ".join(f"a{n} :one" for n in range(350)), True),
        ("SET " + ", ".join(f"a{n}=n1+n2" for n in range(300)), True),
        ("SET " + ", ".join(f"a{n}=n1+n2" for n in range(301)), False),
    ],
)
def test_an_update_has_300_operators_and_functions_at_most(update: str, is_accepted: bool) -> None:
    found = answer({"UpdateExpression": update})
    refusal = "Invalid UpdateExpression: The expression contains too many operators; operator count: 301"
    assert (found != refusal) is is_accepted


@pytest.mark.parametrize(
    ("update", "name", "expected"),
    [
        ("SET l1[3] = :s REMOVE l1[2]", "l1", ["a", "b", "a"]),
        ("SET l1[3] = :s REMOVE l1[9]", "l1", ["a", "b", "a"]),
        ("ADD l1[3] :one REMOVE l1[2]", "l1", ["a", "b", 1]),
        ("DELETE l1[2] :members SET l1[3] = :s", "l1", ["a", "b", "a"]),
        ("SET grid[0][3] = :s REMOVE grid[0][2]", "grid[0]", ["00", "01", "a"]),
        ("REMOVE recs[0], recs[1].y", "recs", [{"s": {"a"}}, {"y": 2, "s": {"a"}}]),
        ("REMOVE recs[1].y, recs[0]", "recs", [{"s": {"a"}}, {"y": 2, "s": {"a"}}]),
        ("REMOVE recs[0] DELETE recs[1].s :members", "recs", [{"y": 1}, {"y": 2, "s": {"a"}}]),
        ("REMOVE grid[0], grid[1][0], grid[3][1]", "grid", [["11"], ["20", "21"], ["30"]]),
        ("REMOVE grid[1], grid[3][0]", "grid", [["00", "01"], ["20", "21"], ["31"]]),
    ],
)
def test_every_path_means_the_item_before_the_update(update: str, name: str, expected: Any) -> None:
    found = answer({"UpdateExpression": update})
    attribute = found[name.partition("[")[0]]
    assert (attribute["L"][0] if name.endswith("]") else attribute) == wire(expected)


@pytest.mark.parametrize("parameter", ["ExpressionAttributeNames", "ExpressionAttributeValues"])
def test_placeholders_beside_an_update_expression_must_not_be_empty(parameter: str) -> None:
    assert answer({"UpdateExpression": "REMOVE n1", parameter: {}}) == f"{parameter} must not be empty"
