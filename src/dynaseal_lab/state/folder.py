"""A state folder: what lies in it, and that it is used by one lab at a time.

DIR/            mode 0700
  lab.sqlite3   IAM, KMS, DynamoDB's tables and items (encrypted), the trail
  key           the key file, mode 0600: without it the rest cannot be read
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dynaseal_lab.state.database import Database
from dynaseal_lab.state.errors import DamagedStateError, StateError
from dynaseal_lab.state.record_encryption import RecordCipher, create_key_file, read_key_file
from dynaseal_lab.state.record_store import PersistentRecordStore

_DATABASE_FILE, _KEY_FILE = "lab.sqlite3", "key"


class StateFolder:
    """An open state folder."""

    def __init__(self, path: Path, database: Database, cipher: RecordCipher) -> None:
        self.path, self.database, self.cipher = path, database, cipher
        self.record_store = PersistentRecordStore(database, cipher)


@contextmanager
def open_folder(path: Path) -> Generator[StateFolder]:
    """Open a state folder during a `with` block; it is created if it does not exist.

    Raises:
        StateError: Another lab uses it, it holds something else, or its key file is missing or another one.
    """
    _prepare(path)
    _check_database_file(path)
    database = Database(path / _DATABASE_FILE)
    try:
        yield StateFolder(path, database, _cipher(path, database))
    finally:
        database.close()


def _prepare(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = {entry.name for entry in path.iterdir()}
        # A folder with other files in it is refused before its mode is changed.
        if names and not names & {_DATABASE_FILE, _KEY_FILE, f"{_KEY_FILE}.new"}:
            raise StateError(f"{path} holds no lab's state and is not empty; choose another folder")
        path.chmod(0o700)
    except OSError as error:
        raise StateError(f"{path} cannot be used as a state folder: {error.strerror}") from error


def _check_database_file(path: Path) -> None:
    """Refuse a folder that lost its database: the key file is created only after the database."""
    database = path / _DATABASE_FILE
    if not (path / _KEY_FILE).exists():
        return
    if not database.exists() or (database.is_file() and database.stat().st_size == 0):
        raise DamagedStateError(f"{database} is missing or empty, although the folder has been used")


def _cipher(path: Path, database: Database) -> RecordCipher:
    key_file = path / _KEY_FILE
    try:
        return _existing_or_new_cipher(path, key_file, database)
    except OSError as error:
        raise DamagedStateError(f"{key_file} cannot be read or created: {error.strerror}") from error


def _existing_or_new_cipher(path: Path, key_file: Path, database: Database) -> RecordCipher:
    if key_file.exists():
        return read_key_file(key_file)
    if database.rows("SELECT 1 FROM record LIMIT 1"):
        raise StateError(f"{key_file} is missing; without it the state in {path} cannot be read")
    return create_key_file(key_file)
