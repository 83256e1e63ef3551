"""Keys as a person writes them, and pages of items."""

from __future__ import annotations

from typing import Any

import pytest

from dynaseal.inspection.tables import (
    Index,
    KeyInputError,
    KeyQuery,
    TableFacts,
    describe_table,
    parse_key,
    query_page,
    scan_page,
    written_value,
)

FACTS = TableFacts(
    name="people",
    arn="arn:aws:dynamodb:eu-west-1:111122223333:table/people",
    region="eu-west-1",
    account="111122223333",
    storage_key_arn=None,
    item_count=0,
    key_types={"pk": "S", "n": "N", "raw": "B"},
    indexes=(Index(None, ("pk", "n")), Index("by-raw", ("raw",))),
)


class RecordingClient:
    def __init__(self, reply: dict[str, Any]) -> None:
        self.reply = reply
        self.requests: list[dict[str, Any]] = []

    def __getattr__(self, _operation: str) -> Any:
        def call(**request: Any) -> dict[str, Any]:
            self.requests.append(request)
            return self.reply

        return call


def test_a_key_is_read_by_the_key_schema() -> None:
    assert parse_key(FACTS, ["n=-1.5", "pk=a=b"]) == {"pk": {"S": "a=b"}, "n": {"N": "-1.5"}}


@pytest.mark.parametrize("written", ["raw=AP8=", "raw=0x00ff"])
def test_binary_is_base64_or_hexadecimal(written: str) -> None:
    facts = TableFacts(
        name="t",
        arn="",
        region="",
        account="",
        storage_key_arn=None,
        item_count=0,
        key_types={"raw": "B"},
        indexes=(Index(None, ("raw",)),),
    )
    key = parse_key(facts, [written])
    assert key == {"raw": {"B": b"\x00\xff"}}
    assert written_value(key["raw"]) == "AP8="


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "is written pk=VALUE n=VALUE"),
        (["pk"], "'pk' is not written NAME=VALUE"),
        (["pk=a", "pk=b"], "given twice"),
        (["pk=a", "n=1", "x=2"], "is written pk=VALUE n=VALUE"),
        (["pk=", "n=1"], "needs a value"),
        (["pk=a", "n=x"], "is a number"),
        (["pk=a", "n=nan"], "is a number"),
        (["pk=a", "n=\u0663"], "is a number"),
    ],
)
def test_another_key_is_refused_with_the_reason(pairs: list[str], message: str) -> None:
    with pytest.raises(KeyInputError, match=message):
        parse_key(FACTS, pairs)


def test_a_page_has_a_limit_and_the_key_to_go_on_from() -> None:
    client = RecordingClient({"Items": [{"pk": {"S": "a"}}], "LastEvaluatedKey": {"pk": {"S": "a"}}})
    page = scan_page(client, FACTS, 100, {"pk": {"S": "0"}})
    assert client.requests == [{"TableName": "people", "Limit": 100, "ExclusiveStartKey": {"pk": {"S": "0"}}}]
    assert page.next_key == {"pk": {"S": "a"}}


def test_a_query_names_its_index_and_conditions() -> None:
    client = RecordingClient({"Items": []})
    query_page(client, FACTS, KeyQuery(index=None, partition="a", sort="1"), 10, None)
    query_page(client, FACTS, KeyQuery(index="by-raw", partition="0xff"), 10, None)
    first, second = client.requests
    assert first["KeyConditionExpression"] == "#p = :p AND #s = :s"
    assert first["ExpressionAttributeValues"] == {":p": {"S": "a"}, ":s": {"N": "1"}}
    assert (second["IndexName"], second["ExpressionAttributeValues"]) == ("by-raw", {":p": {"B": b"\xff"}})


@pytest.mark.parametrize(
    "query",
    [
        KeyQuery(index="none", partition="a"),
        KeyQuery(index="by-raw", partition="0xff", sort="a"),
        KeyQuery(index=None, partition=""),
    ],
)
def test_a_query_that_does_not_fit_is_refused(query: KeyQuery) -> None:
    with pytest.raises(KeyInputError):
        query_page(RecordingClient({}), FACTS, query, 10, None)


def test_the_facts_are_those_of_describe_table() -> None:
    schema = [{"AttributeName": "n", "KeyType": "RANGE"}, {"AttributeName": "pk", "KeyType": "HASH"}]
    reply = {
        "TableName": "people",
        "TableArn": FACTS.arn,
        "KeySchema": schema,
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in FACTS.key_types.items()
        ],
        "GlobalSecondaryIndexes": [
            {"IndexName": "by-raw", "KeySchema": [{"AttributeName": "raw", "KeyType": "HASH"}]}
        ],
    }
    assert describe_table(RecordingClient({"Table": reply}), "people") == FACTS
