"""One lab per test process, from the package's own pytest plugin; every test has an account of its own."""

import pytest

from dynaseal_lab.server import RunningLab
from dynaseal_lab.testing import LabAccount, LabServer

REGION = "eu-west-1"


@pytest.fixture(scope="session")
def lab_region() -> str:
    """The Region of the accounts' clients, in place of the plugin's."""
    return REGION


@pytest.fixture(scope="session")
def running_lab(lab_server: LabServer) -> RunningLab:
    """The lab itself, for tests that send requests without an account."""
    return lab_server.lab


@pytest.fixture
def account(lab_server: LabServer, lab_region: str) -> LabAccount:
    """An empty account."""
    return lab_server.new_account(lab_region)


@pytest.fixture
def other_account(lab_server: LabServer, lab_region: str) -> LabAccount:
    """A second empty account of the same lab."""
    return lab_server.new_account(lab_region)
