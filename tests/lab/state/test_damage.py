"""A damaged state folder of every kind is one line and a hint, and nothing in it is replaced."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dynaseal.cli.main import main
from dynaseal_lab.assembly import open_lab
from dynaseal_lab.commands import serve as serve_command
from lab.state.conftest import started

Damage = Callable[[Path], Any]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with users, keys, a table with an item that ministack kept, and a trail."""
    state = tmp_path_factory.mktemp("used") / "state"
    with started(state, "ministack") as account:
        account.user("ann", {"Effect": "Allow", "Action": "*", "Resource": "*"})
        account.key()
        table = account.resource("dynamodb").Table(account.table("people"))
        table.put_item(Item={"pk": "ann", "data": "x" * 10_000})
    return state


@pytest.fixture
def damaged(used: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be damaged."""
    return Path(shutil.copytree(used, tmp_path / "state"))


def sql(*statements: str) -> Damage:
    """Damage the database by statements."""

    def damage(state: Path) -> None:
        database = sqlite3.connect(state / "lab.sqlite3", isolation_level=None)
        for statement in statements:
            database.execute(statement)
        database.close()

    return damage


def content(name: str, new: Callable[[bytes], bytes]) -> Damage:
    """Damage a file by replacing its content."""

    def damage(state: Path) -> None:
        path = state / name
        path.write_bytes(new(path.read_bytes()))

    return damage


def folder_in_place_of(name: str) -> Damage:
    """Put a folder in the place of a file."""

    def damage(state: Path) -> None:
        (state / name).unlink(missing_ok=True)
        (state / name).mkdir(mode=0o700)

    return damage


def key_missing_and_folder_in_place_of_the_new_one(state: Path) -> None:
    (state / "key").unlink()
    (state / "lab.sqlite3").unlink()
    (state / "key.new").mkdir()


def page_overwritten(at: int) -> Damage:
    """Overwrite part of the database, given in hundredths of its length."""

    def new(old: bytes) -> bytes:
        start = max(4096, len(old) * at // 100 // 4096 * 4096)
        return old[:start] + b"\xff" * 4096 + old[start + 4096 :]

    return content("lab.sqlite3", new)


DAMAGES: dict[str, Damage] = {
    "key empty": content("key", lambda _old: b""),
    "key truncated": content("key", lambda old: old[:31]),
    "key too long": content("key", lambda old: old + b"\n"),
    "another key": content("key", lambda _old: bytes(32)),
    "key missing": lambda state: (state / "key").unlink(),
    "key is a folder": folder_in_place_of("key"),
    "new key is a folder": key_missing_and_folder_in_place_of_the_new_one,
    "key is readable by others": lambda state: (state / "key").chmod(0o644),
    "key is a link to nothing": lambda state: ((state / "key").unlink(), (state / "key").symlink_to("none")),
    "database missing": lambda state: (state / "lab.sqlite3").unlink(),
    "database empty": content("lab.sqlite3", lambda _old: b""),
    "database is text": content("lab.sqlite3", lambda _old: b"not a database, but text\n" * 400),
    "database is JSON": content("lab.sqlite3", lambda _old: b'{"users": []}'),
    "database is a folder": folder_in_place_of("lab.sqlite3"),
    "database is a device": lambda state: (
        (state / "lab.sqlite3").unlink(),
        (state / "lab.sqlite3").symlink_to("/dev/full"),
    ),
    "write-ahead log is a folder": folder_in_place_of("lab.sqlite3-wal"),
    **{
        f"database truncated to {share} %": content(
            "lab.sqlite3", lambda old, share=share: old[: len(old) * share // 100]
        )
        for share in (1, 10, 30, 50, 70, 99)
    },
    **{f"page at {at} % overwritten": page_overwritten(at) for at in (0, 25, 50, 75, 95)},
    "newer version": sql("PRAGMA user_version=2"),
    "negative version": sql("PRAGMA user_version=-1"),
    "no table of records": sql("DROP TABLE record", "CREATE VIEW record AS SELECT 1 AS kind"),
    "records with other columns": sql("DROP TABLE record", "CREATE TABLE record (name TEXT)"),
    "items with other columns": sql("DROP TABLE item", "CREATE TABLE item (name TEXT)"),
    "log with other columns": sql("DROP TABLE log", "CREATE TABLE log (name TEXT)"),
    "record is empty": sql("UPDATE record SET sealed = x''"),
    "record is short": sql("UPDATE record SET sealed = x'00112233445566'"),
    "record is text": sql("UPDATE record SET sealed = 'text'"),
    "record is a number": sql("UPDATE record SET sealed = 5"),
    "record truncated": sql("UPDATE record SET sealed = substr(sealed, 1, length(sealed) - 1)"),
    "records exchanged": sql("UPDATE record SET sealed = (SELECT sealed FROM record LIMIT 1)"),
    "record's key is not JSON": sql("UPDATE OR REPLACE record SET key = 'not JSON'"),
    "record's key is not UTF-8": sql("UPDATE OR REPLACE record SET key = CAST(x'ff' AS TEXT)"),
    "item is short": sql("UPDATE item SET sealed = x'00'"),
    "item is text": sql("UPDATE item SET sealed = 'text'"),
    "item's key changed": sql("UPDATE item SET key = 'other'"),
    "trail is not JSON": sql("UPDATE log SET entry = 'not JSON'"),
    "trail is empty": sql("UPDATE log SET entry = ''"),
    "trail is bytes": sql("UPDATE log SET entry = x'ff'"),
    "trail is a number": sql("UPDATE log SET entry = 5"),
    "trail of another shape": sql("UPDATE log SET entry = '[1]'"),
    "trail without members": sql("UPDATE log SET entry = '{}'"),
    "trail with another outcome": sql("UPDATE log SET entry = json_set(entry, '$.outcome', 'maybe')"),
    "trail with another time": sql("UPDATE log SET entry = json_set(entry, '$.time', 'noon')"),
    "trail without numbers": sql("UPDATE OR REPLACE log SET number = 'one'"),
    "deep trail": sql(f"UPDATE log SET entry = '{'[' * 100_000}'"),
    "root secret missing": sql("DELETE FROM record WHERE kind = 'root-secret'"),
    "a user missing, another key": lambda state: (
        sql("DELETE FROM record WHERE kind != 'root-secret'")(state),
        content("key", lambda _old: bytes(32))(state),
    ),
}


@pytest.fixture(autouse=True)
def _not_served(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the lab as `serve` does, and end at once instead of serving."""

    def open_only(options: Any, *_arguments: object, **_parameters: object) -> None:
        with open_lab(options):
            pass

    monkeypatch.setattr(serve_command, "serve_lab", open_only)


def serve(state: Path) -> Result:
    return CliRunner().invoke(main, ["lab", "serve", "--state", str(state)])


def files(state: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in state.iterdir() if path.is_file() and not path.is_symlink()
    }


def test_an_undamaged_folder_is_used(damaged: Path) -> None:
    assert serve(damaged).exit_code == 0


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_folder_is_one_line_and_nothing_is_replaced(damaged: Path, name: str) -> None:
    DAMAGES[name](damaged)
    before = files(damaged)
    result = serve(damaged)
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1, result.output
    lines = result.stderr.splitlines()
    assert lines[0].startswith("Error: ")
    assert lines[0].isprintable()
    assert len(lines) == 1 or (len(lines) == 2 and lines[1].startswith("Hint: "))
    assert len(lines) == 2 or any(word in lines[0] for word in ("run: ", "newer version", "is missing"))
    after = files(damaged)
    assert {name: after.get(name) for name in before if "sqlite3" not in name} == {
        name: data for name, data in before.items() if "sqlite3" not in name
    }


def test_a_file_that_cannot_be_read_is_one_line_and_a_hint(
    damaged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    result = serve(damaged)
    assert (result.exit_code, result.stderr.splitlines()[0]) == (
        1,
        f"Error: {damaged / 'key'} cannot be read or created: Permission denied",
    )


def test_a_missing_root_secret_can_be_set_again(damaged: Path) -> None:
    DAMAGES["root secret missing"](damaged)
    result = CliRunner().invoke(main, ["lab", "serve", "--state", str(damaged), "--root-secret", "new"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("name", ["file", "device", "in a file", "loop"])
def test_a_path_that_is_not_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    path = {
        "file": tmp_path / "file",
        "device": Path(os.devnull),
        "in a file": tmp_path / "file" / "x",
        "loop": tmp_path / "loop",
    }[name]
    result = serve(path)
    assert result.exit_code in (1, 2), result.output
    assert isinstance(result.exception, SystemExit), result.exception
    assert "Error: " in result.stderr
