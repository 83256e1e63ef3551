"""READ_MODIFY_WRITE beside items that are not encrypted: nothing is lost, and every item stays readable."""

from __future__ import annotations

from typing import Any

import pytest

from boto.test_update_races import ADD, KEY, before_writes, stored
from dynaseal import (
    AttributeActions,
    CryptoAction,
    PlaintextPolicy,
    TableConfig,
    UnsupportedOperationError,
    UpdateMode,
)
from dynaseal.boto.wrappers.client import EncryptedClient
from support.dynamodb import create_table
from support.people import KEYRING

OVER_BOTH_DRIVERS = True

PLAIN = {**KEY, "secret": {"N": "1"}, "memo": {"N": "7"}, "color": {"S": "red"}}


def config(policy: PlaintextPolicy = PlaintextPolicy.FORBID_WRITE_ALLOW_READ) -> TableConfig:
    return TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(
            CryptoAction.ENCRYPT_AND_SIGN,
            {"city": CryptoAction.SIGN_ONLY, "memo": CryptoAction.DO_NOTHING},
        ),
        keyring=KEYRING,
        plaintext_policy=policy,
        update_mode=UpdateMode.READ_MODIFY_WRITE,
    )


@pytest.fixture
def name(client: Any) -> str:
    return create_table(client, "pk")


@pytest.fixture
def adopting(client: Any, name: str) -> Any:
    """A client that encrypts a table whose item is still plaintext."""
    client.put_item(TableName=name, Item=PLAIN)
    return EncryptedClient(client, configs={name: config()})


def alone(client: Any, name: str, **update: Any) -> None:
    client.update_item(TableName=name, Key=KEY, **update)


def in_a_transaction(client: Any, name: str, **update: Any) -> None:
    client.transact_write_items(TransactItems=[{"Update": {"TableName": name, "Key": KEY, **update}}])


WAYS = [alone, in_a_transaction]


def setting(name: str, value: Any) -> Any:
    return {
        "UpdateExpression": "SET #n = :v",
        "ExpressionAttributeNames": {"#n": name},
        "ExpressionAttributeValues": {":v": value},
    }


@pytest.mark.parametrize("update", WAYS)
@pytest.mark.parametrize("late", ["city", "secret", "color", "memo", "added", "another"])
def test_what_another_writer_changes_or_adds_meanwhile_is_kept(
    client: Any, adopting: Any, name: str, update: Any, late: str
) -> None:
    change = setting(late, {"N": "41"})
    before_writes(adopting, lambda: client.update_item(TableName=name, Key=KEY, **change))
    update(adopting, name, **ADD)
    expected = {**PLAIN, late: {"N": "41"}}
    expected["secret"] = {"N": "42" if late == "secret" else "2"}
    assert stored(adopting, name) == expected
    assert "aws_dbe_head" in stored(client, name)
    assert stored(client, name).get("added", {}).keys() <= {"B"}


@pytest.mark.parametrize("update", WAYS)
def test_what_is_added_meanwhile_is_seen_by_the_update_that_names_it(
    client: Any, adopting: Any, name: str, update: Any
) -> None:
    before_writes(
        adopting, lambda: client.update_item(TableName=name, Key=KEY, **setting("added", {"N": "41"}))
    )
    change = {
        "UpdateExpression": "SET added = if_not_exists(added, :one) + :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    update(adopting, name, **change)
    assert stored(adopting, name) == {**PLAIN, "added": {"N": "42"}}


def test_attributes_that_are_added_all_the_time_are_kept(client: Any, adopting: Any, name: str) -> None:
    numbers = iter(range(100))

    def add() -> None:
        client.update_item(TableName=name, Key=KEY, **setting(f"added{next(numbers)}", {"N": "1"}))

    before_writes(adopting, add, times=2)
    adopting.update_item(TableName=name, Key=KEY, **ADD)
    encrypted = stored(client, name)
    assert {"added0", "added1"} <= encrypted.keys()
    assert encrypted["added0"].keys() == {"B"}


def test_an_item_that_is_deleted_meanwhile_is_not_written_back(client: Any, adopting: Any, name: str) -> None:
    before_writes(adopting, lambda: client.delete_item(TableName=name, Key=KEY))
    adopting.update_item(TableName=name, Key=KEY, **ADD)
    assert stored(adopting, name) == {**KEY, "secret": {"N": "1"}}


def test_one_more_read_is_made_only_where_an_item_is_encrypted_for_the_first_time(
    adopting: Any, name: str
) -> None:
    sent: list[str] = []
    adopting.meta.events.register(
        "before-send.dynamodb",
        lambda request, **_: sent.append(request.headers["X-Amz-Target"].decode().partition(".")[2]),
    )
    for _ in range(2):
        adopting.update_item(TableName=name, Key=KEY, **ADD)
    assert sent == ["GetItem", "UpdateItem", "GetItem", "GetItem", "UpdateItem"]


def test_an_item_with_too_many_attributes_for_a_condition_is_refused(
    client: Any, adopting: Any, name: str
) -> None:
    item = {**PLAIN, **{f"a{number}": {"N": "1"} for number in range(200)}}
    client.put_item(TableName=name, Item=item)
    with pytest.raises(UnsupportedOperationError, match="not encrypted and has too many attributes"):
        adopting.update_item(TableName=name, Key=KEY, **ADD)
    assert stored(client, name) == item


@pytest.mark.parametrize("update", WAYS)
def test_an_encrypted_item_is_read_where_items_are_written_as_plaintext(
    client: Any, name: str, update: Any
) -> None:
    EncryptedClient(client, configs={name: config()}).put_item(TableName=name, Item=PLAIN)
    leaving: Any = EncryptedClient(client, configs={name: config(PlaintextPolicy.FORCE_WRITE_ALLOW_READ)})
    change: Any = {**ADD, "UpdateExpression": "ADD secret :one, memo :one"}
    with pytest.raises(client.exceptions.ClientError, match="ConditionalCheckFailed"):
        update(leaving, name, ConditionExpression="color <> color2 AND secret > :one", **change)
    update(leaving, name, ConditionExpression="secret = :one AND color <> :one", **change)
    assert stored(client, name) == {**PLAIN, "secret": {"N": "2"}, "memo": {"N": "8"}}
    update(leaving, name, **change)
    assert stored(client, name) == {**PLAIN, "secret": {"N": "3"}, "memo": {"N": "9"}}


@pytest.mark.parametrize("update", WAYS)
def test_an_update_creates_a_plaintext_item_where_items_are_written_as_plaintext(
    client: Any, name: str, update: Any
) -> None:
    leaving: Any = EncryptedClient(client, configs={name: config(PlaintextPolicy.FORCE_WRITE_ALLOW_READ)})
    with pytest.raises(client.exceptions.ClientError, match="ConditionalCheckFailed"):
        update(leaving, name, ConditionExpression="attribute_exists(pk)", **ADD)
    update(leaving, name, ConditionExpression="attribute_not_exists(pk)", **ADD)
    assert stored(client, name) == {**KEY, "secret": {"N": "1"}}
