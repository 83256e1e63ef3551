"""What the tests of IAM and STS share: clients of an account's root."""

from typing import Any

import pytest

from dynaseal_lab.testing import LabAccount


@pytest.fixture
def iam(account: LabAccount) -> Any:
    """An IAM client that signs as the account's root."""
    return account.client("iam")
