"""What the commands print: to a full or closed output, without colours, and with callers' characters."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from dynaseal.cli.main import FailedError, main
from dynaseal_lab.commands.trail_text import format_event
from dynaseal_lab.model import Reason, reason_in_words
from dynaseal_lab.printing import CommandError, json_text, printable
from dynaseal_lab.testing import LabAccount

DYNASEAL = [sys.executable, "-c", "from dynaseal.cli.main import main; main()"]
IN_A_LAB = (
    ("lab", "users"),
    ("lab", "users", "--json"),
    ("lab", "credentials", "ann"),
    ("lab", "credentials", "ann", "--json"),
    ("lab", "clock"),
    ("lab", "clock", "--json"),
    ("lab", "trail"),
    ("lab", "trail", "--json"),
    ("lab", "trail", "--follow"),
)
ALONE = (
    ("--help",),
    ("--version",),
    ("lab", "--help"),
    ("lab", "trail", "--help"),
    ("lab", "serve"),
    ("demo",),
    ("demo", "--help"),
    ("plan", "people", "--attribute", "pk", "--file", "items.jsonl"),
    ("plan", "people", "--attribute", "pk", "--file", "items.jsonl", "--json"),
)
ESCAPE = "\x1b["


@pytest.fixture
def environment(account: LabAccount) -> Mapping[str, str]:
    """The environment of the account's root, in which there is a user."""
    account.client("iam").create_user(UserName="ann")
    return account.root.environment


def run(
    command: tuple[str, ...], redirection: str, environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run `dynaseal` in a shell with a redirection."""
    (folder / "items.jsonl").write_text('{"pk": "a"}\n{"pk": "b"}\n')
    shell = ["/bin/sh", "-c", f'"$@" {redirection}', "sh", *DYNASEAL, *command]
    return subprocess.run(
        shell, env=dict(environment), cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


def last_lines(completed: subprocess.CompletedProcess[str]) -> list[str]:
    assert "Traceback" not in completed.stderr
    assert "Exception" not in completed.stderr
    return completed.stderr.splitlines()[-2:]


@pytest.mark.parametrize("command", [*IN_A_LAB, *ALONE], ids=" ".join)
def test_a_full_standard_output_is_one_line_and_a_hint(
    command: tuple[str, ...], environment: Mapping[str, str], tmp_path: Path
) -> None:
    completed = run(command, ">/dev/full", environment, tmp_path)
    assert completed.returncode == 1
    assert last_lines(completed) == [
        "Error: Standard output cannot be written: No space left on device",
        "Hint: Check the file or the program that the output goes to.",
    ]


@pytest.mark.parametrize("command", [*IN_A_LAB[::3], *ALONE[::3]], ids=" ".join)
def test_a_closed_standard_output_is_one_line_and_a_hint(
    command: tuple[str, ...], environment: Mapping[str, str], tmp_path: Path
) -> None:
    completed = run(command, ">&-", environment, tmp_path)
    assert (completed.returncode, completed.stderr.splitlines()) == (
        1,
        ["Error: Standard output is closed", "Hint: To print nothing, redirect it to /dev/null."],
    )


@pytest.mark.parametrize("command", [IN_A_LAB[7], IN_A_LAB[8], *ALONE[:3]], ids=" ".join)
def test_a_reader_that_ends_causes_no_error_message(
    command: tuple[str, ...], environment: Mapping[str, str], tmp_path: Path
) -> None:
    completed = run(command, "| true", environment, tmp_path)
    assert completed.stderr == ""


@pytest.mark.parametrize("redirection", [">/dev/full 2>&1", "2>/dev/full", "2>&-", ">/dev/full 2>&-"])
@pytest.mark.parametrize("command", [IN_A_LAB[0], ("lab", "credentials", "nobody")], ids=" ".join)
def test_a_full_or_closed_standard_error_leaves_the_exit_code(
    redirection: str, command: tuple[str, ...], environment: Mapping[str, str], tmp_path: Path
) -> None:
    expected = 1 if redirection.startswith(">") or "nobody" in command else 0
    assert run(command, redirection, environment, tmp_path).returncode == expected


def on_a_terminal(command: tuple[str, ...], environment: Mapping[str, str], folder: Path) -> str:
    """Run `dynaseal` on a terminal, and return what it printed there."""
    (folder / "items.jsonl").write_text("".join(f'{{"pk": "{number % 40}"}}\n' for number in range(200)))
    terminal, side = pty.openpty()
    process = subprocess.Popen(
        [*DYNASEAL, *command], env=dict(environment), cwd=folder, stdout=side, stderr=side
    )
    os.close(side)
    printed = b""
    try:
        while chunk := os.read(terminal, 65536):
            printed += chunk
    except OSError:  # Linux's way to say that the other side is closed
        pass
    finally:
        os.close(terminal)
        process.wait(timeout=60)
    return printed.decode()


COLOURED = (("lab", "trail"), ("demo",), ALONE[-2])


@pytest.mark.parametrize("command", COLOURED, ids=" ".join)
def test_no_color_is_honoured_on_a_terminal(
    command: tuple[str, ...], environment: Mapping[str, str], tmp_path: Path
) -> None:
    terminal = {**environment, "TERM": "xterm-256color"}
    terminal.pop("NO_COLOR", None)
    assert ESCAPE in on_a_terminal(command, terminal, tmp_path)
    assert ESCAPE not in on_a_terminal(command, {**terminal, "NO_COLOR": "1"}, tmp_path)


@pytest.mark.parametrize("command", COLOURED, ids=" ".join)
def test_there_are_no_colours_without_a_terminal(
    command: tuple[str, ...], environment: Mapping[str, str], tmp_path: Path
) -> None:
    completed = run(command, "", environment, tmp_path)
    assert completed.returncode == 0
    assert ESCAPE not in completed.stdout + completed.stderr


ANY_TEXT = st.text(st.one_of(st.characters(), st.sampled_from("\x00\n\r\t\x1b\x7f\x9b\u202e\u2028\ud800")))


def event(text: str) -> dict[str, object]:
    """An event whose every string a caller chose."""
    strings = ("action", "resource", "principal", "source", "reason_in_words", "request_id", "outcome")
    chosen: dict[str, object] = dict.fromkeys(strings, text)
    return chosen | {
        "time": "2026-01-01T00:00:00.000+00:00",
        "statements": [text],
        "encryption_context": {text: text},
        "sequence": 1,
    }


def test_every_reason_of_a_refusal_has_words() -> None:
    refusals = set(get_args(Reason)) - {"allowed"}

    assert all(" " in reason_in_words(reason) for reason in refusals)
    assert reason_in_words("NotFoundException") == "NotFoundException"


@given(text=ANY_TEXT)
def test_an_event_prints_no_control_character(text: str) -> None:
    lines = click.unstyle(format_event(event(text))).split("\n")
    assert all(line.isprintable() for line in lines)
    # Long text takes more lines, but none that could pass for the first line of another event.
    assert lines[0].startswith("00:00:00 ")
    assert all(line.startswith("         ") for line in lines[1:])


@given(text=ANY_TEXT)
def test_json_stays_json_and_has_no_control_character(text: str) -> None:
    printed = json_text(event(text), indent=None)
    assert printed.isascii()
    assert printed.isprintable()
    assert json.loads(printed) == event(text)


@given(text=ANY_TEXT)
def test_an_error_is_one_printable_line(text: str) -> None:
    assert CommandError(text).message.isprintable()
    assert FailedError(text).message.isprintable()
    assert printable(printable(text)) == printable(text)


def test_the_trail_escapes_what_a_caller_sent(account: LabAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = "\x1b[2J\r\nforged line\x7f\u202e"
    key = account.key()
    account.client("kms").encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={f"a{evil}": evil})
    for name, value in account.root.settings.items():
        monkeypatch.setenv(name, value)
    shown = CliRunner().invoke(main, ["lab", "trail"])
    assert shown.exit_code == 0, shown.output
    assert all(line.isprintable() for line in shown.stdout.split("\n"))
    assert "encryption context: a\\x1b[2J\\r\\nforged line\\x7f\\u202e=\\x1b[2J\\r\\n" in shown.stdout
    printed = CliRunner().invoke(main, ["lab", "trail", "--json"]).stdout
    assert printed.replace("\n", "").isprintable()
    assert json.loads(printed)[-1]["encryption_context"] == {f"a{evil}": evil}


@pytest.mark.parametrize("package", ["uvicorn", "cattrs"])
def test_without_the_extra_lab_a_command_says_what_to_install(package: str) -> None:
    missing = f"import sys; sys.modules[{package!r}] = None; from dynaseal.cli.main import main; main()"

    def dynaseal(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", missing, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    for command in (("lab", "serve", "--port", "0"), ("lab", "run", "--", "true")):
        completed = dynaseal(*command)
        assert completed.returncode == 1
        assert completed.stderr.splitlines() == [
            f"Error: dynaseal lab {command[1]} needs the package {package}, which is not installed",
            "Hint: pip install 'dynaseal[lab]'",
        ]
    assert dynaseal("demo").stderr.splitlines()[-1].startswith("Hint: pip install")
    for command in (("--help",), ("lab", "--help"), ("lab", "users", "--help")):
        assert dynaseal(*command).returncode == 0
