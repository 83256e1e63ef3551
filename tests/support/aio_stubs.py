"""For tests on an event loop: KMS and a key store that answer after a moment, and clients of an engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from aiobotocore.session import get_session

from dynaseal.materials.key_store.branch_keys import BranchKeyMaterials
from support.dynamodb import session_arguments

KEY_ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
VERSION = UUID(int=7)


class AsyncKms:
    """KMS with one key: a data key's ciphertext is the data key, in reverse."""

    def __init__(self, seconds: float = 0.001) -> None:
        self._seconds = seconds
        self.calls = 0
        self.most_at_once = 0
        self._at_once = 0

    async def generate_data_key(self, **request: Any) -> dict[str, Any]:
        await self._answer()
        plaintext = self.calls.to_bytes(32, "big")
        return {"Plaintext": plaintext, "CiphertextBlob": plaintext[::-1], "KeyId": request["KeyId"]}

    async def decrypt(self, **request: Any) -> dict[str, Any]:
        await self._answer()
        return {"Plaintext": request["CiphertextBlob"][::-1], "KeyId": request["KeyId"]}

    async def _answer(self) -> None:
        self.calls += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await asyncio.sleep(self._seconds)
        finally:
            self._at_once -= 1


class AsyncBranchKeys:
    """A key store with one branch key."""

    async def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        await asyncio.sleep(0.001)
        return BranchKeyMaterials(branch_key_id, str(VERSION), bytes(32), {})

    async def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        assert version == str(VERSION)
        return await self.get_active_branch_key(branch_key_id)


@asynccontextmanager
async def client_of(endpoint: str, session: Any) -> AsyncIterator[Any]:
    async with session.create_client("dynamodb", **session_arguments(endpoint)) as client:
        yield client


async def create_table(client: Any, name: str) -> str:
    name = f"{name}-{uuid4().hex[:8]}"
    await client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def scenario(endpoint: str, code: Callable[[Any], Awaitable[None]]) -> None:
    async def main() -> None:
        async with client_of(endpoint, get_session()) as client:
            await code(client)

    asyncio.run(main())
