"""Expressions that DynamoDB refuses, over every engine."""

from typing import Any

import pytest

from dynaseal_lab.dynamodb.update_expressions import mistake
from dynaseal_lab.model import Fault
from lab.services import DynamoDbCaller, EngineRefusalError

KEY = {"pk": {"S": "a"}}
VALUES = {":a": {"S": "x"}, ":b": {"S": "y"}}
OVERLAP = "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: "
UPDATES: dict[str, tuple[dict[str, Any], str]] = {
    "clause twice": (
        {"UpdateExpression": "SET a = :a SET b = :b", "ExpressionAttributeValues": VALUES},
        'The "SET" section can only be used once in an update expression',
    ),
    "removed twice": (
        {"UpdateExpression": "REMOVE a remove b"},
        'The "REMOVE" section can only be used once in an update expression',
    ),
    "path twice": (
        {"UpdateExpression": "SET a = :a, a = :b", "ExpressionAttributeValues": VALUES},
        OVERLAP + r"\[a\], path two: \[a\]",
    ),
    "path inside another": (
        {
            "UpdateExpression": "SET #a.b = :a REMOVE a.b.c",
            "ExpressionAttributeNames": {"#a": "a"},
            "ExpressionAttributeValues": {":a": VALUES[":a"]},
        },
        OVERLAP + r"\[a, b\], path two: \[a, b, c\]",
    ),
    "nothing after a comma": (
        {"UpdateExpression": "SET a = :a,", "ExpressionAttributeValues": {":a": VALUES[":a"]}},
        'Syntax error; token: "<EOF>"',
    ),
    "empty update": ({"UpdateExpression": ""}, "The expression can not be empty"),
    "empty condition": (
        {"UpdateExpression": "REMOVE a", "ConditionExpression": ""},
        "The expression can not be empty",
    ),
    "empty names": (
        {"UpdateExpression": "REMOVE a", "ExpressionAttributeNames": {}},
        "ExpressionAttributeNames must not be empty",
    ),
    "empty values": (
        {"UpdateExpression": "REMOVE a", "ExpressionAttributeValues": {}},
        "ExpressionAttributeValues must not be empty",
    ),
}
OTHERS: dict[str, tuple[str, dict[str, Any], str]] = {
    "empty projection": (
        "GetItem",
        {"Key": KEY, "ProjectionExpression": ""},
        "The expression can not be empty",
    ),
    "empty filter": ("Scan", {"FilterExpression": ""}, "The expression can not be empty"),
    "empty names of a projection": (
        "GetItem",
        {"Key": KEY, "ProjectionExpression": "a", "ExpressionAttributeNames": {}},
        "ExpressionAttributeNames must not be empty",
    ),
    "empty values of a filter": (
        "Scan",
        {"FilterExpression": "a = b", "ExpressionAttributeValues": {}},
        "ExpressionAttributeValues must not be empty",
    ),
    "empty condition of a put": (
        "PutItem",
        {"Item": KEY, "ConditionExpression": ""},
        "The expression can not be empty",
    ),
}


@pytest.fixture
def table(dynamodb: DynamoDbCaller) -> DynamoDbCaller:
    """A table with one item."""
    dynamodb.table()
    dynamodb("PutItem", TableName="items", Item=KEY)
    return dynamodb


@pytest.mark.parametrize("name", UPDATES)
def test_an_update_that_dynamodb_refuses_is_refused(table: DynamoDbCaller, name: str) -> None:
    params, message = UPDATES[name]
    with pytest.raises((Fault, EngineRefusalError), match=f"^ValidationException: .*{message}"):
        table("UpdateItem", TableName="items", Key=KEY, **params)
    action = {"Update": {"TableName": "items", "Key": KEY, **params}}
    with pytest.raises((Fault, EngineRefusalError), match=f"^ValidationException: .*{message}"):
        table("TransactWriteItems", TransactItems=[action])
    assert table("GetItem", TableName="items", Key=KEY)["Item"] == KEY


@pytest.mark.parametrize("name", OTHERS)
def test_other_requests_are_refused_likewise(table: DynamoDbCaller, name: str) -> None:
    operation, params, message = OTHERS[name]
    with pytest.raises((Fault, EngineRefusalError), match=f"^ValidationException: .*{message}"):
        table(operation, TableName="items", **params)


@pytest.mark.parametrize(
    "expression",
    [
        "SET a.#set = :a, b.#set[1] = if_not_exists(c, :b), d = list_append(d, :a) REMOVE e[0], e[1]",
        "SET a[0].b = :a, a[0].c = :b, #add = :a DELETE g :s",
        "set a = b, b = a + :n",
    ],
)
def test_what_dynamodb_accepts_has_no_mistake(expression: str) -> None:
    assert mistake(expression, {"#set": "SET", "#add": "ADD"}) is None


def test_paths_that_need_a_list_and_a_map_conflict() -> None:
    assert mistake("SET a.b = :a REMOVE a[0]", {}) == (
        "Two document paths conflict with each other; must remove or rewrite one of these paths; "
        "path one: [a, b], path two: [a, [0]]"
    )
