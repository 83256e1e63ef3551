"""EncryptedTable and attach over aioboto3."""

from __future__ import annotations

import asyncio
from copy import copy
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary

import dynaseal
from aio_aioboto3.conftest import Scenario
from aio_aioboto3.tables import ANN, KEY, create_table, new_session
from dynaseal import (
    AttributeActions,
    ConfigError,
    CryptoAction,
    RawAesKeyring,
    UnsupportedOperationError,
    UpdateMode,
)
from dynaseal.aio import EncryptedTable, attach
from support.dynamodb import session_arguments
from support.people import ACTIONS, people

KEYRING = RawAesKeyring("tests", "key", bytes(range(32)))


def test_items_are_put_read_and_deleted(scenario: Scenario) -> None:
    async def code(resource: Any) -> None:
        plain = await resource.Table(await create_table(resource))
        table = EncryptedTable(plain, config=people())
        await table.put_item(Item=ANN)
        assert (await table.get_item(Key=KEY))["Item"] == ANN
        stored = (await plain.get_item(Key=KEY))["Item"]
        assert isinstance(stored["secret"], Binary)
        assert stored["city"] == "Bern"
        reply = await table.delete_item(Key=KEY, ReturnValues="ALL_OLD")
        assert reply["Attributes"] == ANN
        assert "Item" not in await table.get_item(Key=KEY)

    scenario(code)


def test_queries_and_scans_are_decrypted_and_take_condition_objects(scenario: Scenario) -> None:
    async def code(resource: Any) -> None:
        table = EncryptedTable(await resource.Table(await create_table(resource)), config=people())
        await table.put_item(Item=ANN, ConditionExpression=Attr("pk").not_exists())
        found = await table.query(
            KeyConditionExpression=Key("pk").eq("ann"), FilterExpression=Attr("city").begins_with("B")
        )
        assert found["Items"] == [ANN]
        assert (await table.scan())["Items"] == [ANN]
        assert (await table.scan(FilterExpression=Attr("city").eq("Basel")))["Items"] == []
        with pytest.raises(UnsupportedOperationError, match="needs the value of 'secret'"):
            await table.scan(FilterExpression=Attr("secret").eq("x"))

    scenario(code)


def test_updates_of_signed_attributes_are_made_by_reading_and_writing(scenario: Scenario) -> None:
    async def code(resource: Any) -> None:
        plain = await resource.Table(await create_table(resource))
        actions = {**ACTIONS, "visits": CryptoAction.ENCRYPT_AND_SIGN}
        config = people(actions=actions, update_mode=UpdateMode.READ_MODIFY_WRITE)
        table = EncryptedTable(plain, config=config)
        await table.put_item(Item=ANN)
        increment = {"UpdateExpression": "ADD visits :one", "ExpressionAttributeValues": {":one": 1}}
        await asyncio.gather(*(table.update_item(Key=KEY, **increment) for _ in range(4)))
        reply = await table.update_item(Key=KEY, ReturnValues="ALL_NEW", **increment)
        assert reply["Attributes"] == {**ANN, "visits": 5}
        assert isinstance((await plain.get_item(Key=KEY))["Item"]["visits"], Binary)

    scenario(code)


def test_unsigned_attributes_are_updated_in_place_and_others_refused(scenario: Scenario) -> None:
    async def code(resource: Any) -> None:
        table = EncryptedTable(await resource.Table(await create_table(resource)), config=people())
        await table.put_item(Item=ANN)
        await table.update_item(
            Key=KEY, UpdateExpression="SET memo = :m", ExpressionAttributeValues={":m": "new"}
        )
        assert (await table.get_item(Key=KEY))["Item"] == {**ANN, "memo": "new"}
        with pytest.raises(UnsupportedOperationError, match="city"):
            await table.update_item(
                Key=KEY, UpdateExpression="SET city = :c", ExpressionAttributeValues={":c": "Basel"}
            )

    scenario(code)


def test_the_batch_writer_encrypts(scenario: Scenario) -> None:
    async def code(resource: Any) -> None:
        plain = await resource.Table(await create_table(resource))
        table = EncryptedTable(plain, config=people())
        items = [{**ANN, "pk": f"person {number:02}"} for number in range(30)]
        async with table.batch_writer() as batch:
            for item in items:
                await batch.put_item(Item=item)
        async with table.batch_writer(overwrite_by_pkeys=["pk"]) as batch:
            await batch.put_item(Item=items[0])
            await batch.put_item(Item=items[0])
            await batch.delete_item(Key={"pk": "person 29"})
        found = (await table.scan())["Items"]
        assert sorted(found, key=lambda item: str(item["pk"])) == items[:29]
        stored = (await plain.scan())["Items"]
        assert all(isinstance(item["secret"], Binary) for item in stored)

    scenario(code)


def test_paginators_and_waiters_of_its_client_decrypt(scenario: Scenario) -> None:
    async def code(resource: Any) -> None:
        table = EncryptedTable(await resource.Table(await create_table(resource)), config=people())
        await table.wait_until_exists()
        for number in range(5):
            await table.put_item(Item={**ANN, "pk": str(number)})
        paginator: Any = table.meta.client.get_paginator("scan")
        pages = [page async for page in paginator.paginate(TableName=table.name, Limit=2)]
        found = sorted(str(item["pk"]) for page in pages for item in page["Items"])
        assert found == ["0", "1", "2", "3", "4"]
        assert len(pages) >= 3
        assert pages[0]["Items"][0]["secret"] == ANN["secret"]

    scenario(code)


def test_create_reads_the_keys_and_indexes_from_the_table(scenario: Scenario) -> None:
    async def code(resource: Any) -> None:
        plain = await resource.Table(await create_table(resource))
        table = await EncryptedTable.create(
            plain, KEYRING, attribute_actions=AttributeActions(CryptoAction.ENCRYPT_AND_SIGN)
        )
        await table.put_item(Item=ANN)
        assert (await table.get_item(Key=KEY))["Item"] == ANN
        assert isinstance((await plain.get_item(Key=KEY))["Item"]["city"], Binary)
        with pytest.raises(ConfigError, match="materials_provider"):
            await EncryptedTable.create(plain, None)  # pyright: ignore[reportArgumentType] what is tested

    scenario(code)


def test_the_configuration_is_compared_with_the_table(scenario: Scenario) -> None:
    async def code(resource: Any) -> None:
        plain = await resource.Table(await create_table(resource))
        assert await EncryptedTable(plain, config=people()).check_configuration() == []
        other = dynaseal.TableConfig(
            "people", "id", attribute_actions={"id": CryptoAction.SIGN_ONLY}, keyring=KEYRING
        )
        findings = await EncryptedTable(plain, config=other).check_configuration()
        assert [finding.code for finding in findings] == ["key-schema"]

    scenario(code)


def test_an_attached_table_and_an_attached_resource_encrypt(scenario: Scenario, endpoint: str) -> None:
    async def code(resource: Any) -> None:
        name = await create_table(resource)
        plain = await resource.Table(name)
        for attach_to in ("table", "resource"):
            async with new_session().resource("dynamodb", **session_arguments(endpoint)) as other:
                table = await other.Table(name)
                attach(table if attach_to == "table" else other, {name: people()})
                await table.put_item(Item=ANN)
                assert (await table.get_item(Key=KEY))["Item"] == ANN
                assert isinstance((await plain.get_item(Key=KEY))["Item"]["secret"], Binary)
                async with table.batch_writer() as batch:
                    await batch.put_item(Item={**ANN, "pk": attach_to})
            assert isinstance((await plain.get_item(Key={"pk": attach_to}))["Item"]["secret"], Binary)
            await plain.delete_item(Key=KEY)

    scenario(code)


def test_the_clients_and_resources_of_an_attached_session_encrypt(scenario: Scenario, endpoint: str) -> None:
    async def code(resource: Any) -> None:
        name = await create_table(resource)
        plain = await resource.Table(name)
        session = new_session()
        attach(session, {name: people()}, plaintext_tables=["audit"])
        async with session.resource("dynamodb", **session_arguments(endpoint)) as encrypting:
            table = await encrypting.Table(name)
            await table.put_item(Item=ANN)
            assert (await table.scan())["Items"] == [ANN]
            async with table.batch_writer() as batch:
                await batch.put_item(Item={**ANN, "pk": "bob"})
        async with session.client("dynamodb", **session_arguments(endpoint)) as client:
            item = (await client.get_item(TableName=name, Key={"pk": {"S": "bob"}}))["Item"]
            assert item["city"] == {"S": "Bern"}
            assert "aws_dbe_head" not in item
        assert all(isinstance(item["secret"], Binary) for item in (await plain.scan())["Items"])
        with pytest.raises(ConfigError, match="encrypts already"):
            attach(session, {name: people()})

    scenario(code)


def test_objects_of_the_other_kind_are_refused(scenario: Scenario, endpoint: str) -> None:
    blocking = boto3.resource("dynamodb", **session_arguments(endpoint)).Table("people")

    async def code(resource: Any) -> None:
        table = await resource.Table("people")
        for wrap in (
            lambda: EncryptedTable(blocking, config=people()),
            lambda: dynaseal.EncryptedTable(table, config=people()),
            lambda: attach(blocking, {"people": people()}),
            lambda: dynaseal.attach(resource, {"people": people()}),
        ):
            with pytest.raises(ConfigError, match=r"wrapped by dynaseal\.aio"):
                wrap()
        encrypted = EncryptedTable(table, config=people())
        assert repr(encrypted) == "EncryptedTable('people')"
        with pytest.raises(TypeError, match="cannot be copied"):
            copy(encrypted)

    scenario(code)
