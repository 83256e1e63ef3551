"""What is refused in front of every engine, in DynamoDB's words; see also `lab.dynamodb.test_native`."""

import json
from typing import Any

import pytest

from lab.services import DynamoDbCaller, raises_fault

KEY = {"pk": {"S": "a"}}
HASH = [{"AttributeName": "pk", "KeyType": "HASH"}]
DEFINITION = {"AttributeName": "pk", "AttributeType": "S"}
NESTED: Any = {"S": "leaf"}
for _ in range(40):
    NESTED = {"L": [NESTED]}


def table(**more: Any) -> dict[str, Any]:
    """Return the parameters of a table, with some replaced."""
    return {
        "TableName": "made",
        "KeySchema": HASH,
        "AttributeDefinitions": [DEFINITION],
        "BillingMode": "PAY_PER_REQUEST",
        **more,
    }


def index(**more: Any) -> dict[str, Any]:
    """Return the parameters of a global index, with some replaced."""
    projection = {"ProjectionType": "ALL"}
    return {"IndexName": "by-owner", "KeySchema": HASH, "Projection": projection, **more}


REFUSALS: dict[str, tuple[str, dict[str, Any], str]] = {
    "missing member": ("GetItem", {"TableName": "items"}, "Value null at 'key' failed to satisfy"),
    "unknown value": (
        "PutItem",
        {"TableName": "items", "Item": KEY, "ReturnValues": "SOME"},
        "Value 'SOME' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set",
    ),
    "name of a table": ("Scan", {"TableName": "a table"}, "Value 'a table' at 'tableName' failed to satisfy"),
    "name of an attribute": (
        "PutItem",
        {"TableName": "items", "Item": KEY | {"x" * 65_536: {"S": "x"}}},
        "length less than or equal to 65535",
    ),
    "deep condition": (
        "DeleteItem",
        {
            "TableName": "items",
            "Key": KEY,
            "ConditionExpression": "a < b " + "or (a < b " * 350 + ")" * 350,
        },
        "Invalid ConditionExpression: The expression is nested too deeply",
    ),
    "negated condition": (
        "DeleteItem",
        {"TableName": "items", "Key": KEY, "ConditionExpression": "NOT " * 400 + "a = b"},
        "Invalid ConditionExpression: The expression is nested too deeply",
    ),
    "long condition": (
        "DeleteItem",
        {"TableName": "items", "Key": KEY, "ConditionExpression": "a" * 4097},
        "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size",
    ),
    "deep value": (
        "PutItem",
        {"TableName": "items", "Item": KEY | {"deep": NESTED}},
        "Nesting Levels have exceeded supported limits",
    ),
    "deep statement": (
        "ExecuteStatement",
        {"Statement": "SELECT * FROM items WHERE " + "(" * 4000 + "pk = 'a'" + ")" * 4000},
        "Statement wasn't well formed, can't be processed",
    ),
    "empty values in a transaction": (
        "TransactWriteItems",
        {"TransactItems": [{"Put": {"TableName": "items", "Item": KEY, "ExpressionAttributeValues": {}}}]},
        "ExpressionAttributeValues must not be empty",
    ),
    "unused name in a batch": (
        "BatchGetItem",
        {
            "RequestItems": {
                "items": {
                    "Keys": [KEY],
                    "ProjectionExpression": "#a",
                    "ExpressionAttributeNames": {"#a": "a", "#b": "b"},
                }
            }
        },
        r"Value provided in ExpressionAttributeNames unused in expressions: keys: \{#b\}",
    ),
    "unused name in a batch that another name begins with": (
        "BatchGetItem",
        {
            "RequestItems": {
                "items": {
                    "Keys": [{"pk": {"S": "a"}}],
                    "ProjectionExpression": "#bc",
                    "ExpressionAttributeNames": {"#b": "b", "#bc": "c"},
                }
            }
        },
        r"Value provided in ExpressionAttributeNames unused in expressions: keys: \{#b\}",
    ),
    "name that is not a stream's": (
        "GetShardIterator",
        {"StreamArn": "x" * 40, "ShardId": "shardId-" + "0" * 20, "ShardIteratorType": "LATEST"},
        "Invalid StreamArn: x",
    ),
    "definition twice": (
        "CreateTable",
        table(AttributeDefinitions=[DEFINITION, DEFINITION]),
        "Duplicate AttributeName in AttributeDefinitions: pk",
    ),
    "index without a partition key": (
        "CreateTable",
        table(
            GlobalSecondaryIndexes=[index(KeySchema=[{"AttributeName": "pk", "KeyType": "RANGE"}])],
        ),
        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
    ),
    "index added without a partition key": (
        "UpdateTable",
        {
            "TableName": "items",
            "AttributeDefinitions": [DEFINITION],
            "GlobalSecondaryIndexUpdates": [
                {"Create": index(KeySchema=[{"AttributeName": "pk", "KeyType": "RANGE"}])}
            ],
        },
        "Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
    ),
    "projected twice": (
        "CreateTable",
        table(
            GlobalSecondaryIndexes=[
                index(Projection={"ProjectionType": "INCLUDE", "NonKeyAttributes": ["a", "a"]})
            ],
        ),
        "Duplicate NonKeyAttributes of index by-owner: a",
    ),
    "long name of a key": (
        "CreateTable",
        table(
            KeySchema=[{"AttributeName": "k" * 256, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k" * 256, "AttributeType": "S"}],
        ),
        "length less than or equal to 255",
    ),
    "no capacity": (
        "CreateTable",
        table(BillingMode="PROVISIONED"),
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_request_that_dynamodb_refuses_is_refused(dynamodb: DynamoDbCaller, name: str) -> None:
    operation, params, message = REFUSALS[name]
    dynamodb.table()
    with raises_fault(f"ValidationException: .*{message}"):
        dynamodb(operation, **params)


def test_a_query_asks_only_for_what_the_index_has(dynamodb: DynamoDbCaller) -> None:
    owner = {"AttributeName": "owner", "AttributeType": "S"}
    keys_only = index(
        KeySchema=[{"AttributeName": "owner", "KeyType": "HASH"}], Projection={"ProjectionType": "KEYS_ONLY"}
    )
    dynamodb.table(AttributeDefinitions=[DEFINITION, owner], GlobalSecondaryIndexes=[keys_only])
    query = {
        "TableName": "items",
        "IndexName": "by-owner",
        "KeyConditionExpression": "#o = :o",
        "ExpressionAttributeNames": {"#o": "owner"},
        "ExpressionAttributeValues": {":o": {"S": "ann"}},
    }
    dynamodb("PutItem", TableName="items", Item=KEY | {"owner": {"S": "ann"}, "size": {"N": "1"}})
    assert dynamodb("Query", **query)["Items"] == [KEY | {"owner": {"S": "ann"}}]
    assert dynamodb("Query", **query, ProjectionExpression="pk, #o")["Count"] == 1
    with raises_fault(r"ValidationException: .*index by-owner does not project \[colour\]"):
        dynamodb("Query", **query, ProjectionExpression="pk, colour")
    with raises_fault("ValidationException: .*Select type ALL_ATTRIBUTES is not supported"):
        dynamodb("Query", **query, Select="ALL_ATTRIBUTES")
    with raises_fault("ValidationException: The table does not have the specified index: other"):
        dynamodb("Query", **{**query, "IndexName": "other"})


def test_limits_are_not_reached_by_what_dynamodb_accepts(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    value: Any = {"S": "leaf"}
    for _ in range(31):
        value = {"M": {"next": value}}
    dynamodb("PutItem", TableName="items", Item=KEY | {"deep": value})
    found = dynamodb("GetItem", TableName="items", Key=KEY)["Item"]
    assert json.dumps(found["deep"]) == json.dumps(value)
    condition = "pk <> a " + "or (pk <> a " * 140 + ")" * 140
    dynamodb("DeleteItem", TableName="items", Key=KEY, ConditionExpression=condition)
