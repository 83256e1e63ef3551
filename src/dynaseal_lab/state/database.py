"""The SQLite file of a state folder, and the one thread that writes it.

Rules:
- A change is written and flushed to the disk (WAL, synchronous=FULL) before the reply that acknowledges it.
- Changes are written in their order. Those that arrive during a commit share the next one.
- Changes that no reply waits for are written within half a second, or with the next commit.
- The changes of a commit that fails are tried again with the next one; a reply that waits for one of them is
  not sent before.
- One process uses the file at a time: it is locked from the first statement on (locking_mode=EXCLUSIVE).

Source: https://www.sqlite.org/pragma.html#pragma_synchronous and https://www.sqlite.org/wal.html
"""

import asyncio
import os
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynaseal_lab.state.errors import DamagedStateError, StateError

DELAY = 0.5
"""Seconds until a change that no reply waits for is written."""

_FORMAT = 1
_TABLES = (
    "record (kind TEXT, key TEXT, sealed BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
    "item (place TEXT, key TEXT, sealed BLOB NOT NULL, PRIMARY KEY (place, key)) WITHOUT ROWID",
    "log (kind TEXT, number INTEGER, entry TEXT NOT NULL, PRIMARY KEY (kind, number)) WITHOUT ROWID",
)
ParametersMaker = Callable[[], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """One SQL statement; its parameters are made when it is written, in the writer's thread."""

    statement: str
    make_parameters: ParametersMaker


class Database:
    """The database file, open and locked.

    Raises:
        StateError: Another lab uses it, or it is not a lab's database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = _connect(path)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="dynaseal-lab-state")
        self._pending: list[Change] = []
        # Numbers of changes: the last submitted, the last on the disk, and the last that replies wait for.
        self._submitted = self._safe = self._awaited = 0
        self._commit: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query; for use before the first change.

        Raises:
            DamagedStateError: The file or one of its tables is damaged.
        """
        try:
            return self._connection.execute(query, parameters).fetchall()
        except sqlite3.Error as error:
            raise DamagedStateError(f"{self._path} cannot be read: {error}") from error

    def write(self, statement: str, make_parameters: ParametersMaker, *, reply_waits: bool) -> None:
        """Add a change to the next commit.

        Args:
            statement: The SQL statement.
            make_parameters: Makes its parameters when it is written.
            reply_waits: Whether `settled` waits for this change.
        """
        self._pending.append(Change(statement, make_parameters))
        self._submitted += 1
        if reply_waits:
            self._awaited = self._submitted
        elif self._timer is None and (loop := _running_loop()) is not None:
            self._timer = loop.call_later(DELAY, self._flush_soon)

    async def settled(self) -> None:
        """Wait until every change that replies wait for is on the disk.

        Raises:
            sqlite3.Error: The disk cannot be written; the changes are tried again later.
        """
        awaited = self._awaited
        while self._safe < awaited:
            await asyncio.shield(self._current_commit())

    def flush(self) -> None:
        """Write every change now; for use when no event loop runs."""
        batch, self._pending = self._pending, []
        self._write(batch)

    def close(self) -> None:
        """Write every change, and close the file."""
        self._writer.shutdown()
        self.flush()
        self._connection.close()

    def _flush_soon(self) -> None:
        self._timer = None
        if self._pending:
            self._current_commit()

    def _current_commit(self) -> "asyncio.Task[None]":
        if self._commit is None or self._commit.done():
            self._commit = asyncio.get_running_loop().create_task(self._commit_pending())
            self._commit.add_done_callback(_retrieve_exception)
        return self._commit

    async def _commit_pending(self) -> None:
        batch, self._pending, submitted = self._pending, [], self._submitted
        commit = self._writer.submit(self._write, batch)
        try:
            await asyncio.wrap_future(commit)
        except sqlite3.Error:
            self._pending = batch + self._pending
            raise
        except asyncio.CancelledError:
            # The loop ends, with the lab. What its last commit had not begun to write, `close` writes.
            if commit.cancel():
                self._pending = batch + self._pending
            raise
        self._safe = submitted

    def _write(self, batch: Sequence[Change]) -> None:
        if not batch:
            return
        with self._connection:  # commits, or rolls back after an exception
            self._connection.execute("BEGIN")
            for change in batch:
                self._connection.execute(change.statement, change.make_parameters())


def _retrieve_exception(commit: "asyncio.Task[None]") -> None:
    """Retrieve the exception of a commit that nobody awaits, so that asyncio does not warn about it."""
    if not commit.cancelled():
        commit.exception()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _connect(path: Path) -> sqlite3.Connection:
    # Created here, before SQLite opens it, so that only its owner can ever read it. SQLite gives the files
    # that it puts beside it the same mode.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DamagedStateError(f"{path} cannot be opened: {error.strerror}") from error
    connection = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        _prepare(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise StateError(f"{path.parent} is in use by another lab") from error
        raise DamagedStateError(f"{path} cannot be read: {error}") from error
    except StateError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    for setting in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("BEGIN EXCLUSIVE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _FORMAT:
        raise StateError(f"{path} was written by a newer version of the lab")
    if version < 0:
        raise DamagedStateError(f"{path} was not written by a lab: its version is {version}")
    (page_size,) = connection.execute("PRAGMA page_size").fetchone()
    if path.stat().st_size % page_size:
        # SQLite reads the missing end of a page as zeros.
        raise DamagedStateError(f"{path} is damaged: its end is missing")
    (problem,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if problem != "ok":
        raise DamagedStateError(f"{path} is damaged: {' '.join(problem.split())}")
    for table in _TABLES:
        connection.execute(f"CREATE TABLE IF NOT EXISTS {table}")
    connection.execute(f"PRAGMA user_version={_FORMAT}")
    connection.execute("COMMIT")
