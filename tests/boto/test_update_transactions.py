"""Updates of signed attributes in TransactWriteItems."""

from __future__ import annotations

from typing import Any

import pytest

from boto.test_update_races import ADD, KEY, before_writes, people, stored
from dynaseal import UnsupportedOperationError
from dynaseal.boto.wrappers.client import EncryptedClient
from support.dynamodb import create_table

BOB = {"pk": {"S": "bob"}}


@pytest.fixture
def name(client: Any) -> str:
    return create_table(client, "pk")


@pytest.fixture
def encrypted(client: Any, name: str) -> EncryptedClient:
    encrypting = EncryptedClient(client, configs={name: people()})
    encrypting.put_item(TableName=name, Item={**KEY, "secret": {"N": "5"}, "memo": {"N": "1"}})
    return encrypting


def update(name: str, key: dict[str, Any] = KEY, **more: Any) -> dict[str, Any]:
    return {"Update": {"TableName": name, "Key": key, **ADD, **more}}


def test_updates_are_made_with_one_read_beside_other_actions(encrypted: Any, name: str) -> None:
    sent: list[str] = []
    encrypted.meta.events.register(
        "before-send.dynamodb", lambda request, **_: sent.append(request.headers["X-Amz-Target"].decode())
    )
    put = {"Put": {"TableName": name, "Item": {"pk": {"S": "eve"}, "secret": {"S": "x"}}}}
    encrypted.transact_write_items(TransactItems=[update(name), put, update(name, BOB)])
    assert [target.partition(".")[2] for target in sent] == ["TransactGetItems", "TransactWriteItems"]
    assert stored(encrypted, name)["secret"] == {"N": "6"}
    assert encrypted.get_item(TableName=name, Key=BOB)["Item"] == {**BOB, "secret": {"N": "1"}}
    assert encrypted.get_item(TableName=name, Key={"pk": {"S": "eve"}})["Item"]["secret"] == {"S": "x"}


def test_the_whole_is_repeated_when_an_item_has_changed(client: Any, encrypted: Any, name: str) -> None:
    other = EncryptedClient(client, configs={name: people()})
    before_writes(encrypted, lambda: other.update_item(TableName=name, Key=KEY, **ADD), times=2)
    encrypted.transact_write_items(TransactItems=[update(name)])
    assert stored(encrypted, name)["secret"] == {"N": "8"}


def test_a_false_condition_cancels_the_transaction(client: Any, encrypted: Any, name: str) -> None:
    false = update(name, ConditionExpression="secret = :one", ReturnValuesOnConditionCheckFailure="ALL_OLD")
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        encrypted.transact_write_items(TransactItems=[update(name, BOB), false])
    first, second = caught.value.response["CancellationReasons"]
    assert first == {"Code": "None"}
    assert second["Code"] == "ConditionalCheckFailed"
    assert second["Item"] == {**KEY, "secret": {"N": "5"}, "memo": {"N": "1"}}
    assert "Item" not in encrypted.get_item(TableName=name, Key=BOB)


def test_another_part_that_fails_cancels_the_transaction(client: Any, encrypted: Any, name: str) -> None:
    check = {"TableName": name, "Key": BOB, "ConditionExpression": "attribute_exists(pk)"}
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        encrypted.transact_write_items(TransactItems=[update(name), {"ConditionCheck": check}])
    assert [reason["Code"] for reason in caught.value.response["CancellationReasons"]] == [
        "None",
        "ConditionalCheckFailed",
    ]
    assert stored(encrypted, name)["secret"] == {"N": "5"}


def test_a_token_of_the_caller_is_refused(encrypted: Any, name: str) -> None:
    with pytest.raises(UnsupportedOperationError, match="ClientRequestToken"):
        encrypted.transact_write_items(TransactItems=[update(name)], ClientRequestToken="token")
