"""Replies and batches of many items are one call of the native engine, and are as with the Python engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

import dynaseal.encryptor
from dynaseal import DynasealError, EncryptedClient, ItemEncryptor, Unreadable
from dynaseal.boto.interception.unreadable import UNREADABLE_ITEMS
from support.dynamodb import client_of, create_table, running_engine
from support.people import people, person

pytestmark = pytest.mark.usefixtures("engine")

PEOPLE = [person(f"person-{number}") for number in range(20)]
BY_ITSELF = ("encrypt_item", "decrypt_item")


@pytest.fixture(scope="module")
def plain() -> Iterator[Any]:
    with running_engine() as endpoint:
        client = client_of(endpoint)
        yield client
        client.close()


@pytest.fixture
def table(plain: Any) -> str:
    return create_table(plain, "pk")


def encrypted(plain: Any, table: str, **more: Any) -> Any:
    return EncryptedClient(plain, configs={table: replace(people(), **more)})


def in_python(plain: Any, table: str, **more: Any) -> Any:
    with mock.patch.object(dynaseal.encryptor, "native_engine", return_value=None):
        return encrypted(plain, table, **more)


def put(client: Any, table: str) -> None:
    puts = [{"PutRequest": {"Item": item}} for item in PEOPLE]
    client.batch_write_item(RequestItems={table: puts})


def found(client: Any, table: str) -> list[Any]:
    """What each operation that reads many items returns, or its error."""
    keys = [{"pk": item["pk"]} for item in PEOPLE]
    calls = (
        lambda: client.scan(TableName=table),
        lambda: client.batch_get_item(RequestItems={table: {"Keys": keys}}),
        lambda: client.query(
            TableName=table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": PEOPLE[3]["pk"]},
        ),
    )
    results: list[Any] = []
    for call in calls:
        try:
            reply = call()
        except DynasealError as error:
            results.append((type(error), str(error)))
            continue
        items = reply["Items"] if "Items" in reply else reply["Responses"][table]
        unreadable = [
            (each["Key"], type(each["Error"]), str(each["Error"])) for each in reply.get(UNREADABLE_ITEMS, [])
        ]
        results.append((sorted(items, key=str), sorted(unreadable, key=str), len(reply)))
    return results


def test_no_item_is_written_or_read_by_itself(plain: Any, table: str) -> None:
    client = encrypted(plain, table)
    with pytest.MonkeyPatch.context() as patched:
        for name in BY_ITSELF:
            patched.setattr(f"dynaseal.encryptor.NativeItems.{name.removesuffix('_item')}", None)
            patched.delattr(dynaseal.encryptor.ItemEncryptor, f"_{'seal' if 'en' in name else 'unseal'}")
        put(client, table)
        (items, _, _), *_ = found(client, table)
    assert items == sorted(PEOPLE, key=str)
    assert found(client, table) == found(in_python(plain, table), table)


@pytest.mark.parametrize("unreadable", Unreadable)
def test_changed_items_of_a_reply_are_refused_alike(plain: Any, table: str, unreadable: Unreadable) -> None:
    put(encrypted(plain, table), table)
    encryptor = ItemEncryptor(people())
    for number in (3, 11):
        changed = {**encryptor.encrypt_item(PEOPLE[number]), "city": {"S": "Basel"}}
        plain.put_item(TableName=table, Item=changed)
    natively = found(encrypted(plain, table, unreadable=unreadable), table)
    assert natively == found(in_python(plain, table, unreadable=unreadable), table)
    assert any("Basel" not in str(each) and "person-3" in str(each) for each in natively)


def test_one_bad_item_of_a_batch_is_refused_alike(plain: Any, table: str) -> None:
    puts = [
        {"PutRequest": {"Item": item}} for item in (*PEOPLE[:3], {"pk": {"S": "x"}, "secret": {"N": "x"}})
    ]
    errors: list[Any] = []
    for client in (encrypted(plain, table), in_python(plain, table)):
        with pytest.raises(DynasealError) as refused:
            client.batch_write_item(RequestItems={table: puts})
        errors.append((type(refused.value), str(refused.value)))
    assert errors[0] == errors[1]
