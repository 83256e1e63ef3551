"""A DynamoDB engine for the tests of the asyncio twin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.dynamodb import running_engine


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with running_engine() as address:
        yield address
