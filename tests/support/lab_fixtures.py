"""Fixtures of tests that call the process's lab as the root of an account that no other test uses."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from dynaseal_lab.testing import LabAccount
from support.lab_arguments import client_arguments


@pytest.fixture
def session(lab: LabAccount) -> dict[str, Any]:
    """The arguments of boto3's `client` and `resource`."""
    return client_arguments(lab.root.settings)


@pytest.fixture
def kms(session: dict[str, Any]) -> Any:
    return boto3.client("kms", **session)


@pytest.fixture
def key(kms: Any) -> str:
    return kms.create_key()["KeyMetadata"]["Arn"]
