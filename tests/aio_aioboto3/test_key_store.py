"""KeyStore and the hierarchical keyring with aiobotocore clients, for a table of aioboto3."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from aio_aioboto3.conftest import Scenario
from aio_aioboto3.tables import ANN, KEY, create_table, new_session
from dynaseal import AwsKmsHierarchicalKeyring, AwsKmsKeyring, TableConfig
from dynaseal.aio import EncryptedTable, KeyStore
from support.lab_arguments import arguments_of_environment
from support.people import ACTIONS


def config_of(keyring: Any) -> TableConfig:
    return TableConfig(
        "people", "pk", attribute_actions=ACTIONS, allowed_unsigned_attributes=["memo"], keyring=keyring
    )


def test_items_are_wrapped_under_a_branch_key(scenario: Scenario) -> None:
    async def code(resource: Any) -> None:
        aws = arguments_of_environment()
        assert aws is not None
        session = new_session()
        async with session.client("kms", **aws) as kms, session.client("dynamodb", **aws) as dynamodb:
            arn = (await kms.create_key())["KeyMetadata"]["Arn"]
            store = KeyStore(f"keys-{uuid4().hex[:8]}", "keys", arn, dynamodb_client=dynamodb, kms_client=kms)
            await store.create_table()
            branch = await store.create_key()
            await store.version_key(branch)
            keyring = AwsKmsHierarchicalKeyring(store, branch_key_id=branch, ttl_seconds=60)
            plain = await resource.Table(await create_table(resource))
            table = EncryptedTable(plain, config=config_of(keyring))
            people = [{**ANN, "pk": str(number)} for number in range(20)]
            await asyncio.gather(*(table.put_item(Item=person) for person in people))
            found = (await table.scan())["Items"]
            assert sorted(found, key=lambda item: int(str(item["pk"]))) == people

    scenario(code)


def test_items_are_wrapped_by_a_kms_keyring(scenario: Scenario) -> None:
    async def code(resource: Any) -> None:
        aws = arguments_of_environment()
        assert aws is not None
        async with new_session().client("kms", **aws) as kms:
            arn = (await kms.create_key())["KeyMetadata"]["Arn"]
            plain = await resource.Table(await create_table(resource))
            table = EncryptedTable(plain, config=config_of(AwsKmsKeyring(arn, client=kms)))
            await table.put_item(Item=ANN)
            assert (await table.get_item(Key=KEY))["Item"] == ANN

    scenario(code)
