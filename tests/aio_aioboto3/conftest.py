"""A resource of aioboto3 on an engine of another process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aio_aioboto3.tables import new_session
from support.dynamodb import session_arguments
from support.engine_fixtures import endpoint

__all__ = ["endpoint"]

Scenario = Callable[[Callable[[Any], Awaitable[None]]], None]


@pytest.fixture
def scenario(endpoint: str) -> Scenario:
    """Run a coroutine function with a resource of DynamoDB."""

    def run(code: Callable[[Any], Awaitable[None]]) -> None:
        async def main() -> None:
            async with new_session().resource("dynamodb", **session_arguments(endpoint)) as resource:
                await code(resource)

        asyncio.run(main())

    return run
