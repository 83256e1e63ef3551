"""A DynamoDB engine that the wrappers' tests share; properties have no deadline on a busy machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

from support.dynamodb import client_of, resource_of, running_engine

settings.register_profile("without a clock", deadline=None)
settings.load_profile("without a clock")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    with running_engine() as address:
        yield address


@pytest.fixture
def client(endpoint: str) -> Iterator[Any]:
    client = client_of(endpoint)
    yield client
    client.close()


@pytest.fixture
def resource(endpoint: str) -> Iterator[Any]:
    resource = resource_of(endpoint)
    yield resource
    resource.meta.client.close()
