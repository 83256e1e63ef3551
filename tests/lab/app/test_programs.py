"""Programs that run in a lab: `dynaseal lab run` and `lab as`; and `lab serve` on other addresses."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from dynaseal_lab.testing import LabAccount
from support.process_groups import has_ended

DYNASEAL = [sys.executable, "-c", "from dynaseal.cli.main import main; main()", "lab"]
PRINT_CALLER = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"


def dynaseal(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `dynaseal lab` as a program of its own."""
    environment = {**os.environ, **variables}
    return subprocess.run(
        [*DYNASEAL, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_a_program_in_a_lab_is_root_there_and_sees_nothing_else_of_aws() -> None:
    program = f"import os; print(os.environ['AWS_REGION'], os.environ.get('AWS_PROFILE')); {PRINT_CALLER}"
    completed = dynaseal(
        "run", "--account", "123456789012", "--region", "eu-west-1", "--", sys.executable, "-c", program,
        AWS_PROFILE="work", AWS_SESSION_TOKEN="of-another", AWS_ENDPOINT_URL="http://127.0.0.1:1",
    )  # fmt: skip
    assert completed.stdout.splitlines() == ["eu-west-1 None", "arn:aws:iam::123456789012:root"]
    assert (completed.returncode, completed.stderr) == (0, "")


def test_the_programs_exit_code_is_the_commands() -> None:
    assert dynaseal("run", sys.executable, "-c", "raise SystemExit(7)").returncode == 7
    by_signal = f"import os, signal; os.kill(os.getpid(), {int(signal.SIGTERM)})"
    assert dynaseal("run", sys.executable, "-c", by_signal).returncode == 128 + signal.SIGTERM


def test_a_program_that_does_not_exist_is_one_line_and_127(tmp_path: Path) -> None:
    completed = dynaseal("run", "--", str(tmp_path / "none"))
    assert (completed.returncode, completed.stdout) == (127, "")
    assert completed.stderr == f"Error: {tmp_path / 'none'} cannot be run: No such file or directory\n"


def test_wrong_usage_is_2() -> None:
    assert dynaseal("run").returncode == 2
    assert dynaseal("run", "--").returncode == 2
    assert dynaseal("run", "--account", "12", "true").returncode == 2


def test_sigterm_reaches_the_program(tmp_path: Path) -> None:
    program = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
print("ready", flush=True)
signal.pause()
"""
    command = [*DYNASEAL, "run", sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.terminate()
        assert running.wait(timeout=30) == 3


INTERRUPTED_START = """
import os, signal, subprocess, sys
from dynaseal_lab.commands.programs import run_program

class Interrupted(subprocess.Popen):
    def _execute_child(self, *arguments):
        super()._execute_child(*arguments)
        os.kill(os.getpid(), signal.SIGTERM)

subprocess.Popen = Interrupted
sys.exit(run_program(["sleep", "300"], os.environ))
"""
"""A program to which SIGTERM is sent while another one is being started, after its process exists."""


def test_sigterm_reaches_a_program_that_is_just_starting() -> None:
    with subprocess.Popen([sys.executable, "-c", INTERRUPTED_START], start_new_session=True) as running:
        assert running.wait(timeout=60) == 128 + signal.SIGTERM
        assert has_ended(running.pid)


@pytest.fixture
def root(account: LabAccount) -> Mapping[str, str]:
    """The settings of the account's root."""
    return account.root.settings


def test_a_program_acts_as_a_user_whose_key_is_gone_afterwards(
    account: LabAccount, root: Mapping[str, str]
) -> None:
    account.client("iam").create_user(UserName="ann")
    completed = dynaseal(
        "as", "ann", "--", sys.executable, "-c", f"{PRINT_CALLER}; raise SystemExit(5)", **root
    )
    assert (completed.stdout, completed.returncode) == (f"arn:aws:iam::{account.number}:user/ann\n", 5)
    assert account.client("iam").list_access_keys(UserName="ann")["AccessKeyMetadata"] == []


def test_nobody_acts_as_a_user_who_does_not_exist(root: Mapping[str, str]) -> None:
    completed = dynaseal("as", "nobody", "true", **root)
    assert (completed.returncode, completed.stdout) == (1, "")
    assert "The user with name nobody cannot be found." in completed.stderr


@pytest.mark.parametrize(
    ("host", "warned", "endpoint"),
    [
        ("0.0.0.0", True, "http://127.0.0.1:"),
        ("localhost", False, "http://"),
        ("127.0.0.2", False, "http://127.0.0.2:"),
    ],
)
def test_an_address_that_others_can_reach_is_warned_of(host: str, warned: bool, endpoint: str) -> None:
    command = [*DYNASEAL, "serve", "--host", host, "--root-secret", "secret"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as lab:
        assert lab.stdout is not None
        assert lab.stdout.readline().startswith(f"lab ready at {endpoint}")
        lab.terminate()
        _, err = lab.communicate(timeout=30)
    assert err.startswith(f"Warning: {host} can be reached from other machines") == warned


def test_an_address_of_another_machine_is_one_clear_line() -> None:
    completed = dynaseal("serve", "--host", "203.0.113.1", "--root-secret", "secret")
    assert completed.returncode == 1
    assert completed.stderr.splitlines()[-1] == "Error: 203.0.113.1 is not an address of this machine"
