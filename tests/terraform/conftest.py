"""Initialised copies of the Terraform configuration; without one, the tests that need it are skipped."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dynaseal_lab.server import RunningLab, running
from dynaseal_lab.stack.environment import isolated
from dynaseal_lab.stack.errors import DemonstrationError
from dynaseal_lab.stack.provision import AccessKey
from dynaseal_lab.stack.terraform import Workspace

SOURCE = Path(__file__).parents[2] / "terraform"


def lacking(reason: str) -> None:
    """Skip for what a machine may lack; fail in CI, where it must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def new_workspace(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Workspace]:
    """Make an initialised copy; terraform sees the environment given and no AWS settings of this machine."""

    def make(root: str = ".", **environment: str) -> Workspace:
        if shutil.which("terraform") is None:
            lacking("terraform is not installed")
        key = AccessKey("AKIAIOSFODNN7EXAMPLE", "not used offline")
        folder = tmp_path_factory.mktemp("terraform") / "terraform"
        workspace = Workspace(SOURCE, folder, isolated(os.environ, key) | environment, root)
        try:
            workspace.init()
        except DemonstrationError as error:
            lacking(f"the AWS provider cannot be had: {error}")
        return workspace

    return make


@pytest.fixture(scope="session")
def lab() -> Iterator[RunningLab]:
    """One lab for all; each test has accounts of its own in it."""
    with running() as started:
        yield started


@pytest.fixture
def terraform_format() -> Callable[[], subprocess.CompletedProcess[str]]:
    program = shutil.which("terraform")
    if program is None:
        lacking("terraform is not installed")
    command = [str(program), "fmt", "-check", "-recursive", "-diff", "-no-color", str(SOURCE)]
    return lambda: subprocess.run(command, capture_output=True, text=True, check=False)
