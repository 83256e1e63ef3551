"""One lab for all tests; each test has a stack in an account of its own."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from dynaseal_lab.server import RunningLab, running
from dynaseal_lab.stack import provision
from dynaseal_lab.stack.definition import Place, StackDefinition
from dynaseal_lab.stack.dotenv import change_file
from dynaseal_lab.stack.environment import dotenv_settings
from dynaseal_lab.stack.runner import root_clients
from support.provisioned_demo import ProvisionedDemo


@pytest.fixture(scope="session")
def lab() -> Iterator[RunningLab]:
    """The lab."""
    with running() as lab:
        yield lab


@pytest.fixture
def demo(lab: RunningLab, tmp_path: Path) -> ProvisionedDemo:
    """A stack in a new account, with `.env` in the test's folder."""
    place = Place(account=str(10**11 + secrets.randbelow(9 * 10**11)), region="eu-west-1")
    clients = root_clients(lab, place)
    stack = provision.provision(clients, StackDefinition("demo", place), lambda _: None)
    change_file(tmp_path / ".env", dotenv_settings(stack, lab.endpoint))
    users = (stack.full_user, stack.limited_user)
    keys = {user: provision.access_key(clients.iam, user) for user in users}
    return ProvisionedDemo(stack, place, clients, keys, tmp_path)
