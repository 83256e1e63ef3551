"""Updates of signed attributes recompute beacons, and name items by the real values of surrogate keys."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynaseal import EncryptedClient, StandardBeacon, UpdateMode
from support.customers import customers, key, order, search
from support.dynamodb import create_table

OVER_BOTH_DRIVERS = True


@pytest.fixture
def table(client: Any) -> tuple[Any, str]:
    name = create_table(client, "pk", "sk")
    config = customers(
        update_mode=UpdateMode.READ_MODIFY_WRITE,
        search=search(standard_beacons=[StandardBeacon("note", 8)]),
    )
    return EncryptedClient(client, configs={name: config}), name


def found(client: Any, name: str, note: str) -> list[Any]:
    values = {":note": {"S": note}}
    return client.scan(TableName=name, FilterExpression="note = :note", ExpressionAttributeValues=values)[
        "Items"
    ]


def test_an_item_is_found_by_its_new_value(table: tuple[Any, str]) -> None:
    client, name = table
    set_note = {"UpdateExpression": "SET note = :note", "ReturnValues": "ALL_NEW"}
    for note in ("first", "second"):
        reply = client.update_item(
            TableName=name, Key=key(), ExpressionAttributeValues={":note": {"S": note}}, **set_note
        )
        expected = {**key(), "note": {"S": note}}
        assert reply["Attributes"] == expected
        assert found(client, name, note) == [expected]
    assert found(client, name, "first") == []


def test_a_removed_attribute_loses_its_beacon(table: tuple[Any, str], client: Any) -> None:
    encrypted, name = table
    encrypted.put_item(TableName=name, Item=order(note={"S": "x"}))
    encrypted.update_item(TableName=name, Key=key(), UpdateExpression="REMOVE note")
    (stored,) = client.scan(TableName=name)["Items"]
    assert "aws_dbe_b_note" not in stored
    assert encrypted.get_item(TableName=name, Key=key())["Item"] == order()


def test_the_real_value_of_a_surrogate_key_cannot_be_updated(table: tuple[Any, str]) -> None:
    client, name = table
    client.put_item(TableName=name, Item=order())
    with pytest.raises(
        ClientError, match=r"Cannot update attribute email\. This attribute is part of the key"
    ):
        client.update_item(
            TableName=name,
            Key=key(),
            UpdateExpression="SET email = :v",
            ConditionExpression="attribute_exists(email)",
            ExpressionAttributeValues={":v": {"S": "eve@example.com"}},
        )


@pytest.mark.parametrize("in_transaction", [False, True])
def test_a_condition_may_ask_whether_the_stored_key_exists(
    table: tuple[Any, str], *, in_transaction: bool
) -> None:
    client, name = table
    add = {"UpdateExpression": "SET note = :v", "ExpressionAttributeValues": {":v": {"S": "x"}}}

    def update(condition: str) -> None:
        request = {"TableName": name, "Key": key(), **add, "ConditionExpression": condition}
        if in_transaction:
            client.transact_write_items(TransactItems=[{"Update": request}])
        else:
            client.update_item(**request)

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        update("attribute_exists(pk)")
    update("attribute_not_exists(pk) AND attribute_not_exists(email)")
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        update("attribute_not_exists(pk)")
    update("attribute_exists(pk) AND attribute_exists(sk) AND attribute_exists(email)")
