"""EncryptedClient and attach over aiobotocore."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import boto3
import pytest
from aiobotocore.session import get_session

import dynaseal
from dynaseal import ConfigError, CryptoAction, EncryptError, UnsupportedOperationError, UpdateMode
from dynaseal.aio import EncryptedClient, ItemEncryptor, attach
from support.aio_stubs import client_of, create_table, scenario
from support.people import ACTIONS, KEYRING, people, person

pytestmark = pytest.mark.usefixtures("both_loops")

KEY = {"pk": {"S": "ann"}}


def test_items_are_encrypted_on_the_way_out_and_decrypted_on_the_way_in(endpoint: str) -> None:
    async def code(plain: Any) -> None:
        name = await create_table(plain, "aio-items")
        client = EncryptedClient(plain, configs={name: people()})
        await client.put_item(TableName=name, Item=person())
        assert (await client.get_item(TableName=name, Key=KEY)).get("Item") == person()
        stored = (await plain.get_item(TableName=name, Key=KEY))["Item"]
        assert "aws_dbe_head" in stored
        pages = [page async for page in client.get_paginator("scan").paginate(TableName=name)]
        assert [item for page in pages for item in page["Items"]] == [person()]

    scenario(endpoint, code)


def test_a_client_can_be_used_in_a_with_statement_and_closes_the_client_passed_in(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def code(plain: Any) -> None:
        closed: list[Any] = []
        close = type(plain).close

        async def recording_close(client: Any) -> None:
            closed.append(client)
            await close(client)

        # Seen here and not by a request: some releases of aiobotocore open a closed client again.
        monkeypatch.setattr(type(plain), "close", recording_close)
        name = await create_table(plain, "aio-closed")
        async with EncryptedClient(plain, configs={name: people()}) as client:
            await client.put_item(TableName=name, Item=person())
            assert (await client.get_item(TableName=name, Key=KEY)).get("Item") == person()
            assert closed == []
        assert len(closed) == 1

    scenario(endpoint, code)


class Awaited:
    """A keyring that lets other tasks run first."""

    async def on_encrypt(self, materials: Any) -> Any:
        await asyncio.sleep(0.01)
        return KEYRING.on_encrypt(materials)

    async def on_decrypt(self, materials: Any, encrypted_data_keys: Any) -> Any:
        await asyncio.sleep(0.01)
        return KEYRING.on_decrypt(materials, encrypted_data_keys)


AWAITED = people(keyring=cast("Any", Awaited()), actions={**ACTIONS, "tags": CryptoAction.SIGN_ONLY})


def tagged(key: str = "ann") -> dict[str, Any]:
    return person(key, tags={"L": [{"S": "a"}]})


def change(item: dict[str, Any]) -> None:
    """What another task does with an item of its own."""
    item["tags"]["L"].append({"S": "b"})
    item["city"]["S"] = "Basel"
    item["notes"] = {"S": "added"}


def test_a_request_is_sent_as_it_was_when_it_was_made(endpoint: str) -> None:
    async def code(plain: Any) -> None:
        name = await create_table(plain, "aio-changes")
        client = EncryptedClient(plain, configs={name: AWAITED})

        async def changing(coroutine: Any, request: list[Any], item: dict[str, Any]) -> None:
            task = asyncio.create_task(coroutine)
            await asyncio.sleep(0.005)
            change(item)
            request.append(request[0])
            await task
            assert (await client.get_item(TableName=name, Key=KEY)).get("Item") == tagged()

        item = tagged()
        await changing(client.put_item(TableName=name, Item=item), [None], item)
        item = tagged()
        puts: list[Any] = [{"PutRequest": {"Item": item}}]
        await changing(client.batch_write_item(RequestItems={name: puts}), puts, item)
        item = tagged()
        puts = [{"Put": {"TableName": name, "Item": item}}]
        await changing(client.transact_write_items(TransactItems=puts), puts, item)

    scenario(endpoint, code)


def test_an_item_is_encrypted_and_decrypted_as_it_was_when_the_call_began() -> None:
    async def code() -> None:
        encryptor = ItemEncryptor(AWAITED)
        item = tagged()
        writing = asyncio.create_task(encryptor.encrypt_item(item))
        await asyncio.sleep(0.005)
        change(item)
        stored = await writing
        reading = asyncio.create_task(encryptor.decrypt_item(stored))
        await asyncio.sleep(0.005)
        change(stored)
        assert await reading == tagged()

    asyncio.run(code())


def test_an_item_that_contains_itself_is_refused() -> None:
    members: list[Any] = []
    members += [{"L": members}, {"L": members}]
    with pytest.raises(EncryptError, match="nested deeper"):
        asyncio.run(ItemEncryptor(people()).encrypt_item(person(notes={"L": members})))


def test_an_update_of_a_signed_attribute_is_made_by_reading_and_writing(endpoint: str) -> None:
    async def code(plain: Any) -> None:
        name = await create_table(plain, "aio-updates")
        actions = {**ACTIONS, "visits": CryptoAction.ENCRYPT_AND_SIGN}
        client = EncryptedClient(
            plain, configs={name: people(actions=actions, update_mode=UpdateMode.READ_MODIFY_WRITE)}
        )
        await client.put_item(TableName=name, Item=person())

        async def add() -> None:
            await client.update_item(
                TableName=name,
                Key=KEY,
                UpdateExpression="ADD visits :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )

        await asyncio.gather(*(add() for _ in range(5)))
        item = (await client.get_item(TableName=name, Key=KEY)).get("Item", {})
        assert item["visits"] == {"N": "5"}

    scenario(endpoint, code)


def test_an_attached_client_and_the_clients_of_an_attached_session_encrypt(endpoint: str) -> None:
    async def code(plain: Any) -> None:
        name = await create_table(plain, "aio-attached")
        session = get_session()
        attach(session, {name: people()})
        async with client_of(endpoint, session) as client:
            await client.put_item(TableName=name, Item=person())
        assert "aws_dbe_head" in (await plain.get_item(TableName=name, Key=KEY))["Item"]
        attach(plain, {name: people()})
        assert (await plain.get_item(TableName=name, Key=KEY))["Item"] == person()
        with pytest.raises(ConfigError, match="encrypts already"):
            attach(plain, {name: people()})

    scenario(endpoint, code)


def test_what_cannot_be_made_safe_is_refused(endpoint: str) -> None:
    async def code(plain: Any) -> None:
        client = EncryptedClient(plain, configs={"people": people()})
        with pytest.raises(UnsupportedOperationError, match="no configuration names"):
            await client.get_item(TableName="others", Key=KEY)
        with pytest.raises(UnsupportedOperationError, match="presigned"):
            await client.generate_presigned_url("get_item")

    scenario(endpoint, code)


def test_an_asynchronous_client_is_refused_where_clients_block_and_the_other_way_round(endpoint: str) -> None:
    async def code(plain: Any) -> None:
        configs = {"people": people()}
        for wrap in (
            lambda: dynaseal.attach(plain, configs),
            lambda: dynaseal.EncryptedClient(plain, configs=configs),
            lambda: EncryptedClient(boto3.client("dynamodb", region_name="us-west-2"), configs=configs),
        ):
            with pytest.raises(ConfigError, match=r"wrapped by dynaseal\.aio"):
                wrap()

    scenario(endpoint, code)
