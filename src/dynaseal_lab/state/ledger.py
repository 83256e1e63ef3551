"""The one SQLite file of a state folder, and the one thread that writes it.

Rules:
- A change is written and flushed to the disk (WAL, synchronous=FULL) before the answer that acknowledges it.
- Changes are written in their order. Those that come while a commit is under way share the next one.
- Changes that nobody waits for are written within half a second, or with the next commit.
- A commit that fails stays to be written: nothing that rests on it is acknowledged until it succeeds.
- The file is one process's at a time: it is locked from the first statement on (locking_mode=EXCLUSIVE).

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

from dynaseal_lab.state.errors import StateError

DELAY = 0.5
"""Seconds until a change that nobody waits for is written."""

_FORMAT = 1
_TABLES = (
    "record (kind TEXT, key TEXT, sealed BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
    "item (place TEXT, key TEXT, sealed BLOB NOT NULL, PRIMARY KEY (place, key)) WITHOUT ROWID",
    "log (kind TEXT, number INTEGER, entry TEXT NOT NULL, PRIMARY KEY (kind, number)) WITHOUT ROWID",
)
Values = Callable[[], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Change:
    """One statement; its values are made when it is written, in the writer's thread."""

    statement: str
    values: Values


class Ledger:
    """The file, opened and locked.

    Raises:
        StateError: Another lab has it, or it is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = _opened(path)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="dynaseal-lab-state")
        self._pending: list[Change] = []
        self._told = self._safe = 0
        self._reply_waits = 0
        self._commit: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read, before anything is written."""
        return self._database.execute(query, values).fetchall()

    def write(self, statement: str, values: Values, *, reply_waits: bool) -> None:
        """Take note of a change; `reply_waits`: `settled` waits for it."""
        self._pending.append(Change(statement, values))
        self._told += 1
        if reply_waits:
            self._reply_waits = self._told
        elif self._timer is None and (loop := _running_loop()) is not None:
            self._timer = loop.call_later(DELAY, self._flush_soon)

    async def settled(self) -> None:
        """Wait until every reply_waits change so far is on the disk.

        Raises:
            sqlite3.Error: It cannot be written; the changes stay to be written.
        """
        wanted = self._reply_waits
        while self._safe < wanted:
            await asyncio.shield(self._committing())

    def flush(self) -> None:
        """Write everything now, where no event loop runs any more (or yet)."""
        batch, self._pending = self._pending, []
        self._write(batch)

    def close(self) -> None:
        """Write everything, and let go of the file."""
        self._writer.shutdown()
        self.flush()
        self._database.close()

    def _flush_soon(self) -> None:
        self._timer = None
        if self._pending:
            self._committing()

    def _committing(self) -> "asyncio.Task[None]":
        if self._commit is None or self._commit.done():
            self._commit = asyncio.get_running_loop().create_task(self._commit_pending())
            self._commit.add_done_callback(_noticed)
        return self._commit

    async def _commit_pending(self) -> None:
        batch, self._pending, told = self._pending, [], self._told
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, self._write, batch)
        except sqlite3.Error:
            self._pending = batch + self._pending
            raise
        self._safe = told

    def _write(self, batch: Sequence[Change]) -> None:
        if not batch:
            return
        with self._database:  # commits, or rolls back what it began
            self._database.execute("BEGIN")
            for change in batch:
                self._database.execute(change.statement, change.values())


def _noticed(commit: "asyncio.Task[None]") -> None:
    """Look at a commit's failure even where nobody waits: its changes are tried again with the next one."""
    if not commit.cancelled():
        commit.exception()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _opened(path: Path) -> sqlite3.Connection:
    # Made here, so that it (and the files that SQLite puts beside it) is its owner's alone from the start.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        _prepare(database, path)
    except sqlite3.DatabaseError as error:
        database.close()
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            raise StateError(f"{path.parent} is in use by another lab") from error
        raise StateError(f"{path} cannot be read: {error}") from error
    except StateError:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    for setting in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
        database.execute(f"PRAGMA {setting}")
    database.execute("BEGIN EXCLUSIVE")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > _FORMAT:
        raise StateError(f"{path} was written by a newer version of the lab")
    for table in _TABLES:
        database.execute(f"CREATE TABLE IF NOT EXISTS {table}")
    database.execute(f"PRAGMA user_version={_FORMAT}")
    database.execute("COMMIT")
