"""Expressions give the results that DynamoDB Local 3.3.0 gave (`vectors/expressions.json`)."""

from __future__ import annotations

import json
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dynaseal.errors import UnsupportedOperationError
from dynaseal.expressions import apply_update, matches, parse_condition, parse_update
from dynaseal.expressions.refusals import InvalidExpressionError

RECORDED = json.loads((Path(__file__).parents[2] / "vectors" / "expressions.json").read_text())

# DynamoDB refuses these on grounds of style; here they are read, as they can be read in one way only.
STYLE = "redundant parentheses"
# Its limit of 300 operators is DynamoDB's to keep: here there is another, for the sake of Python's recursion.
SIZE = "too many operators"


def wire(value: Any) -> Any:
    """A value of DynamoDB's JSON as botocore has it."""
    if isinstance(value, dict):
        return {kind: decoded(kind, part) for kind, part in value.items()}
    return [wire(part) for part in value] if isinstance(value, list) else value


def decoded(kind: str, part: Any) -> Any:
    if kind == "B":
        return b64decode(part)
    return [b64decode(member) for member in part] if kind == "BS" else wire(part)


def attributes(members: dict[str, Any] | None) -> dict[str, Any]:
    return {name: wire(value) for name, value in (members or {}).items()}


def unordered(value: Any) -> Any:
    """A value with its sets in order."""
    if isinstance(value, dict):
        return {
            kind: sorted(part) if kind in {"SS", "NS", "BS"} else unordered(part)
            for kind, part in value.items()
        }
    return [unordered(part) for part in value] if isinstance(value, list) else value


def identity(case: dict[str, Any]) -> str:
    return case["expression"][:50]


ITEM = attributes(RECORDED["item"])


def holds(case: dict[str, Any]) -> bool:
    condition = parse_condition(case["expression"], "FilterExpression")
    return matches(condition, ITEM, case.get("names"), attributes(case.get("values")))


@pytest.mark.parametrize("case", [c for c in RECORDED["conditions"] if "holds" in c], ids=identity)
def test_a_condition_holds_where_dynamodb_says_so(case: dict[str, Any]) -> None:
    assert holds(case) is case["holds"]


@pytest.mark.parametrize("case", [c for c in RECORDED["conditions"] if "refused" in c], ids=identity)
def test_a_condition_that_dynamodb_refuses_is_refused_or_read_in_the_one_way_it_can_be(
    case: dict[str, Any],
) -> None:
    if STYLE in case["refused"]:
        assert holds(case)
    elif SIZE in case["refused"]:
        with suppress(UnsupportedOperationError):
            assert holds(case)
    else:
        with pytest.raises(UnsupportedOperationError, match="Invalid FilterExpression"):
            holds(case)


@pytest.mark.parametrize("case", [c for c in RECORDED["updates"] if "after" in c], ids=identity)
def test_an_update_makes_of_an_item_what_dynamodb_makes_of_it(case: dict[str, Any]) -> None:
    after = apply_update(
        parse_update(case["expression"]), ITEM, case.get("names"), attributes(case.get("values"))
    )
    assert unordered(after) == unordered(attributes(case["after"]))
    assert attributes(RECORDED["item"]) == ITEM, "the item given was changed"


@pytest.mark.parametrize("case", [c for c in RECORDED["updates"] if "refused" in c], ids=identity)
def test_an_update_that_dynamodb_refuses_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedOperationError):
        apply_update(
            parse_update(case["expression"]), ITEM, case.get("names"), attributes(case.get("values"))
        )


@pytest.mark.parametrize(
    "case",
    [
        c
        for c in RECORDED["conditions"]
        if "refused" in c and STYLE not in c["refused"] and SIZE not in c["refused"]
    ],
    ids=identity,
)
def test_a_condition_is_refused_with_dynamodbs_message(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidExpressionError) as refusal:
        holds(case)
    assert refusal.value.dynamodb_message == case["refused"]
