"""Initialised copies of the Terraform configuration; where Terraform is missing, tests are skipped."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dynaseal_lab.server import RunningLab
from dynaseal_lab.stack.environment import isolated_environment
from dynaseal_lab.stack.errors import DemonstrationError
from dynaseal_lab.stack.provision import AccessKey
from dynaseal_lab.stack.terraform import Workspace
from dynaseal_lab.testing import LabServer

SOURCE = Path(__file__).parents[2] / "terraform"


def skip_outside_ci(reason: str) -> None:
    """Skip a test for want of a program; in CI, which must have the program, fail instead."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def new_workspace(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Workspace]:
    """Return a function that makes an initialised copy, where Terraform sees no AWS settings of the user."""

    def make(root: str = ".", **environment: str) -> Workspace:
        if shutil.which("terraform") is None:
            skip_outside_ci("terraform is not installed")
        key = AccessKey("AKIAIOSFODNN7EXAMPLE", "not used offline")
        folder = tmp_path_factory.mktemp("terraform") / "terraform"
        workspace = Workspace(SOURCE, folder, isolated_environment(os.environ, key) | environment, root)
        try:
            workspace.init()
        except DemonstrationError as error:
            skip_outside_ci(f"the AWS provider cannot be had: {error}")
        return workspace

    return make


@pytest.fixture(scope="session")
def lab(lab_server: LabServer) -> RunningLab:
    """One lab for all tests; each uses accounts of its own."""
    return lab_server.lab


@pytest.fixture
def terraform_format() -> Callable[[], subprocess.CompletedProcess[str]]:
    """Return a function that checks the format of all Terraform files."""
    program = shutil.which("terraform")
    if program is None:
        skip_outside_ci("terraform is not installed")
    command = [str(program), "fmt", "-check", "-recursive", "-diff", "-no-color", str(SOURCE)]
    return lambda: subprocess.run(command, capture_output=True, text=True, check=False)
