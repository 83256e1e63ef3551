"""Adopting encryption on an engine: plaintext, encrypted and damaged items through every wrapper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import botocore.session
import pytest
from boto3.dynamodb.conditions import Key
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from dynaseal import (
    DecryptError,
    EncryptedClient,
    EncryptedResource,
    EncryptedTable,
    ItemEncryptor,
    PlaintextPolicy,
    UnsupportedOperationError,
    attach,
)
from support.dynamodb import client_of, create_table, resource_of, session_arguments
from support.people import people

STEP_1 = PlaintextPolicy.FORCE_WRITE_ALLOW_READ
STEP_2 = PlaintextPolicy.FORBID_WRITE_ALLOW_READ
PLAIN = {"pk": "plain", "secret": "old secret", "city": "Bern"}
ENCRYPTED_PERSON = {"pk": "sealed", "secret": "the secret", "city": "Bern"}


def wire(item: dict[str, Any]) -> dict[str, Any]:
    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


def index(name: str, **projection: Any) -> dict[str, Any]:
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}],
        "Projection": projection,
    }


@pytest.fixture
def name(client: Any) -> str:
    """A table with one plaintext item, one encrypted item and two indexes."""
    table = create_table(
        client,
        "pk",
        indexed=("city",),
        GlobalSecondaryIndexes=[
            index("whole", ProjectionType="ALL"),
            index("some", ProjectionType="INCLUDE", NonKeyAttributes=["secret"]),
        ],
    )
    client.put_item(TableName=table, Item=wire(PLAIN))
    client.put_item(TableName=table, Item=ItemEncryptor(people()).encrypt_item(wire(ENCRYPTED_PERSON)))
    return table


class Wrapped:
    """One table through one wrapper, with Python values."""

    def __init__(self, kind: str, endpoint: str, name: str, policy: PlaintextPolicy) -> None:
        configs = {name: people(policy=policy)}
        self.name = name
        resource = resource_of(endpoint)
        if kind == "table":
            self.table: Any = EncryptedTable(resource.Table(name), config=configs[name])
        elif kind == "resource":
            self.resource: Any = EncryptedResource(resource, configs=configs)
            self.table = self.resource.Table(name)
        elif kind == "attached resource":
            attach(resource, configs)
            self.table = resource.Table(name)
        elif kind == "attached session":
            session = boto3.Session()
            attach(session, configs)
            self.table = session.resource("dynamodb", **session_arguments(endpoint)).Table(name)
        elif kind == "attached botocore session":
            of_botocore = botocore.session.Session()
            attach(of_botocore, configs)
            session = boto3.Session(botocore_session=of_botocore)
            self.client = session.resource("dynamodb", **session_arguments(endpoint)).meta.client
        elif kind == "client":
            self.client: Any = EncryptedClient(
                client_of(endpoint), configs=configs, expect_standard_dictionaries=True
            )
        else:
            self.client = resource.meta.client
            attach(self.client, configs)

    def call(self, operation: str, **request: Any) -> Any:
        if hasattr(self, "table"):
            return getattr(self.table, operation)(**request)
        return getattr(self.client, operation)(TableName=self.name, **request)

    def pages(self, operation: str, **request: Any) -> list[dict[str, Any]]:
        if hasattr(self, "client"):
            found = self.client.get_paginator(operation).paginate(TableName=self.name, **request)
            return [item for page in found for item in page["Items"]]
        found = self.table.meta.client.get_paginator(operation).paginate(TableName=self.name, **request)
        return [item for page in found for item in page["Items"]]


WRAPPERS = [
    "table",
    "resource",
    "attached resource",
    "attached session",
    "attached botocore session",
    "client",
    "attached client",
]


@pytest.fixture(params=WRAPPERS)
def wrapped(request: pytest.FixtureRequest, endpoint: str, name: str) -> Callable[[PlaintextPolicy], Wrapped]:
    return lambda policy: Wrapped(request.param, endpoint, name, policy)


def by_key(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: item["pk"])


@pytest.mark.parametrize("policy", [STEP_1, STEP_2])
def test_both_kinds_of_items_are_read(wrapped: Any, policy: PlaintextPolicy) -> None:
    people_ = wrapped(policy)
    city = Key("city").eq("Bern")
    assert people_.call("get_item", Key={"pk": "plain"})["Item"] == PLAIN
    assert people_.call("get_item", Key={"pk": "sealed"})["Item"] == ENCRYPTED_PERSON
    assert by_key(people_.call("scan")["Items"]) == [PLAIN, ENCRYPTED_PERSON]
    assert by_key(people_.pages("scan")) == [PLAIN, ENCRYPTED_PERSON]
    whole = {"IndexName": "whole", "KeyConditionExpression": city}
    assert by_key(people_.call("query", **whole)["Items"]) == [PLAIN, ENCRYPTED_PERSON]
    assert by_key(people_.pages("query", **whole)) == [PLAIN, ENCRYPTED_PERSON]
    assert people_.call("query", **{**whole, "IndexName": "some", "Select": "COUNT"})["Count"] == 2


@pytest.mark.parametrize("policy", [STEP_1, STEP_2])
def test_parts_of_items_are_not_read(wrapped: Any, policy: PlaintextPolicy) -> None:
    people_ = wrapped(policy)
    some = {"IndexName": "some", "KeyConditionExpression": Key("city").eq("Bern")}
    for read in (people_.call, people_.pages):
        with pytest.raises(UnsupportedOperationError, match="index 'some', which does not project all"):
            read("query", **some)
        with pytest.raises(UnsupportedOperationError, match="index 'some', which does not project all"):
            read("scan", IndexName="some")
        with pytest.raises(UnsupportedOperationError, match="has a projection"):
            read("scan", ProjectionExpression="secret")


@pytest.mark.parametrize("lost", [["aws_dbe_head"], ["aws_dbe_foot"], ["aws_dbe_head", "aws_dbe_foot"]])
@pytest.mark.parametrize("policy", [STEP_1, STEP_2])
def test_a_damaged_item_is_refused_wherever_it_is_returned(
    wrapped: Any, client: Any, name: str, policy: PlaintextPolicy, lost: list[str]
) -> None:
    for attribute in lost:
        client.update_item(TableName=name, Key=wire({"pk": "sealed"}), UpdateExpression=f"REMOVE {attribute}")
    people_ = wrapped(policy)
    key = {"Key": {"pk": "sealed"}}
    reads: list[Callable[[], Any]] = [
        lambda: people_.call("get_item", **key),
        lambda: people_.call("scan"),
        lambda: people_.pages("scan"),
        lambda: people_.call("query", KeyConditionExpression=Key("pk").eq("sealed")),
    ]
    for read in reads:
        with pytest.raises(DecryptError):
            read()
    reply = people_.call("put_item", Item=PLAIN | {"pk": "sealed"}, ReturnValues="ALL_OLD")
    assert "Attributes" not in reply
    assert isinstance(reply["UnreadableItems"][0]["Error"], DecryptError)
    assert people_.call("get_item", **key)["Item"]["secret"] == "old secret"


def test_in_step_1_writes_are_as_without_encryption(wrapped: Any, client: Any, name: str) -> None:
    people_ = wrapped(STEP_1)
    secret = {"ExpressionAttributeValues": {":s": "old secret"}}
    people_.call("put_item", Item=PLAIN | {"memo": "1"}, ConditionExpression="secret = :s", **secret)
    updated = people_.call(
        "update_item",
        Key={"pk": "plain"},
        UpdateExpression="SET secret = :n, notes = :s",
        ConditionExpression="secret = :s",
        ExpressionAttributeValues={":s": "old secret", ":n": "new secret"},
        ReturnValues="UPDATED_NEW",
    )
    assert updated["Attributes"] == {"secret": "new secret", "notes": "old secret"}
    stored = client.get_item(TableName=name, Key=wire({"pk": "plain"}))["Item"]
    assert stored["secret"] == {"S": "new secret"}
    found = people_.call("scan", FilterExpression="notes = :s", **secret)["Items"]
    assert [item["pk"] for item in found] == ["plain"]
    with pytest.raises(ClientError, match="is encrypted"):
        people_.call(
            "update_item",
            Key={"pk": "sealed"},
            UpdateExpression="SET secret = :n",
            ExpressionAttributeValues={":n": "x"},
            ReturnValues="UPDATED_OLD",
        )
    assert people_.call("get_item", Key={"pk": "sealed"})["Item"] == ENCRYPTED_PERSON


def test_in_step_2_an_old_plaintext_item_is_returned_and_the_new_one_is_encrypted(
    wrapped: Any, client: Any, name: str
) -> None:
    people_ = wrapped(STEP_2)
    old = people_.call("put_item", Item=PLAIN, ReturnValues="ALL_OLD")["Attributes"]
    assert old == PLAIN
    stored = client.get_item(TableName=name, Key=wire({"pk": "plain"}))["Item"]
    assert "aws_dbe_head" in stored
    assert "B" in stored["secret"]
    assert people_.call("delete_item", Key={"pk": "plain"}, ReturnValues="ALL_OLD")["Attributes"] == PLAIN
