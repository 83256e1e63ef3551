"""`dynaseal demo`, the command that `make demo` runs."""

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from dotenv import dotenv_values

from dynaseal_lab.stack import program
from dynaseal_lab.stack.cli import demo
from dynaseal_lab.stack.runner import Demonstration
from dynaseal_lab.stack.terraform import PLUGINS


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_shows_both_users_and_leaves_a_private_dotenv(folder: Path) -> None:
    result = CliRunner().invoke(demo)
    assert result.exit_code == 0, result.output
    assert program.PLAINTEXT in result.stdout
    assert "refused" in result.stdout
    assert result.stderr.count("as expected") == 2
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert sorted(dotenv_values(folder / ".env")) == [
        "AWS_REGION",
        "DEMO_CLIENT_KMS_KEY_ARN",
        "DEMO_TABLE_NAME",
        "FULL_USER_NAME",
        "LIMITED_USER_NAME",
    ]


def test_the_lines_of_an_existing_dotenv_stay_and_the_endpoint_does_not(folder: Path) -> None:
    (folder / ".env").write_bytes(b"# mine\r\nSECRET='x'\r\nexport AWS_REGION=us-east-1 # old\r\nZ=1")
    result = CliRunner().invoke(demo)
    assert result.exit_code == 0, result.output
    lines = (folder / ".env").read_bytes().split(b"\r\n")
    assert lines[:4] == [b"# mine", b"SECRET='x'", b"export AWS_REGION=eu-west-1 # old", b"Z=1"]
    assert sorted(line.partition(b"=")[0] for line in lines[4:]) == [
        b"",
        b"DEMO_CLIENT_KMS_KEY_ARN",
        b"DEMO_TABLE_NAME",
        b"FULL_USER_NAME",
        b"LIMITED_USER_NAME",
    ]


def test_the_endpoint_leaves_dotenv_when_the_command_fails_or_is_ended(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_arguments: object) -> None:
        assert "AWS_ENDPOINT_URL" in dotenv_values(folder / ".env")
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Demonstration, "run", end)
    result = CliRunner().invoke(demo)
    assert result.exit_code == 128 + signal.SIGTERM
    assert "AWS_ENDPOINT_URL" not in dotenv_values(folder / ".env")


def test_the_users_own_settings_for_aws_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("DEMO_TABLE_NAME", "customers")
    result = CliRunner().invoke(demo)
    assert result.exit_code == 0, result.output


def test_an_outcome_that_is_not_as_expected_ends_in_1(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other_program = folder / "other.py"
    other_program.write_text("print('hello')")
    monkeypatch.setattr(program, "find", lambda: other_program)
    result = CliRunner().invoke(demo)
    assert result.exit_code == 1
    assert 'nothing printed matches "EncryptedTable reads"' in result.stderr


def test_terraform_that_is_missing_ends_in_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    result = CliRunner().invoke(demo, ["--terraform"])
    assert result.exit_code == 1
    assert result.stderr.endswith("Error: terraform is not installed. Install it, or omit --terraform\n")


def test_a_folder_that_cannot_be_written_to_ends_in_one_line(folder: Path) -> None:
    (folder / ".env").mkdir()
    result = CliRunner().invoke(demo)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert ".env" in result.stderr.splitlines()[-1]


def test_the_outcomes_are_the_same_with_terraform() -> None:
    if shutil.which("terraform") is None or not os.environ.get(PLUGINS):
        reason = f"terraform, or a folder of providers named by {PLUGINS}, is missing"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    result = CliRunner().invoke(demo, ["--terraform"])
    assert result.exit_code == 0, result.output


def test_a_lab_that_is_kept_can_be_used_by_hand() -> None:
    result = CliRunner().invoke(demo, ["--keep"])  # without a terminal there is no key to wait for
    assert result.exit_code == 0, result.output
    for user in ("dynaseal-demo-full", "dynaseal-demo-limited"):
        assert re.search(
            rf"# as {user}\nAWS_ACCESS_KEY_ID=\S+ AWS_SECRET_ACCESS_KEY=\S+ \S+ \S+demo\.py\n", result.stdout
        )


def test_wrong_usage_ends_in_2() -> None:
    assert CliRunner().invoke(demo, ["--nonsense"]).exit_code == 2


def test_the_help_has_an_example() -> None:
    assert "Example: dynaseal demo --terraform" in CliRunner().invoke(demo, ["--help"]).stdout


def test_it_is_a_command_of_dynaseal() -> None:
    completed = subprocess.run(
        [Path(sys.executable).with_name("dynaseal"), "demo", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    assert "Encrypt an item in a local AWS" in completed.stdout


def test_open_leaves_the_lab_running_and_starts_the_inspector_as_its_root(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A browser that opens nothing; Ctrl-C ends the inspector and then the lab."""
    monkeypatch.setenv("BROWSER", "true")
    process = subprocess.Popen(
        [sys.executable, "-c", "from dynaseal.cli.main import main; main(['demo', '--open'])"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        ready = next(line for line in process.stdout if line.startswith("inspector ready at "))
        with httpx.Client(follow_redirects=True) as page:
            response = page.get(ready.split()[-1])
        assert "dynaseal-demo" in response.text
        assert "dynaseal-demo-limited" in response.text
    finally:
        os.killpg(process.pid, signal.SIGINT)
        exit_code = process.wait(60)
        process.stdout.close()
    assert exit_code == 0
