"""How far a reader must jump to follow one call: how often it goes on in another module."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from boto3.dynamodb.conditions import Key

from dynaseal import CryptoAction, EncryptedTable, ItemEncryptor, RawAesKeyring, StandardBeacon, TableConfig
from support.call_counter import module_changes
from support.patients import table
from support.stubbed_dynamodb import StubbedDynamoDb

MOST_FOR_A_QUERY = 60
MOST_FOR_PUT_ITEM = 45


def encrypted(dynamodb: StubbedDynamoDb, config: TableConfig) -> EncryptedTable:
    return EncryptedTable(dynamodb.resource().Table("patients"), config=config)


def as_json(item: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {"B": b64encode(value["B"]).decode()} if "B" in value else value for name, value in item.items()
    }


def test_a_query_with_a_beacon_changes_modules_seldom() -> None:
    config = table(StandardBeacon("name", 8))
    found = ItemEncryptor(config).encrypt_item({"pk": {"S": "1"}, "name": {"S": "Ann"}, "ward": {"S": "7"}})
    dynamodb = StubbedDynamoDb()
    patients = encrypted(dynamodb, config)

    def query() -> None:
        dynamodb.reply({"Items": [as_json(found)], "Count": 1, "SdynamodbCount": 1})
        reply = patients.query(IndexName="by-name", KeyConditionExpression=Key("name").eq("Ann"))
        assert reply["Items"] == [{"pk": "1", "name": "Ann", "ward": "7"}]

    query()  # the first one parses its expression and fetches the beacon key
    assert module_changes("dynaseal", query) <= MOST_FOR_A_QUERY


def test_put_item_changes_modules_seldom() -> None:
    config = TableConfig(
        "patients",
        "pk",
        attribute_actions={"pk": CryptoAction.SIGN_ONLY, "name": CryptoAction.ENCRYPT_AND_SIGN},
        keyring=RawAesKeyring("tests", "2026", bytes(32)),
    )
    patients = encrypted(StubbedDynamoDb(), config)

    def put() -> None:
        patients.put_item(Item={"pk": "1", "name": "Ann"})

    put()
    assert module_changes("dynaseal", put) <= MOST_FOR_PUT_ITEM
