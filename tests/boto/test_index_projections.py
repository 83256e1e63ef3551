"""Searches through an index while plaintext may be read: only whole items are certain."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynaseal import EncryptedClient, EncryptedResource, EncryptedTable, PlaintextPolicy, attach
from dynaseal.boto.interception.index_projections import IndexProjections
from dynaseal.boto.interception.requests import Requests
from dynaseal.errors import UnsupportedOperationError
from support.people import people
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

READING = [PlaintextPolicy.FORBID_WRITE_ALLOW_READ, PlaintextPolicy.FORCE_WRITE_ALLOW_READ]
DESCRIPTION = {
    "Table": {
        "TableName": "people",
        "GlobalSecondaryIndexes": [
            {"IndexName": "whole", "Projection": {"ProjectionType": "ALL"}},
            {
                "IndexName": "some",
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["secret"]},
            },
        ],
        "LocalSecondaryIndexes": [{"IndexName": "keys", "Projection": {"ProjectionType": "KEYS_ONLY"}}],
    }
}
QUERY = {
    "TableName": "people",
    "KeyConditionExpression": "pk = :k",
    "ExpressionAttributeValues": {":k": {"S": "ann"}},
}


class FakeDescribeTable:
    """Counts the calls of DescribeTable."""

    def __init__(self, reply: dict[str, Any] | ClientError = DESCRIPTION) -> None:
        self.reply = reply
        self.described_tables: list[str] = []

    def __call__(self, table: str) -> dict[str, Any]:
        self.described_tables.append(table)
        if isinstance(self.reply, ClientError):
            raise self.reply
        return self.reply


def prepare(indexes: IndexProjections | None, policy: PlaintextPolicy, **request: Any) -> None:
    Requests({"people": people(policy=policy)}).prepare("Query", {**QUERY, **request}, indexes)


def failure(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"{code} it is"}}, "DescribeTable")


@pytest.mark.parametrize("policy", READING)
@pytest.mark.parametrize("select", [{}, {"Select": "ALL_PROJECTED_ATTRIBUTES"}])
def test_a_partial_index_is_refused_and_a_whole_one_passes(
    policy: PlaintextPolicy, select: dict[str, str]
) -> None:
    describe_table = FakeDescribeTable()
    indexes = IndexProjections(describe_table)
    prepare(indexes, policy, IndexName="whole", **select)
    for name in ("some", "keys"):
        with pytest.raises(UnsupportedOperationError, match=f"index '{name}', which does not project all"):
            prepare(indexes, policy, IndexName=name, **select)
    assert describe_table.described_tables == ["people"]


@pytest.mark.parametrize("policy", READING)
@pytest.mark.parametrize("select", ["ALL_ATTRIBUTES", "COUNT"])
def test_whole_items_and_counts_need_no_description(policy: PlaintextPolicy, select: str) -> None:
    prepare(None, policy, IndexName="some", Select=select)


def test_where_plaintext_may_not_be_read_nothing_is_asked() -> None:
    prepare(None, PlaintextPolicy.FORBID_WRITE_FORBID_READ, IndexName="some")


def test_an_index_that_is_new_is_looked_up_again() -> None:
    describe_table = FakeDescribeTable()
    indexes = IndexProjections(describe_table)
    for _ in range(2):
        with pytest.raises(
            UnsupportedOperationError, match="index 'new', which is not known to DescribeTable"
        ):
            prepare(indexes, READING[0], IndexName="new")
    assert len(describe_table.described_tables) == 2
    describe_table.reply = {
        "Table": {"GlobalSecondaryIndexes": [{"IndexName": "new", "Projection": {"ProjectionType": "ALL"}}]}
    }
    for _ in range(2):
        prepare(indexes, READING[0], IndexName="new")
    assert len(describe_table.described_tables) == 3


def test_what_was_asked_is_forgotten_when_a_table_is_changed() -> None:
    describe_table = FakeDescribeTable()
    indexes = IndexProjections(describe_table)
    for _ in range(2):
        prepare(indexes, READING[0], IndexName="whole")
        Requests({"people": people()}).prepare("UpdateTable", {"TableName": "people"}, indexes)
    assert len(describe_table.described_tables) == 2


def test_where_describe_table_is_denied_the_search_is_refused_and_says_so() -> None:
    indexes = IndexProjections(FakeDescribeTable(failure("AccessDeniedException")))
    with pytest.raises(UnsupportedOperationError, match="DescribeTable was denied") as caught:
        prepare(indexes, READING[0], IndexName="whole")
    assert "Allow dynamodb:DescribeTable, or pass Select=ALL_ATTRIBUTES" in str(caught.value)
    with pytest.raises(UnsupportedOperationError, match="is not known to DescribeTable"):
        prepare(None, READING[0], IndexName="whole")


def test_other_failures_of_describe_table_are_the_callers() -> None:
    with pytest.raises(ClientError, match="ThrottlingException"):
        prepare(
            IndexProjections(FakeDescribeTable(failure("ThrottlingException"))), READING[0], IndexName="whole"
        )


def _client(stub: StubbedDynamoDb, configs: Any) -> Any:
    return EncryptedClient(stub.client(), configs=configs).query


def _paginator(stub: StubbedDynamoDb, configs: Any) -> Any:
    pages = EncryptedClient(stub.client(), configs=configs).get_paginator("query")
    return lambda **request: list(pages.paginate(**request))


def _attached(stub: StubbedDynamoDb, configs: Any) -> Any:
    client = stub.client()
    attach(client, configs)
    return client.query


def _table(stub: StubbedDynamoDb, configs: Any) -> Any:
    table = EncryptedTable(stub.resource().Table("people"), config=configs["people"])
    return lambda **request: table.query(**_python(request))


def _resource(stub: StubbedDynamoDb, configs: Any) -> Any:
    table = EncryptedResource(stub.resource(), configs=configs).Table("people")
    return lambda **request: table.query(**_python(request))


def _python(request: dict[str, Any]) -> dict[str, Any]:
    return {
        **{name: value for name, value in request.items() if name != "TableName"},
        "ExpressionAttributeValues": {":k": "ann"},
    }


@pytest.mark.parametrize("wrapper", [_client, _paginator, _attached, _table, _resource])
def test_every_wrapper_asks_once_through_its_own_client(wrapper: Any) -> None:
    stub = StubbedDynamoDb()
    query = wrapper(stub, {"people": people(policy=READING[0])})
    stub.reply(DESCRIPTION)
    with pytest.raises(UnsupportedOperationError, match="does not project all attributes"):
        query(**QUERY, IndexName="some")
    assert [operation for operation, _ in stub.sent_requests] == ["DescribeTable"]
    query(**QUERY, IndexName="whole")
    query(**QUERY, IndexName="whole")
    assert [operation for operation, _ in stub.sent_requests] == ["DescribeTable", "Query", "Query"]
