"""The whole way in the lab: keys from a KMS that can refuse, items in DynamoDB."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from boto3.dynamodb.types import Binary

from dynaseal import AwsKmsKeyring, KmsError, TableConfig
from dynaseal.boto.wrappers.client import EncryptedClient
from dynaseal.boto.wrappers.resource import EncryptedResource
from support.dynamodb import create_table
from support.lab_fixtures import key, kms, session
from support.people import ACTIONS

__all__ = ["key", "kms", "session"]

ANN = {"pk": "ann", "secret": {"pin": 1234}, "city": "Bern", "memo": "m"}


def config(name: str, key: str, kms: Any) -> TableConfig:
    return TableConfig(
        name,
        "pk",
        attribute_actions=ACTIONS,
        allowed_unsigned_attributes=["memo"],
        keyring=AwsKmsKeyring(key, client=kms),
    )


def test_items_go_to_dynamodb_and_back_under_a_kms_key(session: dict[str, Any], kms: Any, key: str) -> None:
    plain = boto3.resource("dynamodb", **session)
    name = create_table(plain.meta.client, "pk")
    table = EncryptedResource(plain, configs={name: config(name, key, kms)}).Table(name)
    with table.batch_writer() as batch:
        for number in range(5):
            batch.put_item(Item={**ANN, "pk": str(number)})
    assert sorted(str(item["pk"]) for item in table.scan()["Items"]) == ["0", "1", "2", "3", "4"]
    table.update_item(
        Key={"pk": "3"}, UpdateExpression="SET memo = :m", ExpressionAttributeValues={":m": "changed"}
    )
    assert table.get_item(Key={"pk": "3"})["Item"] == {**ANN, "pk": "3", "memo": "changed"}
    assert isinstance(plain.Table(name).get_item(Key={"pk": "3"})["Item"]["secret"], Binary)


def test_a_key_that_refuses_lets_nothing_be_stored_or_read(
    session: dict[str, Any], kms: Any, key: str
) -> None:
    plain = boto3.client("dynamodb", **session)
    name = create_table(plain, "pk")
    encrypted = EncryptedClient(
        plain, configs={name: config(name, key, kms)}, expect_standard_dictionaries=True
    )
    encrypted.put_item(TableName=name, Item=ANN)
    kms.disable_key(KeyId=key)
    with pytest.raises(KmsError) as refused:
        encrypted.put_item(TableName=name, Item={**ANN, "pk": "bob"})
    assert refused.value.response["Error"]["Code"] == "DisabledException"
    with pytest.raises(KmsError):
        encrypted.get_item(TableName=name, Key={"pk": "ann"})
    assert [item["pk"] for item in plain.scan(TableName=name)["Items"]] == [{"S": "ann"}]
