"""A number is one key however it is written, over every engine."""

from typing import Any

import pytest

from dynaseal_lab.dynamodb.ministack_requests import corrected
from dynaseal_lab.dynamodb.numbers import shortest_form, with_shortest_numbers
from dynaseal_lab.model import Fault
from lab.services import DynamoDbCaller, EngineRefusalError

SPELLINGS = ("1", "1.0", "1.00", "1e0", "10e-1", "0.1E1", "+1", "01")


def key(number: str) -> dict[str, Any]:
    return {"pk": {"N": number}}


@pytest.fixture
def numbers(dynamodb: DynamoDbCaller) -> DynamoDbCaller:
    """A table whose partition key is a number, with the item 1."""
    dynamodb.table(AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "N"}])
    dynamodb(
        "PutItem", TableName="items", Item=key("1.0") | {"v": {"N": "2.50"}, "w": {"NS": ["1.0", "2e1"]}}
    )
    return dynamodb


@pytest.mark.parametrize("number", SPELLINGS)
def test_a_key_is_found_however_it_is_written(numbers: DynamoDbCaller, number: str) -> None:
    found = numbers("GetItem", TableName="items", Key=key(number))["Item"]
    assert (found["pk"], found["v"], sorted(found["w"]["NS"])) == ({"N": "1"}, {"N": "2.5"}, ["1", "20"])
    values = {":pk": {"N": number}}
    query = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": values}
    assert numbers("Query", TableName="items", **query)["Count"] == 1
    conditions = {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"N": number}]}}
    assert numbers("Query", TableName="items", KeyConditions=conditions)["Count"] == 1
    batch = numbers("BatchGetItem", RequestItems={"items": {"Keys": [key(number)]}})
    assert len(batch["Responses"]["items"]) == 1
    one = [{"Get": {"TableName": "items", "Key": key(number)}}]
    assert numbers("TransactGetItems", TransactItems=one)["Responses"][0]["Item"]["pk"] == {"N": "1"}


@pytest.mark.parametrize("number", [number for number in SPELLINGS if number[0] not in "+0"])
def test_a_partiql_statement_finds_it_too(numbers: DynamoDbCaller, number: str) -> None:
    by_literal = numbers("ExecuteStatement", Statement=f"SELECT * FROM items WHERE pk = {number}")
    by_parameter = numbers(
        "ExecuteStatement", Statement="SELECT * FROM items WHERE pk = ?", Parameters=[{"N": number}]
    )
    assert len(by_literal["Items"]) == len(by_parameter["Items"]) == 1


def test_writes_replace_the_one_item(numbers: DynamoDbCaller) -> None:
    numbers("PutItem", TableName="items", Item=key("1e0"))
    puts = [{"PutRequest": {"Item": key("1.000")}}]
    numbers("BatchWriteItem", RequestItems={"items": puts})
    update = {"UpdateExpression": "SET n = :n", "ExpressionAttributeValues": {":n": {"N": "5"}}}
    numbers(
        "TransactWriteItems", TransactItems=[{"Update": {"TableName": "items", "Key": key("1.0"), **update}}]
    )
    assert numbers("Scan", TableName="items")["Items"] == [key("1") | {"n": {"N": "5"}}]
    numbers("DeleteItem", TableName="items", Key=key("10e-1"))
    assert numbers("Scan", TableName="items")["Items"] == []


def test_a_batch_names_a_key_only_once_however_it_is_written(numbers: DynamoDbCaller) -> None:
    keys = [key("1"), key("1.0")]
    with pytest.raises((Fault, EngineRefusalError), match="duplicates"):
        numbers("BatchGetItem", RequestItems={"items": {"Keys": keys}})


def test_only_numbers_are_rewritten() -> None:
    body = rb'{"Item":{"a":{"S":"{\"N\":\"1.0\"}"},"N":{"S":"1.0"},"b":{"N":"x1.0"}}}'
    assert with_shortest_numbers(body) == body
    statement = b"""{"Statement": "UPDATE \\"t1.0\\" SET a = '1.0' SET b[10] = 1.50 WHERE pk = -1e1"}"""
    expected = b"""{"Statement": "UPDATE \\"t1.0\\" SET a = '1.0' SET b[10] = 1.5 WHERE pk = -10"}"""
    assert corrected(statement, single_write=False) == expected


def test_the_shortest_form_of_every_size() -> None:
    assert shortest_form("-0.0") == "0"
    assert shortest_form("1E125") == "1" + "0" * 125
    assert shortest_form("1e-130") == "0." + "0" * 129 + "1"
    assert (
        shortest_form("12345678901234567890123456789012345678.0") == "12345678901234567890123456789012345678"
    )
    for other in ("", "1e126", "1e-131", "NaN", "Infinity", "1_000", "٣", "1e9999999"):
        assert shortest_form(other) == other
