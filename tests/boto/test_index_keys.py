"""DynamoDB refuses ciphertext as the key of an index; the error says what to configure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynaseal import AttributeActions, CryptoAction, EncryptedClient, TableConfig, UpdateMode
from dynaseal.boto.interception.key_rules import with_index_key_hint
from support.dynamodb import create_table
from support.people import KEYRING

OVER_BOTH_DRIVERS = True

KEY = {"pk": {"S": "ann"}}
ITEM = {**KEY, "city": {"S": "Bern"}}
SET_CITY: Any = {
    "Key": KEY,
    "UpdateExpression": "SET city = :city",
    "ExpressionAttributeValues": {":city": {"S": "Bern"}},
}
WRITES: list[Callable[[Any, str], Any]] = [
    lambda client, name: client.put_item(TableName=name, Item=ITEM),
    lambda client, name: client.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": ITEM}}]}),
    lambda client, name: client.update_item(TableName=name, **SET_CITY),
    lambda client, name: client.transact_write_items(
        TransactItems=[{"Put": {"TableName": name, "Item": ITEM}}]
    ),
    lambda client, name: client.transact_write_items(
        TransactItems=[{"Update": {"TableName": name, **SET_CITY}}]
    ),
]
HINT = "give the attribute the action SIGN_ONLY in attribute_actions"


@pytest.fixture
def name(client: Any) -> str:
    index = {
        "IndexName": "by-city",
        "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    return create_table(client, "pk", indexed=["city"], GlobalSecondaryIndexes=[index])


def config(**actions: CryptoAction) -> TableConfig:
    return TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(attribute_actions=actions),
        keyring=KEYRING,
        update_mode=UpdateMode.READ_MODIFY_WRITE,
    )


@pytest.mark.parametrize("write", WRITES)
def test_writing_an_index_key_that_is_encrypted_by_default_gets_a_hint(
    client: Any, name: str, write: Callable[[Any, str], Any]
) -> None:
    with pytest.raises(ClientError) as caught:
        write(EncryptedClient(client, configs={name: config()}), name)
    reasons = caught.value.response.get("CancellationReasons", [caught.value.response["Error"]])
    assert "Type mismatch for Index Key" in reasons[0]["Message"]
    assert HINT in reasons[0]["Message"]
    write(EncryptedClient(client, configs={name: config(city=CryptoAction.SIGN_ONLY)}), name)


@pytest.mark.parametrize(("actual", "is_hinted"), [(" Actual: B", True), ("", True), (" Actual: N", False)])
def test_only_binary_or_an_unnamed_type_gets_the_hint(actual: str, *, is_hinted: bool) -> None:
    message = f"Type mismatch for Index Key city Expected: S{actual} IndexName: by-city"
    error = with_index_key_hint({"Error": {"Code": "ValidationException", "Message": message}})["Error"]
    assert error["Message"].startswith(message)
    assert (HINT in error["Message"]) is is_hinted


def test_a_plaintext_table_gets_dynamodb_s_words_alone(client: Any, name: str) -> None:
    other: Any = EncryptedClient(client, configs={"people": config()}, plaintext_tables=[name])
    with pytest.raises(ClientError) as caught:
        other.put_item(TableName=name, Item={**KEY, "city": {"B": b"x"}})
    assert HINT not in str(caught.value)
