"""EncryptedClient and attach over aiobotocore."""

from __future__ import annotations

import asyncio
from typing import Any

import boto3
import pytest
from aiobotocore.session import get_session

import dynaseal
from dynaseal import ConfigError, CryptoAction, UnsupportedOperationError, UpdateMode
from dynaseal.aio import EncryptedClient, attach
from support.aio_stubs import client_of, create_table, scenario
from support.people import ACTIONS, people, person

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
