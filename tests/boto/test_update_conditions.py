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


SEALED = {"pk": "ann", "secret": "x", "city": "Bern", "memo": 1}
WRITING_PLAINTEXT = people(policy=PlaintextPolicy.FORCE_WRITE_ALLOW_READ)


@pytest.fixture
def leaving(plain: Any, table: EncryptedTable) -> Any:
    """A table that is written as plaintext and has an encrypted item."""
    table.put_item(Item=SEALED)
    return EncryptedTable(plain, config=WRITING_PLAINTEXT)


@pytest.mark.parametrize(
    "expression",
    [
        "SET secret = :one",
        "SET city = :one",
        "SET other = :one",
        "REMOVE city",
        "ADD memo :one SET city = :one",
        "SET city.#a = :one",
    ],
)
def test_where_plaintext_is_written_no_update_makes_an_encrypted_item_unreadable(
    table: EncryptedTable, leaving: Any, expression: str
) -> None:
    update: Any = {"UpdateExpression": expression}
    if ":one" in expression:
        update["ExpressionAttributeValues"] = {":one": 2}
    if "#a" in expression:
        update["ExpressionAttributeNames"] = {"#a": "a"}
    conditional = leaving.meta.client.exceptions.ConditionalCheckFailedException
    with pytest.raises(conditional, match=r"would make it unreadable: with .*READ_MODIFY_WRITE"):
        leaving.update_item(Key={"pk": "ann"}, **update)
    assert table.get_item(Key={"pk": "ann"})["Item"] == SEALED


def test_an_update_that_does_no_harm_is_made_where_plaintext_is_written(plain: Any, leaving: Any) -> None:
    leaving.update_item(Key={"pk": "ann"}, **COUNT)
    assert leaving.get_item(Key={"pk": "ann"})["Item"] == {**SEALED, "memo": 2}
    change: Any = {"UpdateExpression": "SET secret = :one", "ExpressionAttributeValues": {":one": 1}}
    for _ in ("missing", "plaintext"):
        leaving.update_item(Key={"pk": "bob"}, **change)
        assert plain.get_item(Key={"pk": "bob"})["Item"] == {"pk": "bob", "secret": 1}


def test_the_encrypted_item_that_an_update_would_harm_is_returned_decrypted(leaving: Any) -> None:
    with pytest.raises(leaving.meta.client.exceptions.ConditionalCheckFailedException) as caught:
        leaving.update_item(
            Key={"pk": "ann"},
            UpdateExpression="REMOVE city",
            ConditionExpression=Attr("pk").exists(),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert "is encrypted" in str(caught.value)
    assert "the condition of the request" not in str(caught.value)
    assert caught.value.response["Item"] == {
        "pk": {"S": "ann"},
        "secret": {"S": "x"},
        "city": {"S": "Bern"},
        "memo": {"N": "1"},
    }


def test_a_caller_s_false_condition_on_a_plaintext_item_is_not_explained(plain: Any, leaving: Any) -> None:
    plain.put_item(Item={"pk": "bob", "city": "Bern"})
    update: Any = {"Key": {"pk": "bob"}, "UpdateExpression": "REMOVE city"}
    conditional = leaving.meta.client.exceptions.ConditionalCheckFailedException
    with pytest.raises(conditional) as caught:
        leaving.update_item(
            **update,
            ConditionExpression=Attr("memo").exists(),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    assert caught.value.response["Error"]["Message"] == "The conditional request failed"
    assert caught.value.response["Item"] == {"pk": {"S": "bob"}, "city": {"S": "Bern"}}
    with pytest.raises(conditional, match="the condition of the request is false, or the item"):
        leaving.update_item(**update, ConditionExpression=Attr("memo").exists())


@pytest.mark.parametrize("returned", ["ALL_OLD", "NONE"])
def test_no_update_in_a_transaction_makes_an_encrypted_item_unreadable(
    client: Any, table: EncryptedTable, leaving: Any, returned: str
) -> None:
    writing = EncryptedClient(client, configs={leaving.name: WRITING_PLAINTEXT})
    update: Any = {
        "TableName": leaving.name,
        "Key": {"pk": {"S": "ann"}},
        "UpdateExpression": "REMOVE city",
        "ReturnValuesOnConditionCheckFailure": returned,
    }
    with pytest.raises(writing.exceptions.TransactionCanceledException) as caught:
        writing.transact_write_items(TransactItems=[{"Update": update}])
    (reason,) = caught.value.response["CancellationReasons"]
    assert reason["Code"] == "ConditionalCheckFailed"
    assert "would make it unreadable" in reason["Message"]
    assert reason.get("Item", {}).get("secret") == ({"S": "x"} if returned == "ALL_OLD" else None)
    assert table.get_item(Key={"pk": "ann"})["Item"] == SEALED


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
