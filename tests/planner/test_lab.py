"""What the planner predicts of a sample is what querying the whole table measures."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import boto3
import pytest

from dynaseal import (
    AlgorithmSuite,
    BeaconVersion,
    CryptoAction,
    EncryptedClient,
    KeyStore,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
    plan_beacon,
)
from support.dynamodb import create_table

ITEMS = 400
SAMPLE = 300


def uniform() -> list[str]:
    return [f"value {number % 200}" for number in range(ITEMS)]


def zipf() -> list[str]:
    weights = [1 / rank for rank in range(1, 151)]
    return random.Random(7).choices([f"value {rank}" for rank in range(150)], weights, k=ITEMS)


def few() -> list[str]:
    return random.Random(7).choices([f"value {letter}" for letter in "abcdefgh"], range(1, 9), k=ITEMS)


class Searched:
    """A table in the lab whose values are found by a beacon of some length."""

    def __init__(self, session: dict[str, Any], length: int, values: list[str]) -> None:
        kms, dynamodb = boto3.client("kms", **session), boto3.client("dynamodb", **session)
        arn = kms.create_key()["KeyMetadata"]["Arn"]
        self.store = KeyStore("keys", "keys", arn, dynamodb_client=dynamodb, kms_client=kms)
        self.store.create_table()
        self.key_id = self.store.create_key()
        config = TableConfig(
            "people",
            "pk",
            attribute_actions={"pk": CryptoAction.SIGN_ONLY, "city": CryptoAction.ENCRYPT_AND_SIGN},
            keyring=RawAesKeyring("tests", "2026", bytes(32)),
            algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
            search=SearchConfig(
                [BeaconVersion(self.store, SingleKeySource(self.key_id), [StandardBeacon("city", length)])]
            ),
        )
        self.name = create_table(
            dynamodb,
            "pk",
            indexed=["aws_dbe_b_city"],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-city",
                    "KeySchema": [{"AttributeName": "aws_dbe_b_city", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        self.client = EncryptedClient(dynamodb, configs={self.name: config})
        self.items = [{"pk": {"S": str(at)}, "city": {"S": value}} for at, value in enumerate(values)]
        for start in range(0, ITEMS, 25):
            puts: list[Any] = [{"PutRequest": {"Item": item}} for item in self.items[start : start + 25]]
            self.client.batch_write_item(RequestItems={self.name: puts})

    def false_positives(self) -> tuple[float, float]:
        """Query the value of each item, every value once; how many items are false, and which part."""
        weights = Counter(item["city"]["S"] for item in self.items)
        false = found = 0
        for value, weight in weights.items():
            reply = self.client.query(
                TableName=self.name,
                IndexName="by-city",
                KeyConditionExpression="city = :v",
                ExpressionAttributeValues={":v": {"S": value}},
            )
            assert reply["Count"] == weight
            false += weight * (reply["ScannedCount"] - reply["Count"])
            found += weight * reply["ScannedCount"]
        return false / ITEMS, false / found


@pytest.mark.parametrize(("values", "length"), [(uniform, 3), (zipf, 2), (few, 2)])
def test_the_predicted_false_positives_are_within_a_tenth_of_the_measured_ones(
    session: dict[str, Any], values: Any, length: int
) -> None:
    table = Searched(session, length, values())

    plan = plan_beacon(
        random.Random(3).sample(table.items, SAMPLE),
        "city",
        beacon_key=table.store.get_beacon_key(table.key_id).beacon_key,
        table_items=ITEMS,
    )

    number, rate = table.false_positives()
    predicted = plan.lengths[length - 1]
    assert number > 0
    assert predicted.false_positives == pytest.approx(number, rel=0.1)
    assert predicted.false_positive_rate == pytest.approx(rate, rel=0.1)


@pytest.mark.parametrize("values", [uniform, zipf, few])
def test_on_all_items_the_prediction_is_what_is_measured(session: dict[str, Any], values: Any) -> None:
    table = Searched(session, 2, values())
    key = table.store.get_beacon_key(table.key_id).beacon_key
    predicted = plan_beacon(table.items, "city", beacon_key=key).lengths[1]
    assert (predicted.false_positives, predicted.false_positive_rate) == pytest.approx(
        table.false_positives()
    )
