"""An update never creates an unencrypted item."""

from __future__ import annotations

from typing import Any

import pytest
from boto3.dynamodb.conditions import Attr

from dynaseal import PlaintextPolicy, UpdateMode
from dynaseal.boto.wrappers.client import EncryptedClient
from dynaseal.boto.wrappers.table import EncryptedTable
from support.dynamodb import create_table
from support.people import people
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

COUNT = {"UpdateExpression": "ADD memo :one", "ExpressionAttributeValues": {":one": 1}}
REASON = "has no encrypted item with this key"


@pytest.fixture
def plain(client: Any, resource: Any) -> Any:
    return resource.Table(create_table(client, "pk"))


@pytest.fixture
def table(plain: Any) -> EncryptedTable:
    return EncryptedTable(plain, config=people())


def refusal(table: Any, **arguments: Any) -> Any:
    with pytest.raises(table.meta.client.exceptions.ConditionalCheckFailedException) as caught:
        table.update_item(Key={"pk": "ann"}, **{**COUNT, **arguments})
    return caught.value


def test_an_update_of_a_missing_item_fails_and_says_what_would_create_it(
    plain: Any, table: EncryptedTable
) -> None:
    error = refusal(table)

    assert REASON in str(error)
    assert "UpdateMode.READ_MODIFY_WRITE" in str(error)
    assert "Item" not in plain.get_item(Key={"pk": "ann"})


def test_an_update_of_an_unencrypted_item_fails_and_does_not_return_it(
    plain: Any, table: EncryptedTable
) -> None:
    plain.put_item(Item={"pk": "ann", "city": "Bern"})

    error = refusal(table, ReturnValuesOnConditionCheckFailure="ALL_OLD")

    assert REASON in str(error)
    assert "Item" not in error.response


def test_the_caller_s_condition_counts_on_an_encrypted_item(table: EncryptedTable) -> None:
    table.put_item(Item={"pk": "ann", "memo": 1, "secret": "x"})
    returned = refusal(
        table, ConditionExpression=Attr("city").exists(), ReturnValuesOnConditionCheckFailure="ALL_OLD"
    )
    assert returned.response["Error"]["Message"] == "The conditional request failed"
    assert returned.response["Item"] == {"pk": {"S": "ann"}, "memo": {"N": "1"}, "secret": {"S": "x"}}
    assert "the condition of the request is false, or" in str(
        refusal(table, ConditionExpression=Attr("city").exists())
    )


@pytest.mark.parametrize(
    "condition",
    ["memo = :one", "(memo = :one)", "memo = :one OR city = :one", "(memo = :one) OR (city = :one)"],
)
def test_the_caller_s_condition_and_the_added_one_are_joined(table: EncryptedTable, condition: str) -> None:
    table.put_item(Item={"pk": "ann", "memo": 1})
    table.update_item(Key={"pk": "ann"}, ConditionExpression=condition, **COUNT)
    assert table.get_item(Key={"pk": "ann"})["Item"]["memo"] == 2


def test_an_update_in_a_transaction_creates_no_unencrypted_item_either(client: Any, plain: Any) -> None:
    encrypted = EncryptedClient(client, configs={plain.name: people()})
    update: Any = {
        "TableName": plain.name,
        "Key": {"pk": {"S": "ann"}},
        "UpdateExpression": "ADD memo :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    with pytest.raises(encrypted.exceptions.TransactionCanceledException) as caught:
        encrypted.transact_write_items(TransactItems=[{"Update": update}])
    (reason,) = caught.value.response["CancellationReasons"]
    assert reason["Code"] == "ConditionalCheckFailed"
    assert REASON in reason["Message"]


def test_nothing_is_added_where_unencrypted_items_are_allowed() -> None:
    for policy in (PlaintextPolicy.FORBID_WRITE_ALLOW_READ, PlaintextPolicy.FORCE_WRITE_ALLOW_READ):
        stub = StubbedDynamoDb()
        table = EncryptedTable(stub.resource().Table("people"), config=people(policy=policy))
        table.update_item(Key={"pk": "ann"}, **COUNT)
        assert "ConditionExpression" not in stub.sent_requests[0][1]


@pytest.mark.parametrize(
    ("mode", "attribute"),
    [
        (UpdateMode.UNSIGNED_ONLY, "memo"),
        (UpdateMode.READ_MODIFY_WRITE, "memo"),
        (UpdateMode.READ_MODIFY_WRITE, "secret"),
    ],
)
def test_an_empty_condition_is_refused_and_not_left_out(plain: Any, mode: UpdateMode, attribute: str) -> None:
    table: Any = EncryptedTable(plain, config=people(update_mode=mode))
    table.put_item(Item={"pk": "ann", "memo": 1})
    with pytest.raises(table.meta.client.exceptions.ClientError) as caught:
        table.update_item(
            Key={"pk": "ann"},
            UpdateExpression=f"ADD {attribute} :one",
            ConditionExpression="",
            ExpressionAttributeValues={":one": 1},
        )
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert table.get_item(Key={"pk": "ann"})["Item"] == {"pk": "ann", "memo": 1}
