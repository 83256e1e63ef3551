"""The state folder: who may read it, which lab may use it, and the message when it cannot be used."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from dynaseal_lab.state.errors import StateError
from dynaseal_lab.state.folder import open_folder
from lab.state.conftest import program


def mode(path: Path) -> int:
    """Return the permission bits of a file or folder."""
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_can_read_anything_in_it(state: Path) -> None:
    previous = os.umask(0)
    try:
        with open_folder(state) as folder:
            folder.record_store.mapping("kind", str)["key",] = "record"
            folder.database.flush()
            assert mode(state) == 0o700
            assert {mode(path) for path in state.iterdir()} == {0o600}
            assert {"key", "lab.sqlite3", "lab.sqlite3-wal"} <= {path.name for path in state.iterdir()}
    finally:
        os.umask(previous)


def test_an_existing_folder_is_made_private_again(state: Path) -> None:
    with open_folder(state):
        pass
    state.chmod(0o755)
    with open_folder(state):
        assert mode(state) == 0o700


def test_a_stored_record_is_there_again_and_a_deleted_one_is_not(state: Path) -> None:
    with open_folder(state) as folder:
        records = folder.record_store.mapping("kind", str)
        records["a", "b"], records["c",] = "first", "deleted"
        records["a", "b"] = "second"
        del records["c",]
    with open_folder(state) as folder:
        assert dict(folder.record_store.mapping("kind", str)) == {("a", "b"): "second"}
        assert len(folder.record_store.mapping("other kind", str)) == 0


def test_a_log_keeps_its_last_records_in_their_order(state: Path) -> None:
    with open_folder(state) as folder:
        log = folder.record_store.log("trail", str, 3)
        for number in range(5):
            log.append(f"event {number}")
    with open_folder(state) as folder:
        again = folder.record_store.log("trail", str, 3)
        again.append("event 5")
        assert list(again) == ["event 3", "event 4", "event 5"]
    with open_folder(state) as folder:
        assert folder.database.rows("SELECT count(*) FROM log") == [(3,)]


def test_a_second_lab_on_the_folder_is_refused_with_one_line(state: Path) -> None:
    with program(state) as lab:
        with program(state) as second:
            _, err = second.process.communicate(timeout=20)
            assert (second.endpoint, second.process.returncode) == ("", 1)
            assert err == f"Error: {state} is in use by another lab\n"
        assert lab.client("iam").list_users()["Users"] == []


def test_the_folder_of_a_killed_lab_can_be_used_again(state: Path) -> None:
    with program(state) as lab:
        lab.kill()
    with open_folder(state):
        pass


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("a letter")
    tmp_path.chmod(0o755)
    with pytest.raises(StateError, match="holds no lab's state and is not empty"), open_folder(tmp_path):
        pass
    assert mode(tmp_path) == 0o755


def test_a_file_is_refused_as_a_folder(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(StateError, match="cannot be used as a state folder: File exists"), open_folder(path):
        pass


def test_without_its_key_file_the_state_is_refused_and_not_replaced(state: Path) -> None:
    with open_folder(state) as folder:
        folder.record_store.mapping("kind", str)["key",] = "record"
    (state / "key").unlink()
    with pytest.raises(StateError, match="is missing; without it the state"), open_folder(state):
        pass


def test_a_key_file_that_others_can_read_is_refused(state: Path) -> None:
    with open_folder(state):
        pass
    (state / "key").chmod(0o640)
    with pytest.raises(StateError, match="can be read by others; run: chmod 600"), open_folder(state):
        pass


def test_another_key_file_decrypts_nothing(state: Path) -> None:
    with open_folder(state) as folder:
        folder.record_store.mapping("kind", str)["key",] = "record"
    (state / "key").write_bytes(bytes(32))
    with open_folder(state) as folder, pytest.raises(StateError, match="not the one that this state"):
        folder.record_store.mapping("kind", str)


def test_a_record_cannot_be_passed_off_as_another(state: Path) -> None:
    with open_folder(state) as folder:
        records = folder.record_store.mapping("kind", str)
        records["mallory",], records["alice",] = "mallory's", "alice's"
    with sqlite3.connect(state / "lab.sqlite3") as database:
        (other,) = database.execute("SELECT sealed FROM record WHERE key LIKE '%mallory%'").fetchone()
        database.execute("UPDATE record SET sealed = ? WHERE key LIKE '%alice%'", (other,))
    database.close()
    with open_folder(state) as folder, pytest.raises(StateError, match="was changed"):
        folder.record_store.mapping("kind", str)


def test_a_file_that_is_not_a_database_is_one_clear_error(state: Path) -> None:
    with open_folder(state):
        pass
    (state / "lab.sqlite3").write_bytes(b"something else entirely, and long enough" * 100)
    with pytest.raises(StateError, match="cannot be read: file is not a database"), open_folder(state):
        pass


def test_the_state_of_a_newer_lab_is_not_touched(state: Path) -> None:
    with open_folder(state):
        pass
    database = sqlite3.connect(state / "lab.sqlite3")
    database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(StateError, match="written by a newer version"), open_folder(state):
        pass


def test_no_secret_is_readable_in_the_files(state: Path) -> None:
    with program(state) as lab:
        iam, kms = lab.client("iam"), lab.client("kms")
        iam.create_user(UserName="ann")
        secret = iam.create_access_key(UserName="ann")["AccessKey"]["SecretAccessKey"]
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        token = kms.create_grant(
            KeyId=key, GranteePrincipal="arn:aws:iam::111122223333:user/ann", Operations=["Decrypt"]
        )["GrantToken"]
        lab.process.terminate()
        lab.process.wait()
    files = [path for path in state.rglob("*") if path.is_file() and path.name != "key"]
    content = b"".join(path.read_bytes() for path in files)
    for text in (secret, token, "ann", "the-secret-of-roots"):
        assert text.encode() not in content.replace(b"user/ann", b"").replace(b"/ann", b"") or text == "ann"
    assert key.encode() in content  # a record's key is readable, its content is not
