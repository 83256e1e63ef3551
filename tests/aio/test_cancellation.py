"""Tasks that are cancelled at any moment: nothing hangs or is half-written, no task and no load is left."""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any, cast

import pytest

from dynaseal import AwsKmsHierarchicalKeyring, AwsKmsKeyring, BranchKeyCache, TableConfig, UpdateMode
from dynaseal.aio import EncryptedClient
from support.aio_stubs import KEY_ARN, AsyncBranchKeys, AsyncKms, create_table, scenario
from support.people import ACTIONS

TIMES = int(os.environ.get("DYNASEAL_CANCELLATIONS", "300"))


def config(keyring: Any) -> TableConfig:
    return TableConfig(
        "people",
        "pk",
        attribute_actions=ACTIONS,
        allowed_unsigned_attributes=["memo"],
        keyring=keyring,
        update_mode=UpdateMode.READ_MODIFY_WRITE,
    )


async def use(client: Any, name: str, number: int) -> None:
    """Put an item, change it and read it."""
    key = {"pk": {"S": str(number)}}
    await client.put_item(TableName=name, Item={**key, "secret": {"S": "x"}, "city": {"S": "Bern"}})
    await client.update_item(
        TableName=name,
        Key=key,
        UpdateExpression="SET secret = :y, city = :y",
        ExpressionAttributeValues={":y": {"S": "y"}},
    )
    await client.get_item(TableName=name, Key=key)


async def cancelled_at_random(plain: Any, keyring: Any, name: str) -> None:
    name = await create_table(plain, name)
    client = EncryptedClient(plain, configs={name: config(keyring)})
    choice = random.Random(17)
    for batch in range(TIMES // 20):
        tasks = [asyncio.create_task(use(client, name, 10 * batch + number)) for number in range(10)]
        await asyncio.sleep(choice.random() * 0.3)
        for task in choice.sample(tasks, 7):
            task.cancel()
            if choice.random() < 0.2:
                await asyncio.sleep(0)
        async with asyncio.timeout(30):
            results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(result is None or isinstance(result, asyncio.CancelledError) for result in results)
    async with asyncio.timeout(30):
        await use(client, name, 0)
        while len(asyncio.all_tasks()) > 1:
            await asyncio.sleep(0.001)
    found = await client.scan(TableName=name)
    # Each item is as the put or the update leaves it, and not a mixture; a scan verifies it as well.
    states = {(item["secret"]["S"], item["city"]["S"]) for item in found["Items"]}
    assert states <= {("x", "Bern"), ("y", "y")}


@pytest.mark.parametrize(
    ("name", "keyring"),
    [
        ("cancelled-kms", AwsKmsKeyring(KEY_ARN, client=AsyncKms())),
        (
            "cancelled-hierarchical",
            AwsKmsHierarchicalKeyring(
                cast("Any", AsyncBranchKeys()), branch_key_id="a", ttl_seconds=0.02, cache=BranchKeyCache()
            ),
        ),
    ],
)
def test_tasks_that_are_cancelled_at_random_leave_nothing_behind(
    endpoint: str, name: str, keyring: Any
) -> None:
    scenario(endpoint, lambda plain: cancelled_at_random(plain, keyring, name))
