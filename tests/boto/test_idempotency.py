"""A transaction that is repeated under its ClientRequestToken is sent as it was before."""

from __future__ import annotations

import json
from base64 import b64encode
from copy import deepcopy
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from dynaseal import EncryptedClient, EncryptedResource, UpdateMode
from dynaseal.boto.interception.idempotency import KEPT_SECONDS, SentTransactions
from dynaseal.materials import forks
from support.people import people, person
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

KEY = {"pk": {"S": "ann"}}


def actions(**more: Any) -> list[Any]:
    return [
        {"Put": {"TableName": "people", "Item": person(notes={"SS": ["a", "b"]}, **more)}},
        {"Update": {"TableName": "people", "Key": {"pk": {"S": "bob"}}, "UpdateExpression": "REMOVE memo"}},
        {"Put": {"TableName": "audit", "Item": {"pk": {"S": "plain"}}}},
    ]


def encrypted(stub: StubbedDynamoDb) -> EncryptedClient:
    return EncryptedClient(stub.client(), configs={"people": people()}, plaintext_tables=["audit"])


def sent_items(stub: StubbedDynamoDb) -> list[Any]:
    return [body["TransactItems"] for _, body in stub.sent_requests]


def test_the_same_items_under_the_same_token_are_the_same_ciphertext() -> None:
    stub = StubbedDynamoDb()
    client = encrypted(stub)
    client.transact_write_items(ClientRequestToken="one", TransactItems=actions())
    again = deepcopy(actions())
    again[0]["Put"]["Item"]["notes"]["SS"].reverse()
    again[0]["Put"]["Item"] = dict(reversed(again[0]["Put"]["Item"].items()))
    client.transact_write_items(ClientRequestToken="one", TransactItems=again)
    first, second = sent_items(stub)
    assert first == second
    assert "the secret" not in repr(first)


def test_other_items_or_another_token_or_none_are_encrypted_anew() -> None:
    stub = StubbedDynamoDb()
    client = encrypted(stub)
    client.transact_write_items(ClientRequestToken="one", TransactItems=actions())
    client.transact_write_items(ClientRequestToken="one", TransactItems=actions(city={"S": "Basel"}))
    client.transact_write_items(ClientRequestToken="two", TransactItems=actions())
    client.transact_write_items(TransactItems=actions())
    client.transact_write_items(TransactItems=actions())
    client.transact_write_items(ClientRequestToken="one", TransactItems=actions())
    headers = [repr(sent[0]["Put"]["Item"]["aws_dbe_head"]) for sent in sent_items(stub)]
    assert len(set(headers)) == 5
    assert headers[0] == headers[-1]


def test_a_resources_client_repeats_its_ciphertext_too() -> None:
    stub = StubbedDynamoDb()
    client: Any = EncryptedResource(stub.resource(), configs={"people": people()}).meta.client
    for _ in range(2):
        item = {"pk": "ann", "secret": {"a", "b", "c"}, "city": "Bern"}
        put = {"Put": {"TableName": "people", "Item": item}}
        client.transact_write_items(ClientRequestToken="one", TransactItems=[put])
    first, second = sent_items(stub)
    assert first == second


def test_a_refused_token_says_what_may_be_the_reason() -> None:
    stub = StubbedDynamoDb()
    stub.refuse("IdempotentParameterMismatchException", Message="The request is another one.")
    client = encrypted(stub)
    with pytest.raises(client.exceptions.IdempotentParameterMismatchException) as caught:
        client.transact_write_items(ClientRequestToken="one", TransactItems=actions())
    assert "The request is another one. (dynaseal sends the same ciphertext again" in str(caught.value)
    assert "another process or client" in str(caught.value)


def test_a_cancelled_transaction_may_be_repeated() -> None:
    stub = StubbedDynamoDb()
    client = encrypted(stub)
    stub.refuse("TransactionCanceledException", Message="m", CancellationReasons=[{"Code": "None"}] * 3)
    with pytest.raises(ClientError):
        client.transact_write_items(ClientRequestToken="one", TransactItems=actions())
    client.transact_write_items(ClientRequestToken="one", TransactItems=actions())
    first, second = sent_items(stub)
    assert first == second


def test_what_is_kept_is_bounded_in_time_number_and_bytes() -> None:
    now = [0.0]
    sent = SentTransactions(clock=lambda: now[0])
    sent.keep("old", [1], ["old"])
    assert sent.find("old", [1]) == ["old"]
    now[0] = KEPT_SECONDS - 1
    sent.keep("young", [1], ["young"])
    now[0] = KEPT_SECONDS
    assert (sent.find("old", [1]), sent.find("young", [1])) == (None, ["young"])
    for number in range(2000):
        sent.keep(str(number), [1], [number])
    assert (len(sent._sent), sent.find("999", [1]), sent.find("1999", [1])) == (1000, None, [1999])
    for number in range(20):
        sent.keep(f"large {number}", [1], ["x" * 4 * 2**20])
    assert sent._size <= 32 * 2**20
    sent.keep("too large", [1], ["x" * 33 * 2**20])
    assert (len(sent._sent), sent._size) == (0, 0)


def test_what_is_sent_in_place_of_a_cancelled_transaction_takes_only_its_own_room() -> None:
    sent = SentTransactions()
    kept = sent.keep("token", [1], ["x" * 1000])
    size = sent._size
    for _ in range(3):
        kept = sent.keep("token", [1], ["x" * 1000], kept)
    assert sent.find("token", [1]) is kept
    assert sent._size == size


def sent_transactions_of(client: Any) -> SentTransactions:
    """Return what a client keeps, which one of its event handlers holds."""
    handlers = client._client.meta.events._emitter._handlers.prefix_search("before-parameter-build.dynamodb")
    owners: list[Any] = [
        getattr(getattr(handler, "__wrapped__", handler), "__self__", None) for handler in handlers
    ]
    (requests,) = [owner._requests for owner in owners if hasattr(owner, "_requests")]
    return requests._tables.sent_transactions


def as_sent(parts: Any) -> Any:
    return json.loads(json.dumps(parts, default=lambda value: b64encode(value).decode()))


def test_what_is_kept_is_what_was_sent_without_plaintext_of_what_is_encrypted() -> None:
    stub = StubbedDynamoDb()
    configs = {"people": people(update_mode=UpdateMode.READ_MODIFY_WRITE)}
    client: Any = EncryptedClient(stub.client(), configs=configs, plaintext_tables=["audit"])
    update = {
        "TableName": "people",
        "Key": {"pk": {"S": "eve"}},
        "UpdateExpression": "SET secret = :secret, memo = :memo",
        "ExpressionAttributeValues": {":secret": {"S": "the secret"}, ":memo": {"S": "a memo"}},
    }
    stub.reply({"Responses": [{}]})
    client.transact_write_items(ClientRequestToken="one", TransactItems=[*actions(), {"Update": update}])
    (entry,) = sent_transactions_of(client)._sent.values()
    sent = sent_items(stub)[1]
    kept = as_sent(entry.parts)
    assert all(part in (None, sent_part) for part, sent_part in zip(kept, sent, strict=True))
    assert kept[2] is None, "sent as the caller wrote it"
    assert "the secret" not in repr(entry.parts)
    assert "a memo" in repr(entry.parts), "as the table holds it"
    assert "a memo" not in repr(entry)


def test_nothing_is_kept_in_a_child_process() -> None:
    stub = StubbedDynamoDb()
    client: Any = encrypted(stub)
    client.transact_write_items(ClientRequestToken="one", TransactItems=actions())
    assert sent_transactions_of(client)._sent
    forks._reset_all()
    assert not sent_transactions_of(client)._sent


WIRE = st.recursive(
    st.sampled_from([{"S": "a"}, {"S": "b"}, {"N": "1"}, {"B": b"a"}, {"SS": ["a", "b"]}, {"NULL": True}]),
    lambda inner: (
        st.builds(lambda v: {"L": v}, st.lists(inner, max_size=3))
        | st.builds(lambda v: {"M": v}, st.dictionaries(st.sampled_from("abS"), inner, max_size=3))
    ),
    max_leaves=6,
)


@given(WIRE, WIRE)
def test_two_values_are_the_same_request_only_if_they_are_equal(one: Any, other: Any) -> None:
    sent = SentTransactions()
    sent.keep("t", [one], ["ciphertext"])
    assert (sent.find("t", [other]) is not None) is (one == other)
