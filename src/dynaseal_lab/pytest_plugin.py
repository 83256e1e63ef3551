"""A pytest plugin: a local AWS with real permissions, and an account of its own for every test.

It is installed with the package; a test uses its fixtures:

    def test_only_whom_the_key_allows_can_decrypt(lab_key, lab_user):
        lab_user.may("kms:Encrypt", resource=lab_key)
        kms = lab_user.client("kms")
        ciphertext = kms.encrypt(KeyId=lab_key, Plaintext=b"secret")["CiphertextBlob"]
        with pytest.raises(kms.exceptions.ClientError, match="AccessDenied"):
            kms.decrypt(CiphertextBlob=ciphertext)

Rules:
- The lab starts with the first test that uses it, once per process, and needs no network. With pytest-xdist
  every worker has a lab of its own.
- If a package of the extra `lab` is missing, such a test fails and names the package.
"""

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dynaseal_lab.testing import LabAccount, LabPrincipal, LabServer, LabUser


@pytest.fixture(scope="session")
def lab_region() -> str:
    """The Region of the accounts' clients; override this fixture to choose another one."""
    return "us-east-1"


@pytest.fixture(scope="session")
def lab_server(lab_region: str) -> "Iterator[LabServer]":
    """The lab of this process; its `new_account()` returns further accounts."""
    try:
        from dynaseal_lab.testing import served  # noqa: PLC0415 - imported when a test uses the lab, not in every run of pytest
    except ModuleNotFoundError as error:
        pytest.fail(f"The lab needs the package {error.name}: pip install 'dynaseal[lab]'", pytrace=False)
    with served(lab_region) as server:
        yield server


@pytest.fixture
def lab(lab_server: "LabServer", lab_region: str) -> "LabAccount":
    """An empty account for this test: `client`, `user`, `role`, `key`, `table`, `trail`."""
    # The lab has the Region of the first test that used it, whose folder may have another `lab_region`.
    return lab_server.new_account(lab_region)


@pytest.fixture
def lab_user(lab: "LabAccount") -> "LabUser":
    """A user of the account, who may do nothing until `lab_user.may(...)`."""
    return lab.user("lab-user")


@pytest.fixture
def lab_key(lab: "LabAccount") -> str:
    """The ARN of a symmetric KMS key; the account's IAM policies decide who may use it."""
    return lab.key()


@pytest.fixture
def lab_table(lab: "LabAccount") -> str:
    """The name of an empty table with the partition key `pk` and the sort key `sk`, both strings."""
    return lab.table("lab-table", "pk", "sk")


@pytest.fixture
def lab_env(lab: "LabAccount", monkeypatch: pytest.MonkeyPatch) -> "Callable[[LabPrincipal], None]":
    """The environment of code that makes its own clients: endpoint, Region and keys of the account's root.

    Nothing else of AWS is in it: no profile, no file of `~/.aws`, no proxy for this machine. The fixture's
    value is a function that changes to another principal: `lab_env(lab_user)`. boto3's default session is
    made anew after each change; clients that exist already keep their keys.
    """
    import boto3  # noqa: PLC0415 - as above

    def act_as(principal: "LabPrincipal") -> None:
        wanted = principal.environment
        for name in os.environ.keys() - wanted.keys():
            monkeypatch.delenv(name)
        for name, value in wanted.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    act_as(lab.root)
    return act_as
