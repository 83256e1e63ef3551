"""Update requests get the results and error messages that DynamoDB Local gave (`vectors/updates.json`)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dynaseal.expressions import apply_update, matches
from dynaseal.expressions.refusals import InvalidExpressionError
from dynaseal.expressions.validation import check_update_request
from expressions.test_recorded import attributes, unordered

RECORDED = json.loads((Path(__file__).parents[2] / "vectors" / "updates.json").read_text())
ITEM = attributes(RECORDED["item"])
KEY = {"k": ITEM["k"]}
NOT_CHECKED_HERE = "Cannot update attribute k. This attribute is part of the key"
"""DynamoDB checks key attributes after the condition; the plan of an update does."""


def without_values(message: str) -> str:
    """DynamoDB's message as it is given here: values may be those of encrypted attributes."""
    return re.sub(r"\{(S|N):\w+\}", r"{\1:...}", re.sub(r"collection \[.*\]", "collection [...]", message))


def identity(case: dict[str, Any]) -> str:
    return f"{case.get('UpdateExpression')} / {case.get('ConditionExpression')}"[:60]


def answer(case: dict[str, Any]) -> tuple[str, Any]:
    values = attributes(case.get("ExpressionAttributeValues"))
    request = {**case, **({"ExpressionAttributeValues": values} if values else {})}
    before = None if case["absent"] else ITEM
    try:
        update, condition, names, values = check_update_request(request)
        if condition is not None and not matches(condition, before or {}, names, values):
            return "ConditionalCheckFailedException", "The conditional request failed"
        assert update is not None
        return "", apply_update(update, before or KEY, names, values)
    except InvalidExpressionError as error:
        return "ValidationException", error.dynamodb_message


@pytest.mark.parametrize("case", RECORDED["cases"], ids=identity)
def test_an_update_request_is_answered_as_dynamodb_answers_it(case: dict[str, Any]) -> None:
    code, found = answer(case)
    error = case.get("error")
    if error is None:
        assert (code, unordered(found)) == ("", unordered(attributes(case["after"])))
    elif NOT_CHECKED_HERE not in error["message"]:
        assert (code, found) == (error["code"], without_values(error["message"]))
