"""RecordStore and logs whose records a ledger keeps."""

import json
import sqlite3
from collections import deque
from collections.abc import Iterator, MutableMapping
from typing import Generic, TypeVar

from dynaseal_lab.model import Fault
from dynaseal_lab.record_store import Key, Log
from dynaseal_lab.state.codec import decoded, encoded
from dynaseal_lab.state.ledger import Ledger
from dynaseal_lab.state.record_encryption import Seal

R = TypeVar("R")

_PUT = "INSERT OR REPLACE INTO record (kind, key, sealed) VALUES (?, ?, ?)"
_DROP = "DELETE FROM record WHERE kind = ? AND key = ?"

_ADD_ENTRY = "INSERT INTO log (kind, number, entry) VALUES (?, ?, ?)"
_DROP_ENTRY = "DELETE FROM log WHERE kind = ? AND number = ?"


class PersistentRecords(MutableMapping[Key, R], Generic[R]):
    """A mapping in memory, every change of which is told to the ledger."""

    def __init__(self, ledger: Ledger, seal: Seal, kind: str, record: type[R], *, reply_waits: bool) -> None:
        self._ledger, self._seal, self._kind, self._reply_waits = ledger, seal, kind, reply_waits
        rows = ledger.rows("SELECT key, sealed FROM record WHERE kind = ?", kind)
        self._records: dict[Key, R] = {
            tuple(json.loads(key)): decoded(seal.open(sealed, kind, key), record) for key, sealed in rows
        }

    def __getitem__(self, key: Key) -> R:
        return self._records[key]

    def __setitem__(self, key: Key, record: R) -> None:
        self._records[key] = record
        place = json.dumps(key)
        # The record is frozen, so it can be encoded and sealed later, in the writer's thread.
        self._ledger.write(
            _PUT,
            lambda: (self._kind, place, self._seal.close(encoded(record), self._kind, place)),
            reply_waits=self._reply_waits,
        )

    def __delitem__(self, key: Key) -> None:
        del self._records[key]
        place = json.dumps(key)
        self._ledger.write(_DROP, lambda: (self._kind, place), reply_waits=self._reply_waits)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


class PersistentLog(Generic[R]):
    """The last records, in memory and in the file; nothing in it is secret, so they are not sealed."""

    def __init__(self, ledger: Ledger, kind: str, record: type[R], capacity: int) -> None:
        self._ledger, self._kind, self._capacity = ledger, kind, capacity
        rows = ledger.rows("SELECT number, entry FROM log WHERE kind = ? ORDER BY number", kind)
        self._last = rows[-1][0] if rows else 0
        self._records = deque((decoded(entry.encode(), record) for _, entry in rows), maxlen=capacity)

    def append(self, record: R) -> None:
        """Add a record, and drop the one that has become too old."""
        self._records.append(record)
        self._last += 1
        number = self._last
        self._ledger.write(
            _ADD_ENTRY, lambda: (self._kind, number, encoded(record).decode()), reply_waits=False
        )
        self._ledger.write(_DROP_ENTRY, lambda: (self._kind, number - self._capacity), reply_waits=False)

    def __iter__(self) -> Iterator[R]:
        return iter(self._records)


class PersistentRecordStore:
    """RecordStore in a ledger."""

    def __init__(self, ledger: Ledger, seal: Seal) -> None:
        self._ledger, self._seal = ledger, seal

    def mapping(self, kind: str, record: type[R], *, reply_waits: bool = True) -> MutableMapping[Key, R]:
        """The shelf of this kind, as the ledger has it."""
        return PersistentRecords(self._ledger, self._seal, kind, record, reply_waits=reply_waits)

    def log(self, kind: str, record: type[R], capacity: int) -> Log[R]:
        """The log of this kind, as the ledger has it."""
        return PersistentLog(self._ledger, kind, record, capacity)

    async def settled(self) -> None:
        """Wait until every reply_waits change so far is on the disk.

        Raises:
            Fault: It cannot be written (a full disk); nothing is acknowledged until it can.
        """
        try:
            await self._ledger.settled()
        except sqlite3.Error as error:
            raise Fault("InternalFailure", f"The lab cannot write its state: {error}", status=500) from error
