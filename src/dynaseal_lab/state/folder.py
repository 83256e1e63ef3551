"""A state folder: whose it is, what lies in it, and that only one lab works on it.

DIR/            mode 0700
  lab.sqlite3   IAM, KMS, DynamoDB's tables and items (sealed), the trail
  key           the key file, mode 0600: without it the rest cannot be read
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from dynaseal_lab.state.errors import StateError
from dynaseal_lab.state.ledger import Ledger
from dynaseal_lab.state.record_encryption import Seal, load_seal, new_seal
from dynaseal_lab.state.record_store import PersistentRecordStore

_FILE, _KEY = "lab.sqlite3", "key"


class Folder:
    """An opened state folder."""

    def __init__(self, path: Path, ledger: Ledger, seal: Seal) -> None:
        self.path, self.ledger, self.seal = path, ledger, seal
        self.record_store = PersistentRecordStore(ledger, seal)


@contextmanager
def opened(path: Path) -> Generator[Folder]:
    """A state folder for the time of a `with` block; made where it does not exist.

    Raises:
        StateError: It is another lab's, holds something else, or its key file is missing or another.
    """
    _claim(path)
    ledger = Ledger(path / _FILE)
    try:
        yield Folder(path, ledger, _seal(path, ledger))
    finally:
        ledger.close()


def _claim(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        names = {entry.name for entry in path.iterdir()}
        if names and not names & {_FILE, _KEY, f"{_KEY}.new"}:
            raise StateError(f"{path} holds no lab's state and is not empty; choose another folder")
        path.chmod(0o700)
    except OSError as error:
        raise StateError(f"{path} cannot be used as a state folder: {error.strerror}") from error


def _seal(path: Path, ledger: Ledger) -> Seal:
    key_file = path / _KEY
    if key_file.exists():
        return load_seal(key_file)
    if ledger.rows("SELECT 1 FROM record LIMIT 1"):
        raise StateError(f"{key_file} is missing; without it the state in {path} cannot be read")
    return new_seal(key_file)
