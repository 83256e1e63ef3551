"""EncryptedResource over aioboto3: its tables, its batches and its collection of tables."""

from __future__ import annotations

from typing import Any

import pytest
from boto3.dynamodb.types import Binary

from aio_aioboto3.conftest import Scenario
from aio_aioboto3.tables import ANN, KEY, create_table
from dynaseal import ConfigError, UnsupportedOperationError
from dynaseal.aio import EncryptedResource, EncryptedTable
from support.people import people


def test_batches_go_through_encryption(scenario: Scenario) -> None:
    async def code(plain: Any) -> None:
        name = await create_table(plain)
        resource = EncryptedResource(plain, configs={name: people()})
        reply = await resource.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": ANN}}]})
        assert reply["UnprocessedItems"] == {}
        found = await resource.batch_get_item(RequestItems={name: {"Keys": [KEY]}})
        assert found["Responses"][name] == [ANN]
        stored = (await (await plain.Table(name)).get_item(Key=KEY))["Item"]
        assert isinstance(stored["secret"], Binary)

    scenario(code)


def test_its_tables_encrypt_and_those_of_plaintext_tables_do_not(scenario: Scenario) -> None:
    async def code(plain: Any) -> None:
        name, audit = await create_table(plain), await create_table(plain)
        resource = EncryptedResource(plain, configs={name: people()}, plaintext_tables=[audit])
        table = await resource.Table(name)
        assert isinstance(table, EncryptedTable)
        await table.put_item(Item=ANN)
        assert (await table.scan())["Items"] == [ANN]
        async with table.batch_writer() as batch:
            await batch.put_item(Item={**ANN, "pk": "bob"})
        assert (await table.get_item(Key={"pk": "bob"}))["Item"]["secret"] == ANN["secret"]
        assert await table.check_configuration() == []

        log: Any = await resource.Table(audit)
        assert not isinstance(log, EncryptedTable)
        await log.put_item(Item=ANN)
        assert (await (await plain.Table(audit)).get_item(Key=KEY))["Item"] == ANN

    scenario(code)


def test_its_collection_lists_encrypted_tables(scenario: Scenario) -> None:
    async def code(plain: Any) -> None:
        name = await create_table(plain)
        resource = EncryptedResource(plain, configs={name: people()})
        tables = resource.tables
        assert name in {table.name async for table in tables}
        assert name in {table.name async for table in tables.all()}
        assert len([table async for table in tables.limit(1)]) == 1
        assert name in {table.name async for page in tables.pages() for table in page}
        named = tables.filter(ExclusiveStartTableName=name[:-1]).limit(1)
        assert [table.name async for table in named] == [name]
        assert {type(table) async for table in tables.all().page_size(5)} == {EncryptedTable}

    scenario(code)


def test_tables_are_created(scenario: Scenario) -> None:
    async def code(plain: Any) -> None:
        resource = EncryptedResource(plain, configs={"aioboto3-created": people()})
        table = await resource.create_table(
            TableName="aioboto3-created",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        assert isinstance(table, EncryptedTable)
        await table.wait_until_exists()
        await table.put_item(Item=ANN)
        assert (await table.get_item(Key=KEY))["Item"] == ANN

    scenario(code)


def test_its_client_encrypts_and_takes_python_values(scenario: Scenario) -> None:
    async def code(plain: Any) -> None:
        name = await create_table(plain)
        resource = EncryptedResource(plain, configs={name: people()})
        await resource.meta.client.put_item(TableName=name, Item=ANN)
        assert (await (await resource.Table(name)).get_item(Key=KEY))["Item"] == ANN
        with pytest.raises(UnsupportedOperationError):
            await resource.meta.client.execute_statement(Statement=f'SELECT * FROM "{name}"')

    scenario(code)


def test_tables_without_a_configuration_are_refused(scenario: Scenario) -> None:
    async def code(plain: Any) -> None:
        name = await create_table(plain)
        resource = EncryptedResource(plain, configs={"people": people()})
        table = await resource.Table(name)
        with pytest.raises(UnsupportedOperationError, match="no configuration names"):
            await table.scan()
        with pytest.raises(ConfigError, match="has no configuration"):
            await table.check_configuration()
        for wrong in (plain.meta.client, await plain.Table(name)):
            with pytest.raises(ConfigError, match="is not an aioboto3 resource"):
                EncryptedResource(wrong, configs={"people": people()})

    scenario(code)
