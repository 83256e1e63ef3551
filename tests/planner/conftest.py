"""A lab for the planner's predictions; each test has an account of its own in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from dynaseal_lab.server import RunningLab, running


@pytest.fixture(scope="session")
def lab() -> Iterator[RunningLab]:
    with running() as started:
        yield started


@pytest.fixture
def session(lab: RunningLab) -> dict[str, Any]:
    """What boto3 needs to act as the root of an account that no other test uses."""
    return {
        "endpoint_url": lab.endpoint,
        "region_name": "eu-west-1",
        "aws_access_key_id": str(10**11 + secrets.randbelow(9 * 10**11)),
        "aws_secret_access_key": lab.root_secret,
    }
