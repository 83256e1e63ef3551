"""A DynamoDB engine for the tests of searches; each test makes its own table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.both_drivers import driver, loop_thread, pytest_generate_tests
from support.dynamodb import client_of
from support.engine_fixtures import endpoint


@pytest.fixture(scope="session")
def client(endpoint: str) -> Iterator[Any]:
    dynamodb = client_of(endpoint)
    yield dynamodb
    dynamodb.close()


__all__ = ["driver", "endpoint", "loop_thread", "pytest_generate_tests"]
