"""A DynamoDB engine for the wrappers' tests, shared by them all; each test makes its own table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.dynamodb import client_of, resource_of, running_engine


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with running_engine() as address:
        yield address


@pytest.fixture
def client(endpoint: str) -> Iterator[Any]:
    made = client_of(endpoint)
    yield made
    made.close()


@pytest.fixture
def resource(endpoint: str) -> Iterator[Any]:
    made = resource_of(endpoint)
    yield made
    made.meta.client.close()
