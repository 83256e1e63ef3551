"""Updates of signed attributes beside other writers: nothing is lost, resurrected or mixed."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynaseal import EncryptedTable, PlaintextPolicy, UpdateConflictError, UpdateMode
from dynaseal.boto.interception.attach import attach
from dynaseal.boto.wrappers.client import EncryptedClient
from dynaseal.boto.wrappers.resource import EncryptedResource
from support.dynamodb import client_of, create_table, resource_of
from support.people import ACTIONS, KEYRING
from support.people import people as people_config

OVER_BOTH_DRIVERS = True

KEY = {"pk": {"S": "ann"}}
ADD = {"UpdateExpression": "ADD secret :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}


def people(**more: Any) -> Any:
    return people_config(update_mode=UpdateMode.READ_MODIFY_WRITE, **more)


@pytest.fixture
def name(client: Any) -> str:
    return create_table(client, "pk")


@pytest.fixture
def encrypted(client: Any, name: str) -> EncryptedClient:
    return EncryptedClient(client, configs={name: people()})


def before_writes(client: Any, interfere: Callable[[], object], times: int = 1) -> None:
    """Let another writer in before each of the next writes of a client."""
    left = [times]

    def before_send(request: Any, **_: Any) -> None:
        is_read = b"Get" in request.headers["X-Amz-Target"]
        if left[0] and not is_read:
            left[0] -= 1
            interfere()

    client.meta.events.register("before-send.dynamodb", before_send)


def stored(client: Any, name: str) -> Any:
    return client.get_item(TableName=name, Key=KEY, ConsistentRead=True).get("Item")


def count(endpoint: str, name: str, times: int) -> None:
    table = EncryptedTable(resource_of(endpoint).Table(name), config=people())
    for _ in range(times):
        table.update_item(
            Key={"pk": "ann"}, UpdateExpression="ADD secret :one", ExpressionAttributeValues={":one": 1}
        )


def count_in_threads(endpoint: str, name: str, threads: int, times: int) -> None:
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(count, endpoint, name, times) for _ in range(threads)]:
            done.result()


def test_threads_and_processes_that_add_to_an_encrypted_counter_lose_nothing(
    endpoint: str, encrypted: EncryptedClient, name: str
) -> None:
    process = get_context("spawn").Process(target=count_in_threads, args=(endpoint, name, 3, 10))
    process.start()
    count_in_threads(endpoint, name, 3, 10)
    process.join()
    assert stored(encrypted, name)["secret"] == {"N": "60"}


def test_an_unsigned_attribute_that_another_writer_changes_meanwhile_is_kept(
    client: Any, encrypted: EncryptedClient, name: str
) -> None:
    encrypted.put_item(TableName=name, Item={**KEY, "secret": {"N": "1"}, "memo": {"N": "1"}})
    update = {"UpdateExpression": "ADD memo :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    before_writes(encrypted, lambda: client.update_item(TableName=name, Key=KEY, **update))

    reply = encrypted.update_item(TableName=name, Key=KEY, ReturnValues="ALL_NEW", **ADD)

    assert reply["Attributes"] == {**KEY, "secret": {"N": "2"}, "memo": {"N": "2"}}
    assert stored(encrypted, name) == reply["Attributes"]


def test_a_condition_on_an_unsigned_attribute_holds_when_the_item_is_written(
    client: Any, encrypted: EncryptedClient, name: str
) -> None:
    encrypted.put_item(TableName=name, Item={**KEY, "secret": {"N": "1"}, "memo": {"N": "1"}})
    close = {"UpdateExpression": "SET memo = :v", "ExpressionAttributeValues": {":v": {"N": "9"}}}
    before_writes(encrypted, lambda: client.update_item(TableName=name, Key=KEY, **close))

    with pytest.raises(client.exceptions.ConditionalCheckFailedException) as caught:
        encrypted.update_item(
            TableName=name,
            Key=KEY,
            ConditionExpression="memo = :one",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **ADD,
        )
    assert caught.value.response["Item"] == {**KEY, "secret": {"N": "1"}, "memo": {"N": "9"}}


def test_a_deleted_item_is_not_written_back(client: Any, encrypted: EncryptedClient, name: str) -> None:
    encrypted.put_item(TableName=name, Item={**KEY, "secret": {"N": "5"}, "city": {"S": "Bern"}})
    before_writes(encrypted, lambda: client.delete_item(TableName=name, Key=KEY))

    encrypted.update_item(TableName=name, Key=KEY, **ADD)

    assert stored(encrypted, name) == {**KEY, "secret": {"N": "1"}}


def test_an_item_that_was_put_anew_is_not_mixed_with_the_one_before(
    client: Any, encrypted: EncryptedClient, name: str
) -> None:
    other = EncryptedClient(client, configs={name: people()})
    encrypted.put_item(TableName=name, Item={**KEY, "secret": {"N": "5"}, "city": {"S": "Bern"}})

    def put_anew() -> None:
        other.delete_item(TableName=name, Key=KEY)
        other.put_item(TableName=name, Item={**KEY, "secret": {"N": "70"}, "notes": {"S": "new"}})

    before_writes(encrypted, put_anew)
    encrypted.update_item(TableName=name, Key=KEY, **ADD)

    assert stored(encrypted, name) == {**KEY, "secret": {"N": "71"}, "notes": {"S": "new"}}


def test_an_item_that_another_writer_creates_first_is_updated(
    client: Any, encrypted: EncryptedClient, name: str
) -> None:
    other = EncryptedClient(client, configs={name: people()})
    before_writes(
        encrypted,
        lambda: other.put_item(TableName=name, Item={**KEY, "secret": {"N": "8"}, "memo": {"S": "m"}}),
    )
    encrypted.update_item(TableName=name, Key=KEY, **ADD)
    assert stored(encrypted, name) == {**KEY, "secret": {"N": "9"}, "memo": {"S": "m"}}


def test_writers_who_are_faster_every_time_end_the_update_with_a_conflict(
    client: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dynaseal.drivers.block", lambda _: None)
    encrypted = EncryptedClient(client, configs={name: people()})
    other = EncryptedClient(client, configs={name: people()})
    encrypted.put_item(TableName=name, Item={**KEY, "secret": {"N": "1"}})
    before_writes(
        encrypted, lambda: other.put_item(TableName=name, Item={**KEY, "secret": {"N": "1"}}), times=1000
    )
    with pytest.raises(UpdateConflictError, match="in each of 60 attempts") as caught:
        encrypted.update_item(TableName=name, Key=KEY, **ADD)
    assert isinstance(caught.value, ClientError)
    assert stored(encrypted, name)["secret"] == {"N": "1"}


@pytest.mark.parametrize(
    ("return_values", "secret", "memo"),
    [("UPDATED_NEW", "2", "11"), ("ALL_NEW", "2", "11"), ("UPDATED_OLD", "1", "10"), ("ALL_OLD", "1", "10")],
)
def test_a_write_whose_reply_was_lost_is_not_made_twice(
    encrypted: EncryptedClient, name: str, return_values: Any, secret: str, memo: str
) -> None:
    encrypted.put_item(TableName=name, Item={**KEY, "secret": {"N": "1"}, "memo": {"N": "10"}})
    lost = []

    def lose_reply(response: Any, operation: Any, **_: Any) -> Any:
        if operation.name == "UpdateItem" and not lost:
            lost.append(response)
            return 0  # seconds until botocore repeats the request
        return None

    encrypted.meta.events.register_first("needs-retry.dynamodb", lose_reply)
    add = {**ADD, "UpdateExpression": "ADD secret :one, memo :one"}
    reply = encrypted.update_item(TableName=name, Key=KEY, ReturnValues=return_values, **add)
    assert lost
    key = KEY if return_values.startswith("ALL") else {}
    assert reply["Attributes"] == {**key, "secret": {"N": secret}, "memo": {"N": memo}}
    assert stored(encrypted, name) == {**KEY, "secret": {"N": "2"}, "memo": {"N": "11"}}


def test_an_update_of_unsigned_attributes_is_one_call_and_creates_an_encrypted_item(
    client: Any, encrypted: EncryptedClient, name: str
) -> None:
    sent: list[str] = []
    encrypted.meta.events.register(
        "before-send.dynamodb", lambda request, **_: sent.append(request.headers["X-Amz-Target"].decode())
    )
    add = {"UpdateExpression": "ADD memo :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    created = encrypted.update_item(TableName=name, Key=KEY, ReturnValues="ALL_NEW", **add)
    assert created["Attributes"] == {**KEY, "memo": {"N": "1"}}
    assert "aws_dbe_head" in stored(client, name)
    sent.clear()
    updated = encrypted.update_item(TableName=name, Key=KEY, ReturnValues="UPDATED_NEW", **add)
    assert updated["Attributes"] == {"memo": {"N": "2"}}
    assert [target.partition(".")[2] for target in sent] == ["UpdateItem"]


def test_capacities_are_added_up(encrypted: EncryptedClient, name: str) -> None:
    encrypted.put_item(TableName=name, Item={**KEY, "secret": {"N": "1"}})
    reply = encrypted.update_item(TableName=name, Key=KEY, ReturnConsumedCapacity="TOTAL", **ADD)
    assert reply["ConsumedCapacity"]["CapacityUnits"] >= 2
    assert reply["ConsumedCapacity"]["TableName"] == name


def test_an_item_with_more_attributes_than_an_update_can_have_is_put(client: Any, name: str) -> None:
    config = people(actions={**ACTIONS, **dict.fromkeys((f"a{n}" for n in range(400)), ACTIONS["secret"])})
    large = EncryptedClient(client, configs={name: config})
    item = {**KEY, "memo": {"S": "m"}, **{f"a{n}": {"N": "1"} for n in range(400)}}
    large.put_item(TableName=name, Item=item)
    add = {"UpdateExpression": "ADD a0 :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    change = {"UpdateExpression": "SET memo = :v", "ExpressionAttributeValues": {":v": {"S": "changed"}}}
    before_writes(large, lambda: client.update_item(TableName=name, Key=KEY, **change))
    large.update_item(TableName=name, Key=KEY, **add)
    assert stored(large, name) == {**item, "a0": {"N": "2"}, "memo": {"S": "changed"}}


def test_an_unencrypted_item_is_written_encrypted_where_it_may_be_read(client: Any, name: str) -> None:
    client.put_item(TableName=name, Item={**KEY, "secret": {"N": "1"}, "city": {"S": "Bern"}})
    adopting = EncryptedClient(client, configs={name: people(policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ)})
    adopting.update_item(TableName=name, Key=KEY, **ADD)
    assert "aws_dbe_head" in stored(client, name)
    assert stored(adopting, name) == {**KEY, "secret": {"N": "2"}, "city": {"S": "Bern"}}


def test_every_wrapper_updates(endpoint: str, name: str) -> None:
    add = {"UpdateExpression": "ADD secret :one", "ExpressionAttributeValues": {":one": 1}}
    resource = EncryptedResource(resource_of(endpoint), configs={name: people()})
    attached = resource_of(endpoint)
    attach(attached, {name: people()})
    provided = EncryptedTable(
        resource_of(endpoint).Table(name), KEYRING, update_mode=UpdateMode.READ_MODIFY_WRITE
    )
    for number, table in enumerate((resource.Table(name), attached.Table(name), provided), start=1):
        key = {"pk": f"{number}"}
        for expected in (1, 2):
            reply = table.update_item(Key=key, ReturnValues="UPDATED_NEW", **add)
            assert reply["Attributes"] == {"secret": expected}
        assert table.get_item(Key=key)["Item"] == {**key, "secret": 2}


def test_the_plaintext_does_not_leave(endpoint: str, name: str) -> None:
    bodies: list[Any] = []
    encrypted = EncryptedClient(client_of(endpoint), configs={name: people()})
    encrypted.meta.events.register("before-send.dynamodb", lambda request, **_: bodies.append(request.body))
    for _ in range(2):
        encrypted.update_item(
            TableName=name,
            Key=KEY,
            UpdateExpression="SET secret = :v, notes = if_not_exists(notes, :v)",
            ConditionExpression="secret <> :w",
            ExpressionAttributeValues={":v": {"S": "the secret"}, ":w": {"S": "another secret"}},
        )
    assert len(bodies) == 4
    assert "secret" not in json.dumps([body.decode() for body in bodies]).replace('\\"secret\\"', "")
