"""A lab for commands; each test has an account of its own in it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import boto3
import pytest

from dynaseal_lab.server import RunningLab, running


@pytest.fixture(scope="session")
def lab() -> Iterator[RunningLab]:
    with running() as started:
        yield started


@pytest.fixture
def account(lab: RunningLab, monkeypatch: pytest.MonkeyPatch) -> str:
    """The root of an account that no other test uses, in the environment of a command."""
    number = str(10**11 + secrets.randbelow(9 * 10**11))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", number)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", lab.root_secret)
    return number
