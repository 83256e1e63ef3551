"""Items of replies are parsed in one pass, and exactly as botocore would parse them."""

from __future__ import annotations

import json
from base64 import b64encode
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal import EncryptedClient
from dynaseal.boto.interception.reply_parser import OPERATIONS_WITH_ITEMS, parse_items
from support.botocore_replies import SERVICE, outcome, response
from support.call_counter import call_count
from support.people import people
from support.stubbed_dynamodb import StubbedDynamoDb

CAPACITY = {"TableName": "people", "CapacityUnits": 0.5}

strings = st.text(max_size=5)
base64 = st.binary(max_size=8).map(lambda content: b64encode(content).decode())
scalars = (
    st.fixed_dictionaries({"S": strings})
    | st.fixed_dictionaries({"N": st.integers().map(str)})
    | st.fixed_dictionaries({"B": base64})
    | st.fixed_dictionaries({"BOOL": st.booleans()})
    | st.fixed_dictionaries({"NULL": st.booleans()})
    | st.fixed_dictionaries({"SS": st.lists(strings, max_size=3)})
    | st.fixed_dictionaries({"NS": st.lists(st.integers().map(str), max_size=3)})
    | st.fixed_dictionaries({"BS": st.lists(base64, max_size=3)})
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.fixed_dictionaries({"L": st.lists(inner, max_size=3)})
        | st.fixed_dictionaries({"M": st.dictionaries(strings, inner, max_size=3)})
    ),
    max_leaves=6,
)
# What DynamoDB does not send: no type or two, unknown types, contents of other types, and no values at all.
contents: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | strings | base64
malformed = st.dictionaries(
    st.sampled_from(["S", "N", "B", "SS", "BS", "L", "M", "BOOL", "NULL", "X", ""]),
    contents | st.lists(contents, max_size=2) | st.dictionaries(strings, contents, max_size=2),
    max_size=2,
)
items = st.dictionaries(strings, values, max_size=3)
malformed_items = st.dictionaries(strings, values | malformed | contents, max_size=3) | contents


def replies(item: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return operations and bodies of their replies."""
    several = st.lists(item, max_size=3)
    return st.sampled_from(OPERATIONS_WITH_ITEMS).flatmap(
        lambda operation: st.tuples(
            st.just(operation),
            st.fixed_dictionaries(
                {},
                optional={
                    "Item": item,
                    "Items": several,
                    "Responses": st.dictionaries(strings, several, max_size=2),
                    "Count": st.integers(0, 9),
                    "LastEvaluatedKey": items,
                    "ConsumedCapacity": st.just([CAPACITY] if operation == "BatchGetItem" else CAPACITY),
                },
            ),
        )
    )


@given(replies(items))
def test_a_reply_is_parsed_as_botocore_parses_it(reply: tuple[str, dict[str, Any]]) -> None:
    operation, body = reply
    received = response(json.dumps(body).encode())
    expected = outcome(operation, received, in_one_pass=False)
    parsed = outcome(operation, received, in_one_pass=True)
    assert parsed == expected
    assert list(parsed) == list(expected)


@given(replies(malformed_items))
def test_a_malformed_reply_has_the_outcome_that_it_has_in_botocore(
    reply: tuple[str, dict[str, Any]],
) -> None:
    operation, body = reply
    received = response(json.dumps(body).encode())
    assert outcome(operation, received, in_one_pass=True) == outcome(operation, received, in_one_pass=False)


@pytest.mark.parametrize(
    "received",
    [
        pytest.param(response(b'{"Items": [{"a": {"S": "x"}}]}', status=400), id="error"),
        pytest.param(response(b'{"Items": [{"a": {"S": "x"}}]}', content_type="text/html"), id="not-json"),
        pytest.param(response(b'{"Items": [{"a": {"S": "x"'), id="cut-off"),
        pytest.param(response(b"[]"), id="no-members"),
        pytest.param(response(b""), id="empty"),
        pytest.param(response(b"\xff"), id="not-utf-8"),
        pytest.param(response(b'{"Items": [{"a": {"B": "x"}}]}'), id="not-base64"),
        pytest.param(response(b'{"Items": ' + b'[{"a":{"L":' * 9_000), id="deep"),
    ],
)
def test_what_is_not_the_usual_case_is_left_to_botocore(received: dict[str, Any]) -> None:
    left = deepcopy(received)
    customized: dict[str, Any] = {}
    parse_items(left, SERVICE.operation_model("Query"), customized)
    assert (left, customized) == (received, {})


def test_a_botocore_without_customized_replies_parses_everything_itself() -> None:
    received = response(b'{"Items": [{"a": {"S": "x"}}]}')
    left = deepcopy(received)
    parse_items(left, SERVICE.operation_model("Query"))
    assert left == received


@pytest.mark.parametrize("operation", ["query", "scan"])
def test_a_page_of_items_takes_less_than_half_of_botocores_work(operation: str) -> None:
    item = {f"attribute{number}": {"S": "x"} for number in range(10)}
    dynamodb, plain = StubbedDynamoDb(), StubbedDynamoDb()
    for stub in (dynamodb, plain):
        for _ in range(2):
            stub.reply({"Items": [item] * 100, "Count": 100})
    encrypted = EncryptedClient(dynamodb.client(), configs={"people": people()}, plaintext_tables=["log"])
    arguments: dict[str, Any] = {"TableName": "log"}
    if operation == "query":
        arguments |= {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": "1"}},
        }
    plain_client = plain.client()
    assert getattr(encrypted, operation)(**arguments)["Items"] == [item] * 100
    assert getattr(plain_client, operation)(**arguments)["Items"] == [item] * 100
    calls = call_count(lambda: getattr(encrypted, operation)(**arguments))
    assert calls < call_count(lambda: getattr(plain_client, operation)(**arguments)) / 2
