"""A DynamoDB engine for the boto3 side's tests, shared by them all; each test makes its own table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.both_drivers import driver, loop_thread, pytest_generate_tests
from support.dynamodb import client_of, resource_of, running_engine


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
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


__all__ = ["driver", "loop_thread", "pytest_generate_tests"]
