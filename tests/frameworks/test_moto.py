"""moto answers in place of DynamoDB and KMS: `mock_aws` with every kind of operation on items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from moto import mock_aws

from dynaseal import (
    AwsKmsKeyring,
    CryptoAction,
    EncryptedClient,
    EncryptedResource,
    EncryptedTable,
    TableConfig,
    UpdateMode,
    attach,
)

CREDENTIALS: dict[str, Any] = {
    "region_name": "us-west-2",
    "aws_access_key_id": "a",
    "aws_secret_access_key": "b",
}
ANN = {"pk": "ann", "sk": 1, "secret": {"pin": 1234}, "city": "Bern"}


@pytest.fixture(autouse=True)
def mocked_aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def plain() -> Any:
    """A boto3 Table in moto."""
    table = boto3.resource("dynamodb", **CREDENTIALS).create_table(
        TableName="people",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    table.wait_until_exists()
    return table


@pytest.fixture
def config() -> TableConfig:
    kms = boto3.client("kms", **CREDENTIALS)
    return TableConfig(
        "people",
        "pk",
        "sk",
        attribute_actions={
            "pk": CryptoAction.SIGN_ONLY,
            "sk": CryptoAction.SIGN_ONLY,
            "secret": CryptoAction.ENCRYPT_AND_SIGN,
            "city": CryptoAction.SIGN_ONLY,
        },
        keyring=AwsKmsKeyring(kms.create_key()["KeyMetadata"]["Arn"], client=kms),
        update_mode=UpdateMode.READ_MODIFY_WRITE,
    )


@pytest.fixture
def table(plain: Any, config: TableConfig) -> EncryptedTable:
    return EncryptedTable(plain, config=config)


def test_an_item_is_put_encrypted_and_read_back(table: EncryptedTable, plain: Any) -> None:
    table.put_item(Item=ANN, ConditionExpression=Attr("pk").not_exists())
    assert table.get_item(Key={"pk": "ann", "sk": 1})["Item"] == ANN
    assert isinstance(plain.get_item(Key={"pk": "ann", "sk": 1})["Item"]["secret"], Binary)


def test_items_are_queried_and_scanned(table: EncryptedTable) -> None:
    with table.batch_writer() as batch:
        for number in range(30):
            batch.put_item(Item={**ANN, "sk": number})
    query = table.query(KeyConditionExpression=Key("pk").eq("ann") & Key("sk").lt(3))
    assert query["Items"] == [{**ANN, "sk": number} for number in range(3)]
    assert table.scan(FilterExpression=Attr("city").eq("Bern"))["Count"] == 30


def test_an_update_reads_encrypts_and_writes(table: EncryptedTable) -> None:
    table.put_item(Item=ANN)
    table.update_item(
        Key={"pk": "ann", "sk": 1},
        UpdateExpression="SET secret.pin = :p",
        ExpressionAttributeValues={":p": 4321},
    )
    assert table.get_item(Key={"pk": "ann", "sk": 1})["Item"] == {**ANN, "secret": {"pin": 4321}}


def test_the_item_that_a_delete_returns_is_decrypted(table: EncryptedTable) -> None:
    table.put_item(Item=ANN)
    assert table.delete_item(Key={"pk": "ann", "sk": 1}, ReturnValues="ALL_OLD")["Attributes"] == ANN


def test_batches_and_transactions(plain: Any, config: TableConfig) -> None:
    resource = EncryptedResource(boto3.resource("dynamodb", **CREDENTIALS), configs={"people": config})
    client = resource.meta.client
    client.transact_write_items(
        TransactItems=[{"Put": {"TableName": "people", "Item": {**ANN, "sk": number}}} for number in (1, 2)]
    )
    keys = [{"pk": "ann", "sk": number} for number in (1, 2)]
    reply = client.transact_get_items(
        TransactItems=[{"Get": {"TableName": "people", "Key": key}} for key in keys]
    )
    assert [each["Item"]["secret"] for each in reply["Responses"]] == [ANN["secret"]] * 2
    items = resource.batch_get_item(RequestItems={"people": {"Keys": keys}})["Responses"]["people"]
    assert sorted(str(item["sk"]) for item in items) == ["1", "2"]
    assert all(isinstance(item["secret"], Binary) for item in plain.scan()["Items"])


def test_paginators(table: EncryptedTable, config: TableConfig) -> None:
    for number in range(5):
        table.put_item(Item={**ANN, "sk": number})
    client = EncryptedClient(boto3.client("dynamodb", **CREDENTIALS), configs={"people": config})
    pages = list(client.get_paginator("scan").paginate(TableName="people", PaginationConfig={"PageSize": 2}))
    assert len(pages) == 3
    assert sum(item["city"] == {"S": "Bern"} for page in pages for item in page["Items"]) == 5


def test_attached_sessions(plain: Any, config: TableConfig) -> None:
    session = boto3.Session(**CREDENTIALS)
    attach(session, {"people": config})
    session.resource("dynamodb").Table("people").put_item(Item=ANN)
    assert isinstance(plain.get_item(Key={"pk": "ann", "sk": 1})["Item"]["secret"], Binary)
    assert session.resource("dynamodb").Table("people").get_item(Key={"pk": "ann", "sk": 1})["Item"] == ANN


def test_the_configuration_fits_motos_table(table: EncryptedTable) -> None:
    assert table.check_configuration() == []
