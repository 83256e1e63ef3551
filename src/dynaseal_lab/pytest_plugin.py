"""A pytest plugin: a small AWS with real permissions, for every test an account of its own.

It comes with the package; a test asks for what it needs:

    def test_only_whom_the_key_allows_can_decrypt(lab_key, lab_user):
        lab_user.may("kms:Encrypt", resource=lab_key)
        kms = lab_user.client("kms")
        sealed = kms.encrypt(KeyId=lab_key, Plaintext=b"secret")["CiphertextBlob"]
        with pytest.raises(kms.exceptions.ClientError, match="AccessDenied"):
            kms.decrypt(CiphertextBlob=sealed)

Rules:
- The lab starts with the first test that asks for it, once a process, and needs no network. Under
  pytest-xdist every worker has its own; tests share nothing but it.
- Without the packages of the extra `lab` such a test fails and says which is missing.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dynaseal_lab.testing import LabAccount, LabServer, LabUser


@pytest.fixture(scope="session")
def lab_region() -> str:
    """The Region of the accounts' clients; a project overrides it for another."""
    return "us-east-1"


@pytest.fixture(scope="session")
def lab_server(lab_region: str) -> "Iterator[LabServer]":
    """The lab of this process; `new_account()` for more accounts than `lab`."""
    try:
        from dynaseal_lab.testing import served  # noqa: PLC0415 - loaded where a test asks for it, not by every run of pytest
    except ModuleNotFoundError as error:
        pytest.fail(f"The lab needs the package {error.name}: pip install 'dynaseal[lab]'", pytrace=False)
    with served(lab_region) as server:
        yield server


@pytest.fixture
def lab(lab_server: "LabServer") -> "LabAccount":
    """An empty account of this test's own: `client`, `user`, `key`, `table`, `trail`."""
    return lab_server.new_account()


@pytest.fixture
def lab_user(lab: "LabAccount") -> "LabUser":
    """A user of the account who may do nothing until `lab_user.may(...)`."""
    return lab.user("lab-user")


@pytest.fixture
def lab_key(lab: "LabAccount") -> str:
    """The ARN of a symmetric KMS key, whose policy leaves it to the account's policies who may use it."""
    return lab.key()


@pytest.fixture
def lab_table(lab: "LabAccount") -> str:
    """The name of an empty table with the partition key `pk` and the sort key `sk`, both texts."""
    return lab.table("lab-table", "pk", "sk")
