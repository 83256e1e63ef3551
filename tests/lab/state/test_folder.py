"""The state folder: who may read it, who may use it, and what is said when it cannot be used."""

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from dynaseal_lab.state.errors import StateError
from dynaseal_lab.state.folder import open_folder
from lab.state.conftest import program


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_in_it_is_its_owners_alone(state):
    before = os.umask(0)
    try:
        with open_folder(state) as folder:
            folder.record_store.mapping("kind", str)["key",] = "record"
            folder.database.flush()
            assert mode(state) == 0o700
            assert {mode(path) for path in state.iterdir()} == {0o600}
            assert {"key", "lab.sqlite3", "lab.sqlite3-wal"} <= {path.name for path in state.iterdir()}
    finally:
        os.umask(before)


def test_an_existing_folder_of_a_lab_is_closed_to_others_again(state):
    with open_folder(state):
        pass
    state.chmod(0o755)
    with open_folder(state):
        assert mode(state) == 0o700


def test_a_stored_record_is_there_again_and_a_deleted_one_is_not(state):
    with open_folder(state) as folder:
        records = folder.record_store.mapping("kind", str)
        records["a", "b"], records["c",] = "kept", "removed"
        records["a", "b"] = "kept anew"
        del records["c",]
    with open_folder(state) as folder:
        assert dict(folder.record_store.mapping("kind", str)) == {("a", "b"): "kept anew"}
        assert len(folder.record_store.mapping("other kind", str)) == 0


def test_a_log_keeps_its_last_records_in_their_order(state):
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


def test_a_second_lab_on_the_folder_is_refused_with_one_line(state):
    with program(state) as lab:
        with program(state) as second:
            _, err = second.process.communicate(timeout=20)
            assert (second.endpoint, second.process.returncode) == ("", 1)
            assert err == f"Error: {state} is in use by another lab\n"
        assert lab.client("iam").list_users()["Users"] == []


def test_a_folder_that_a_killed_lab_left_is_free_again(state):
    with program(state) as lab:
        lab.kill()
    with open_folder(state):
        pass


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    tmp_path.chmod(0o755)
    with pytest.raises(StateError, match="holds no lab's state and is not empty"), open_folder(tmp_path):
        pass
    assert mode(tmp_path) == 0o755


def test_a_file_is_no_folder(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(StateError, match="cannot be used as a state folder: File exists"), open_folder(path):
        pass


def test_without_its_key_file_the_state_is_not_started_over(state):
    with open_folder(state) as folder:
        folder.record_store.mapping("kind", str)["key",] = "record"
    (state / "key").unlink()
    with pytest.raises(StateError, match="is missing; without it the state"), open_folder(state):
        pass


def test_a_key_file_that_others_can_read_is_refused(state):
    with open_folder(state):
        pass
    (state / "key").chmod(0o640)
    with pytest.raises(StateError, match="can be read by others; run: chmod 600"), open_folder(state):
        pass


def test_another_key_file_opens_nothing(state):
    with open_folder(state) as folder:
        folder.record_store.mapping("kind", str)["key",] = "record"
    (state / "key").write_bytes(bytes(32))
    with open_folder(state) as folder, pytest.raises(StateError, match="not the one that this state"):
        folder.record_store.mapping("kind", str)


def test_a_record_cannot_be_passed_off_as_another(state):
    with open_folder(state) as folder:
        records = folder.record_store.mapping("kind", str)
        records["mallory",], records["alice",] = "mallory's", "alice's"
    with sqlite3.connect(state / "lab.sqlite3") as database:
        (theirs,) = database.execute("SELECT sealed FROM record WHERE key LIKE '%mallory%'").fetchone()
        database.execute("UPDATE record SET sealed = ? WHERE key LIKE '%alice%'", (theirs,))
    database.close()
    with open_folder(state) as folder, pytest.raises(StateError, match="was changed"):
        folder.record_store.mapping("kind", str)


def test_a_file_that_is_no_database_is_one_clear_error(state):
    with open_folder(state):
        pass
    (state / "lab.sqlite3").write_bytes(b"something else entirely, and long enough" * 100)
    with pytest.raises(StateError, match="cannot be read: file is not a database"), open_folder(state):
        pass


def test_the_state_of_a_newer_lab_is_not_touched(state):
    with open_folder(state):
        pass
    database = sqlite3.connect(state / "lab.sqlite3")
    database.execute("PRAGMA user_version=99")
    database.close()
    with pytest.raises(StateError, match="written by a newer version"), open_folder(state):
        pass


def test_no_secret_is_readable_in_the_files(state):
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
    content = b"".join(path.read_bytes() for path in state.iterdir() if path.name != "key")
    for text in (secret, token, "ann", "the-secret-of-roots"):
        assert text.encode() not in content.replace(b"user/ann", b"").replace(b"/ann", b"") or text == "ann"
    assert key.encode() in content  # the record's place is readable, what it holds is not
