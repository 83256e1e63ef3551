"""botocore's Stubber answers in place of DynamoDB: it sees requests before they are encrypted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, StubAssertionError
from botocore.stub import ANY, Stubber

from dynaseal import (
    AwsKmsKeyring,
    EncryptedClient,
    EncryptedResource,
    EncryptedTable,
    FormatError,
    ItemEncryptor,
    SignatureError,
    TableConfig,
    attach,
)
from support.people import ACTIONS, people, person

CREDENTIALS: dict[str, Any] = {
    "region_name": "us-west-2",
    "aws_access_key_id": "a",
    "aws_secret_access_key": "b",
}
KEY = {"pk": {"S": "ann"}}
STORED = ItemEncryptor(people()).encrypt_item(person())


def wrapped() -> Any:
    return EncryptedClient(boto3.client("dynamodb", **CREDENTIALS), configs={"people": people()})


def attached() -> Any:
    client = boto3.client("dynamodb", **CREDENTIALS)
    attach(client, {"people": people()})
    return client


def of_attached_session() -> Any:
    session = boto3.Session(**CREDENTIALS)
    attach(session, {"people": people()})
    return session.client("dynamodb")


ANY_CLIENT = pytest.mark.parametrize("make", [wrapped, attached, of_attached_session])


@ANY_CLIENT
def test_expected_parameters_are_plaintext(make: Callable[[], Any]) -> None:
    client = make()
    with Stubber(client) as stubber:
        stubber.add_response("put_item", {}, {"TableName": "people", "Item": person()})
        client.put_item(TableName="people", Item=person())
        stubber.assert_no_pending_responses()


@ANY_CLIENT
def test_other_parameters_than_expected_are_an_assertion_error(make: Callable[[], Any]) -> None:
    client = make()
    with Stubber(client) as stubber:
        stubber.add_response("put_item", {}, {"TableName": "people", "Item": person("bob")})
        with pytest.raises(StubAssertionError, match="bob"):
            client.put_item(TableName="people", Item=person())


@ANY_CLIENT
def test_a_stubbed_reply_has_stored_items_and_is_decrypted(make: Callable[[], Any]) -> None:
    client = make()
    with Stubber(client) as stubber:
        stubber.add_response("get_item", {"Item": STORED}, {"TableName": "people", "Key": ANY})
        stubber.add_response("query", {"Items": [STORED], "Count": 1, "ScannedCount": 1})
        assert client.get_item(TableName="people", Key=KEY)["Item"] == person()
        reply = client.query(
            TableName="people", KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": KEY["pk"]}
        )
        assert reply["Items"] == [person()]


@ANY_CLIENT
def test_a_stubbed_reply_is_verified_like_any_other(make: Callable[[], Any]) -> None:
    client = make()
    with Stubber(client) as stubber:
        stubber.add_response("get_item", {"Item": {**STORED, "city": {"S": "Rome"}}})
        stubber.add_response("get_item", {"Item": person()})
        with pytest.raises(SignatureError):
            client.get_item(TableName="people", Key=KEY)
        with pytest.raises(FormatError, match="not encrypted"):
            client.get_item(TableName="people", Key=KEY)


@ANY_CLIENT
def test_a_stubbed_error_is_botocores(make: Callable[[], Any]) -> None:
    client = make()
    with Stubber(client) as stubber:
        stubber.add_client_error("put_item", "ConditionalCheckFailedException")
        with pytest.raises(ClientError, match="ConditionalCheckFailed"):
            client.put_item(TableName="people", Item=person(), ConditionExpression="attribute_not_exists(pk)")


def test_a_client_that_was_stubbed_before_it_was_wrapped_stays_stubbed() -> None:
    plain = boto3.client("dynamodb", **CREDENTIALS)
    with Stubber(plain) as stubber:
        stubber.add_response("get_item", {"Item": STORED}, {"TableName": "people", "Key": KEY})
        client = EncryptedClient(plain, configs={"people": people()})
        assert client.get_item(TableName="people", Key=KEY)["Item"] == person()


def table_of_its_own() -> Any:
    return EncryptedTable(boto3.resource("dynamodb", **CREDENTIALS).Table("people"), config=people())


def table_of_a_resource() -> Any:
    resource = boto3.resource("dynamodb", **CREDENTIALS)
    return EncryptedResource(resource, configs={"people": people()}).Table("people")


def table_of_an_attached_resource() -> Any:
    resource = boto3.resource("dynamodb", **CREDENTIALS)
    attach(resource, {"people": people()})
    return resource.Table("people")


@pytest.mark.parametrize("make", [table_of_its_own, table_of_a_resource, table_of_an_attached_resource])
def test_a_tables_client_can_be_stubbed(make: Callable[[], Any]) -> None:
    table = make()
    item = {"pk": "ann", "secret": "the secret", "city": "Bern"}
    with Stubber(table.meta.client) as stubber:
        stubber.add_response("put_item", {}, {"TableName": "people", "Item": item})
        stubber.add_response("get_item", {"Item": STORED}, {"TableName": "people", "Key": {"pk": "ann"}})
        table.put_item(Item=item)
        assert table.get_item(Key={"pk": "ann"})["Item"] == item
        stubber.assert_no_pending_responses()


def test_the_kms_client_of_a_keyring_can_be_stubbed() -> None:
    kms = boto3.client("kms", **CREDENTIALS)
    key = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    config = TableConfig(
        "people",
        "pk",
        attribute_actions=ACTIONS,
        allowed_unsigned_attributes=["memo"],
        keyring=AwsKmsKeyring(key, client=kms),
    )
    data_key = {"KeyId": key, "Plaintext": bytes(32), "CiphertextBlob": b"wrapped"}
    with Stubber(kms) as stubber:
        stubber.add_response("generate_data_key", data_key)
        stubber.add_response("decrypt", {"KeyId": key, "Plaintext": bytes(32)})
        encryptor = ItemEncryptor(config)
        assert encryptor.decrypt_item(encryptor.encrypt_item(person())) == person()
        stubber.assert_no_pending_responses()
