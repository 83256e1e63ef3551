"""The parts of a request: read from each form that requests have, and written back with other names."""

from typing import Any

import pytest

from dynaseal_lab.dynamodb.operations import OPERATIONS
from dynaseal_lab.model import Fault, Params

ARN = "arn:aws:dynamodb:us-west-2:111122223333:table/items"
KEY, ITEM = {"pk": {"S": "a"}}, {"pk": {"S": "b"}, "x": {"N": "1"}}


def requests(table: str) -> dict[str, dict[str, Any]]:
    """Return a request of each form, by its operation; each of its parts names the table."""
    insert = f"INSERT INTO \"{table}\" VALUE {{'pk': 1}}"
    return {
        "GetItem": {"TableName": table, "Key": KEY},
        "PutItem": {"TableName": table, "Item": ITEM},
        "Query": {"TableName": table, "IndexName": "by-owner"},
        "Scan": {"TableName": table},
        "DescribeTable": {"TableName": table},
        "BatchGetItem": {"RequestItems": {table: {"Keys": [KEY, {"pk": {"S": "b"}}]}}},
        "BatchWriteItem": {
            "RequestItems": {table: [{"PutRequest": {"Item": ITEM}}, {"DeleteRequest": {"Key": KEY}}]}
        },
        "TransactGetItems": {"TransactItems": [{"Get": {"TableName": table, "Key": KEY}}]},
        "TransactWriteItems": {
            "TransactItems": [
                {"Put": {"TableName": table, "Item": ITEM}},
                {"ConditionCheck": {"TableName": table, "Key": KEY}},
            ]
        },
        "ExecuteStatement": {"Statement": f'SELECT * FROM "{table}"'},
        "BatchExecuteStatement": {"Statements": [{"Statement": f'DELETE FROM "{table}" WHERE pk = 1'}]},
        "ExecuteTransaction": {"TransactStatements": [{"Statement": insert}]},
    }


@pytest.mark.parametrize(
    ("operation", "actions", "keys"),
    [
        ("GetItem", [None], [(KEY,)]),
        ("PutItem", [None], [(ITEM,)]),
        ("Query", [None], [()]),
        ("Scan", [None], [()]),
        ("DescribeTable", [None], [()]),
        ("BatchGetItem", [None], [(KEY, {"pk": {"S": "b"}})]),
        ("BatchWriteItem", [None], [(ITEM, KEY)]),
        ("TransactGetItems", ["GetItem"], [(KEY,)]),
        ("TransactWriteItems", ["PutItem", "ConditionCheckItem"], [(ITEM,), (KEY,)]),
        ("ExecuteStatement", ["PartiQLSelect"], [()]),
        ("BatchExecuteStatement", ["PartiQLDelete"], [()]),
        ("ExecuteTransaction", ["PartiQLInsert"], [()]),
    ],
)
def test_each_part_has_its_table_its_action_and_its_keys(
    operation: str, actions: list[str | None], keys: list[tuple[Params, ...]]
) -> None:
    parts = list(OPERATIONS[operation].form.parts(requests("items")[operation]))
    assert [part.table for part in parts] == ["items"] * len(parts)
    assert [part.action for part in parts] == actions
    assert [part.keys for part in parts] == keys


@pytest.mark.parametrize(
    ("operation", "params", "key"),
    [
        ("GetItem", {"TableName": "items", "Item": ITEM, "Key": KEY}, KEY),
        ("DeleteItem", {"TableName": "items", "Item": ITEM, "Key": KEY}, KEY),
        ("UpdateItem", {"TableName": "items", "Item": ITEM, "Key": KEY}, KEY),
        ("PutItem", {"TableName": "items", "Item": ITEM, "Key": KEY}, ITEM),
        (
            "BatchWriteItem",
            {"RequestItems": {"items": [{"DeleteRequest": {"Item": ITEM, "Key": KEY}}]}},
            KEY,
        ),
        (
            "BatchWriteItem",
            {"RequestItems": {"items": [{"PutRequest": {"Item": ITEM, "Key": KEY}}]}},
            ITEM,
        ),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Delete": {"TableName": "items", "Item": ITEM, "Key": KEY}}]},
            KEY,
        ),
        (
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "items", "Item": ITEM, "Key": KEY}}]},
            ITEM,
        ),
    ],
)
def test_the_key_is_the_member_that_the_engine_reads_whatever_else_the_request_has(
    operation: str, params: Params, key: Params
) -> None:
    (part,) = OPERATIONS[operation].form.parts(params)
    assert part.keys == (key,)


@pytest.mark.parametrize("operation", requests(ARN))
def test_renaming_replaces_the_table_in_each_part_and_nothing_else(operation: str) -> None:
    renamed = OPERATIONS[operation].form.renamed(
        requests(ARN)[operation], lambda name: "items" if name == ARN else name
    )
    assert renamed == requests("items")[operation]


@pytest.mark.parametrize("operation", [name for name, entry in OPERATIONS.items() if entry.items is not None])
def test_a_request_without_its_parameters_is_renamed_to_itself(operation: str) -> None:
    assert OPERATIONS[operation].form.renamed({"ReturnConsumedCapacity": "NONE"}, str) == {
        "ReturnConsumedCapacity": "NONE"
    }


def test_a_transaction_cannot_contain_a_word_that_dynamodb_does_not_have() -> None:
    params = {"TransactItems": [{"Move": {"TableName": "items", "Key": KEY}}]}
    with pytest.raises(Fault, match=r"^ValidationException: An entry of TransactItems cannot contain Move$"):
        list(OPERATIONS["TransactWriteItems"].form.parts(params))
