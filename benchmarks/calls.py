"""Whole calls through boto3 with a stubbed transport: an `EncryptedTable` beside boto3's own Table.

The older library has one format, so its figures stand beside both suites.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from benchmarks import older, stub
from benchmarks.encryptors import with_each_engine
from benchmarks.measure import in_turn, timed
from benchmarks.rows import Column, Row
from benchmarks.samples import Sample, samples
from dynaseal import AlgorithmSuite, EncryptedTable

ITEMS_OF_QUERY = 100


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure a put, a get and a query of 100 items of 1 KB under both suites."""
    sample = next(each for each in samples() if each.size == "1 KB")
    for suite in AlgorithmSuite:
        tables = _tables(sample, suite)
        for what, call, repeat in _operations(sample):
            calls: dict[str, Callable[[], float]] = {
                column: partial(timed, partial(call, table), max(1, repeat // 10) if quick else repeat)
                for column, table in tables.items()
            }
            seen = in_turn(calls, rounds=3 if quick else 25)
            yield Row(
                section="calls",
                what=f"{suite.value:#x} {what}, 1 KB",
                unit="us",
                floor="boto3 alone",
                figures={Column(column): figure for column, figure in seen.items()},
            )


def _tables(sample: Sample, suite: AlgorithmSuite) -> dict[Column, Any]:
    """Return boto3's Table over plaintext items, and an encrypted one for each engine."""
    items = [{**sample.item, "sk": {"S": f"order#{number:04}"}} for number in range(ITEMS_OF_QUERY)]
    stored = [sample.encryptor(suite).encrypt_item(item) for item in items]
    # GetItem's reply must have the key that the request has.
    stored[0] = sample.encryptor(suite).encrypt_item(sample.item)

    def encrypted() -> EncryptedTable:
        return EncryptedTable(stub.table(stub.replies(stored)), config=sample.config(suite))

    older_items = [older.encrypted(sample, item) for item in [sample.item, *items[1:]]]
    return {
        Column.FLOOR: stub.table(stub.replies(items)),
        **with_each_engine(encrypted),
        Column.OLDER: older.table(stub.table(stub.replies(older_items)), sample),
    }


def _operations(sample: Sample) -> list[tuple[str, Callable[[Any], object], int]]:
    deserializer: Any = TypeDeserializer()
    item = {name: deserializer.deserialize(value) for name, value in sample.item.items()}
    key = {"pk": item["pk"], "sk": item["sk"]}
    query = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": item["pk"]},
    }
    return [
        ("put", lambda table: table.put_item(Item=item), 50),
        ("get", lambda table: table.get_item(Key=key), 50),
        (f"query of {ITEMS_OF_QUERY}", lambda table: table.query(**query), 2),
    ]
