"""The native engine's files in a state folder, and the move of tables that ministack kept there.

A record says that the tables are in the native engine. Without that record, the tables that ministack
keeps are copied when the native engine first opens the folder; then the copies in the lab's own
database are deleted. If that is interrupted, the next start does it again from the beginning.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from dynaseal_lab.dynamodb.native import NativeEngine
from dynaseal_lab.record_store import Key
from dynaseal_lab.state.errors import DamagedStateError, StateError
from dynaseal_lab.state.folder import StateFolder
from dynaseal_lab.state.persistent_engine import PersistentEngine

_KIND = "dynamodb-engine"
_ENGINE: Key = ("tables",)
_NATIVE = "native"


async def open_native_tables(folder: StateFolder) -> NativeEngine:
    """Return the native engine on the folder's tables.

    Raises:
        StateError: One of its files is damaged.
    """
    path = folder.path / "dynamodb"
    engines = folder.record_store.mapping(_KIND, str)
    if engines.get(_ENGINE) == _NATIVE:
        for file in path.glob("*.sqlite3"):
            _check(file)
        return NativeEngine.load(path, folder.record_store)
    shutil.rmtree(path, ignore_errors=True)
    engine = NativeEngine.load(path, folder.record_store)
    copies = PersistentEngine(engine, folder)
    await copies.restore()
    copies.forget()
    engines[_ENGINE] = _NATIVE
    folder.database.flush()
    return engine


def require_no_native_tables(folder: StateFolder) -> None:
    """Refuse a folder whose tables are in the native engine.

    Raises:
        StateError: They are.
    """
    if folder.record_store.mapping(_KIND, str).get(_ENGINE) == _NATIVE:
        raise StateError(
            f"The tables in {folder.path} were kept by the native engine, and ministack cannot read them",
            "Install the native engine (in a clone of the repository: make native), or use another folder",
        )


def _check(file: Path) -> None:
    try:
        with closing(sqlite3.connect(file)) as connection:
            (problem,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise DamagedStateError(f"{file} cannot be read: {error}") from error
    if problem != "ok":
        raise DamagedStateError(f"{file} is damaged: {' '.join(problem.split())}")
