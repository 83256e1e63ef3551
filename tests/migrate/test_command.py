"""`dynaseal migrate` on the command line: what it prints, and its exit codes."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dynaseal.cli import migrate
from dynaseal.cli.main import main
from dynaseal.migrate import Progress
from dynaseal.migrate.reports import Consumed
from migrate.crash import tables
from migrate.crash.run import NEW, OLD, person
from support.dynamodb import create_table, session_arguments

TABLES = tables.__file__


class Command:
    """The command on one table."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.table = create_table(client, "pk")

    def put(self, *items: dict[str, Any]) -> None:
        for item in items:
            self.client.put_item(TableName=self.table, Item=item)

    def __call__(self, *arguments: str, source: str = "old", target: str = f"{TABLES}:new") -> Result:
        command = ["migrate", self.table, "--from", f"{TABLES}:{source}", "--to", target, *arguments]
        return CliRunner().invoke(main, command, catch_exceptions=False)


@pytest.fixture
def command(client: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    session = session_arguments(endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_REGION", session["region_name"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["aws_secret_access_key"])
    return Command(client)


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_migration_ends_with_0_and_a_report(command: Command) -> None:
    command.put(*(person(number, number) for number in range(3)), OLD.encrypt_item(person(3, 3)))
    result = command()
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"{command.table}: 4 items looked at"
    assert lines[1:5] == [
        "state             4  changed",
        "form              1  current",
        "form              3  plaintext",
        "key               1  tests old",
    ]
    again = command("--verify")
    assert again.exit_code == 0
    assert "state             4  verified" in again.stdout


class Terminal(StringIO):
    """A terminal that stderr goes to."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("dynaseal.cli.migrate.sys.stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    consumed = Consumed()
    with migrate._progress(as_json=False) as show:
        for items in (1, 3):
            show(Progress(items=items, states={"changed": items, "failed": 1}, total=2, consumed=consumed))
    assert "items, 1 failed" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()


def test_failures_are_listed_and_end_with_1(command: Command) -> None:
    command.put(person(1, 1), person(2, 2) | {"aws_dbe_foot": {"B": b"1"}})
    result = command()
    assert result.exit_code == 1
    assert "failed    pk=p00002: The item has aws_dbe_foot and no aws_dbe_head" in result.stdout
    assert "1 item failed and is as it was." in result.stdout


def test_json_lines_have_their_members(command: Command) -> None:
    command.put(person(1, 1), person(2, 2) | {"aws_dbe_foot": {"B": b"1"}})
    result = command("--json")
    assert result.exit_code == 1
    printed = objects(result)
    assert [each["type"] for each in printed] == ["progress", "failure", "report"]
    progress, failure, report = printed
    shared = {"kms_calls", "read_units", "write_units", "seconds"}
    assert progress.keys() == {"type", "items", "total", "states"} | shared
    assert failure == {
        "type": "failure",
        "key": {"pk": {"S": "p00002"}},
        "form": "damaged",
        "reason": "The item has aws_dbe_foot and no aws_dbe_head",
    }
    members = {"type", "table", "mode", "complete", "states", "forms", "keys", "failures", "estimate"}
    assert report.keys() == members | shared
    assert report["states"] == {"changed": 1, "failed": 1}


def test_a_dry_run_prints_counts_and_costs_and_writes_nothing(command: Command) -> None:
    items = [person(number, number) for number in range(30)]
    command.put(*items, NEW.encrypt_item(person(40, 40)))
    result = command("--dry-run")
    assert result.exit_code == 0
    assert "form             30  plaintext" in result.stdout
    assert "key               1  tests new" in result.stdout
    assert "A migration would write 30 items, judging by 21 of them:" in result.stdout
    assert "price: $0.625 for 1,000,000 write request units" in result.stdout
    assert command("--verify").exit_code == 1


def test_a_checkpoint_of_another_migration_ends_with_1(command: Command, tmp_path: Path) -> None:
    command.put(person(1, 1))
    path = str(tmp_path / "checkpoint")
    assert command("--checkpoint", path, "--segments", "2").exit_code == 0
    assert command("--checkpoint", path).exit_code == 0
    refused = command("--checkpoint", path, "--segments", "3")
    assert refused.exit_code == 1
    assert "with 2 segments, not 3" in refused.stderr


def test_the_word_plaintext_decrypts_the_table(command: Command) -> None:
    command.put(OLD.encrypt_item(person(1, 1)))
    assert command(target="plaintext").exit_code == 0
    assert command.client.scan(TableName=command.table)["Items"] == [person(1, 1)]


def test_items_are_renewed_or_chosen_by_key(command: Command) -> None:
    command.put(OLD.encrypt_item(person(1, 1)), NEW.encrypt_item(person(2, 2)))
    before = {item["pk"]["S"]: item for item in command.client.scan(TableName=command.table)["Items"]}
    result = command("--key", "new", "--renew")
    assert result.exit_code == 0
    assert "state             1  changed" in result.stdout
    assert "state             1  unselected" in result.stdout
    after = {item["pk"]["S"]: item for item in command.client.scan(TableName=command.table)["Items"]}
    assert after["p00001"] == before["p00001"]
    assert after["p00002"]["aws_dbe_head"] != before["p00002"]["aws_dbe_head"]
    assert NEW.decrypt_item(after["p00002"]) == person(2, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dry-run", "--verify"), "exclude each other"),
        (("--segments", "0"), "not in the range"),
        (("--max-write-units", "0"), "not in the range"),
        (("--older-than", "2026-01-01"), "only the versions of branch keys have dates"),
        (("--older-than", "yesterday"), "does not match the formats"),
    ],
)
def test_wrong_usage_ends_with_2(command: Command, arguments: tuple[str, ...], message: str) -> None:
    result = command(*arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


def test_a_configuration_that_is_not_there_or_writes_plaintext_ends_with_2(
    command: Command, tmp_path: Path
) -> None:
    assert command(target=f"{TABLES}:none").exit_code == 2
    module = tmp_path / "plain.py"
    module.write_text(
        "from dataclasses import replace\n"
        "from dynaseal import PlaintextPolicy\n"
        "from migrate.crash.tables import old\n"
        "plain = replace(old, plaintext_policy=PlaintextPolicy.FORCE_WRITE_ALLOW_READ)\n"
    )
    refused = command(target=f"{module}:plain")
    assert refused.exit_code == 2
    assert "--to plaintext" in refused.stderr
