"""Fixtures of a folder whose tests share a DynamoDB engine: its `conftest.py` imports those that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.dynamodb import client_of, resource_of, running_engine


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The engine's address; each test makes its own table."""
    with running_engine() as address:
        yield address


@pytest.fixture
def client(endpoint: str) -> Iterator[Any]:
    dynamodb = client_of(endpoint)
    yield dynamodb
    dynamodb.close()


@pytest.fixture
def resource(endpoint: str) -> Iterator[Any]:
    dynamodb = resource_of(endpoint)
    yield dynamodb
    dynamodb.meta.client.close()
