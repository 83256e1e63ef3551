"""Starting the command: its help, its version, `python -m dynaseal`, and completion in a shell."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from docs.cli_reference import commands
from dynaseal.cli.main import main

_COMMANDS = tuple(context.command_path for context in commands(main, "dynaseal"))


def _complete(words: str) -> list[str]:
    """Return what bash is told to offer for the last word, as click's script for bash calls the command."""
    environment = {
        "_DYNASEAL_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    result = CliRunner().invoke(main, prog_name="dynaseal", env=environment)
    return [line.partition(",")[2] for line in result.stdout.splitlines()]


def _run(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dynaseal", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environment or {})},
    )


@pytest.mark.parametrize("command", _COMMANDS)
def test_h_is_the_help_of_every_command(command: str) -> None:
    names = command.split()[1:]
    short = CliRunner().invoke(main, [*names, "-h"], prog_name="dynaseal")
    long = CliRunner().invoke(main, [*names, "--help"], prog_name="dynaseal")
    assert short.exit_code == 0
    assert short.stdout == long.stdout
    assert short.stdout.startswith(f"Usage: {command} ")


@pytest.mark.parametrize("names", [(), ("lab",)])
def test_the_list_of_commands_has_whole_sentences(names: tuple[str, ...]) -> None:
    help_text = CliRunner().invoke(main, [*names, "-h"], prog_name="dynaseal", terminal_width=60).stdout
    listed = help_text.partition("Commands:")[2].partition("Example:")[0]
    assert listed.count(".") >= 10
    assert "..." not in listed


def test_h_after_a_program_belongs_to_the_program() -> None:
    result = _run("lab", "run", "--", sys.executable, "-h")
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("usage: ")


def test_python_m_dynaseal_is_the_command() -> None:
    version = _run("--version")
    assert version.returncode == 0
    assert version.stdout.startswith("python -m dynaseal, version ")
    assert _run("-h").stdout.startswith("Usage: python -m dynaseal [OPTIONS] COMMAND [ARGS]...")
    assert _run("no-such-command").returncode == 2


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("dynaseal insp", ["inspect", "inspector"]),
        ("dynaseal lab who", ["who-can"]),
        ("dynaseal lab serve --po", ["--port"]),
        ("dynaseal lab serve --hel", ["--help"]),
    ],
)
def test_completion_offers_commands_and_options(words: str, offered: list[str]) -> None:
    assert _complete(words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_calls_the_command(shell: str) -> None:
    result = CliRunner().invoke(main, prog_name="dynaseal", env={"_DYNASEAL_COMPLETE": f"{shell}_source"})
    assert result.exit_code == 0
    assert f"_DYNASEAL_COMPLETE={shell}_complete" in result.stdout


def test_the_installed_completion_needs_no_settings() -> None:
    """Not even a Region: a shell that starts has none."""
    settings = {"_DYNASEAL_COMPLETE": "bash_complete", "COMP_WORDS": "dynaseal do", "COMP_CWORD": "1"}
    script = [sys.executable, "-c", "from dynaseal.cli.main import main; main(prog_name='dynaseal')"]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    } | settings
    result = subprocess.run(script, capture_output=True, text=True, check=True, env=environment)
    assert result.stdout == "plain,doctor\n"
    assert result.stderr == ""


@pytest.mark.parametrize("arguments", [("inspect", "people", "pk=x"), ("inspector",)])
def test_an_address_that_is_not_one_is_an_error_of_one_line(arguments: tuple[str, ...]) -> None:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")
    environment = {**dict.fromkeys(names, "eu-west-1"), "AWS_ENDPOINT_URL": "nonsense"}
    done = _run(*arguments, environment=environment)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: ")
    assert "AWS_ENDPOINT_URL" in done.stderr


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({}, "Check the table's name, the Region, the endpoint and the account."),
        ({"AWS_ACCESS_KEY_ID": "AKIA0000000000000000"}, "Check AWS_ACCESS_KEY_ID, "),
        ({"AWS_SECRET_ACCESS_KEY": "of the lab before"}, "Check AWS_SECRET_ACCESS_KEY. "),
        ({"AWS_DEFAULT_REGION": ""}, "Set AWS_REGION or AWS_DEFAULT_REGION, "),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "Set AWS_ACCESS_KEY_ID and "),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "Check AWS_ENDPOINT_URL. "),
    ],
    ids=["other table", "unknown key", "other secret", "no Region", "no credentials", "no lab"],
)
@pytest.mark.usefixtures("account")
def test_what_a_newcomer_may_have_set_wrongly_is_an_error_with_a_hint(
    settings: Mapping[str, str], hint: str, tmp_path: Path
) -> None:
    nothing = {"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}
    quickly = {"AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)}
    done = _run("inspect", "pepole", "pk=ann", environment={**nothing, **quickly, **settings})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert f"\nHint: {hint}" in done.stderr


@pytest.mark.usefixtures("account")
def test_a_region_that_boto3_does_not_read_is_not_recommended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tables.py").write_text('import boto3\nboto3.client("kms")\n', encoding="utf-8")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    settings = {"AWS_CONFIG_FILE": "/nowhere", "AWS_REGION": "eu-west-1"}
    done = _run("policy", f"{tmp_path}/tables.py:people", "--role", "reader", environment=settings)
    assert done.returncode == 1
    assert "\nHint: Set AWS_DEFAULT_REGION (boto3 does not read AWS_REGION), " in done.stderr
