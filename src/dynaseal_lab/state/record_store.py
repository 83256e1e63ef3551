"""Records and logs that are stored in a state folder's database."""

import json
import sqlite3
from collections import deque
from collections.abc import Iterator, MutableMapping
from functools import cache
from typing import Generic, TypeVar

from cattrs import BaseValidationError
from cattrs.preconf.json import JsonConverter, make_converter

from dynaseal_lab.kms.specs import KEY_SPECS, KeySpec
from dynaseal_lab.model import Fault
from dynaseal_lab.record_store import Key, Log
from dynaseal_lab.state.database import Database
from dynaseal_lab.state.errors import DamagedStateError
from dynaseal_lab.state.record_encryption import RecordCipher

R = TypeVar("R")

_PUT_RECORD = "INSERT OR REPLACE INTO record (kind, key, sealed) VALUES (?, ?, ?)"
_DELETE_RECORD = "DELETE FROM record WHERE kind = ? AND key = ?"
_ADD_ENTRY = "INSERT INTO log (kind, number, entry) VALUES (?, ?, ?)"
_DELETE_ENTRY = "DELETE FROM log WHERE kind = ? AND number = ?"


class PersistentRecords(MutableMapping[Key, R], Generic[R]):
    """A mapping in memory whose changes are written to the database."""

    def __init__(
        self, database: Database, cipher: RecordCipher, kind: str, record: type[R], *, reply_waits: bool
    ) -> None:
        self._database, self._cipher, self._kind, self._reply_waits = database, cipher, kind, reply_waits
        rows = database.rows("SELECT key, sealed FROM record WHERE kind = ?", kind)
        self._records: dict[Key, R] = {
            _stored_key(key): _from_json(kind, cipher.decrypt(ciphertext, kind, key), record)
            for key, ciphertext in rows
        }

    def __getitem__(self, key: Key) -> R:
        return self._records[key]

    def __setitem__(self, key: Key, record: R) -> None:
        self._records[key] = record
        stored_key = json.dumps(key)
        # The record is frozen, so the writer's thread may serialise and encrypt it later.
        self._database.write(
            _PUT_RECORD,
            lambda: (
                self._kind,
                stored_key,
                self._cipher.encrypt(_to_json(record), self._kind, stored_key),
            ),
            reply_waits=self._reply_waits,
        )

    def __delitem__(self, key: Key) -> None:
        del self._records[key]
        stored_key = json.dumps(key)
        self._database.write(_DELETE_RECORD, lambda: (self._kind, stored_key), reply_waits=self._reply_waits)

    def __iter__(self) -> Iterator[Key]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)


class PersistentLog(Generic[R]):
    """The last records of a log, in memory and in the database; nothing in them is secret or encrypted."""

    def __init__(self, database: Database, kind: str, record: type[R], capacity: int) -> None:
        self._database, self._kind, self._capacity = database, kind, capacity
        rows = database.rows("SELECT number, entry FROM log WHERE kind = ? ORDER BY number", kind)
        # SQLite orders numbers before everything else, so the last one is a number only if all are.
        self._last_number: int = rows[-1][0] if rows else 0
        if not isinstance(self._last_number, int):  # pyright: ignore[reportUnnecessaryIsInstance] - SQLite's columns have no types
            raise DamagedStateError(f"The state is damaged: an entry of the log {kind} has no number")
        self._records = deque((_from_json(kind, entry, record) for _, entry in rows), maxlen=capacity)

    def append(self, record: R) -> None:
        """Add a record, and drop the oldest if there are too many."""
        self._records.append(record)
        self._last_number += 1
        number = self._last_number
        self._database.write(
            _ADD_ENTRY, lambda: (self._kind, number, _to_json(record).decode()), reply_waits=False
        )
        self._database.write(_DELETE_ENTRY, lambda: (self._kind, number - self._capacity), reply_waits=False)

    def __iter__(self) -> Iterator[R]:
        return iter(self._records)


class PersistentRecordStore:
    """A record store in the database of a state folder."""

    def __init__(self, database: Database, cipher: RecordCipher) -> None:
        self._database, self._cipher = database, cipher

    def mapping(self, kind: str, record: type[R], *, reply_waits: bool = True) -> MutableMapping[Key, R]:
        """Return the records of one kind, read from the database.

        Raises:
            StateError: They cannot be decrypted with the folder's key file.
        """
        return PersistentRecords(self._database, self._cipher, kind, record, reply_waits=reply_waits)

    def log(self, kind: str, record: type[R], capacity: int) -> Log[R]:
        """Return the log of one kind, read from the database."""
        return PersistentLog(self._database, kind, record, capacity)

    async def settled(self) -> None:
        """Wait until every change that replies wait for is on the disk.

        Raises:
            Fault: The disk cannot be written (it may be full); nothing is acknowledged until it can.
        """
        try:
            await self._database.settled()
        except sqlite3.Error as error:
            raise Fault("InternalFailure", f"The lab cannot write its state: {error}", status=500) from error


@cache
def _converter() -> JsonConverter:
    """Convert records by the types of their fields: bytes as base 85, times as ISO 8601."""
    converter = make_converter()
    # A key spec is stored by name, because what the spec can do belongs to the lab, not to its state.
    converter.register_unstructure_hook(KeySpec, _spec_name)
    converter.register_structure_hook(KeySpec, _spec_named)
    return converter


def _spec_name(spec: KeySpec) -> str:
    return spec.name


def _spec_named(name: str, _type: type[KeySpec]) -> KeySpec:
    return KEY_SPECS[name]


def _to_json(record: object) -> bytes:
    return _converter().dumps(record).encode()


def _from_json(kind: str, content: bytes | str, record: type[R]) -> R:
    try:
        return _converter().loads(content, record)
    except (
        BaseValidationError,
        AttributeError,
        KeyError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        raise DamagedStateError(
            f"The state is damaged: it has a {kind} record that cannot be read"
        ) from error


def _stored_key(key: str) -> Key:
    try:
        return tuple(json.loads(key))
    except (RecursionError, TypeError, ValueError) as error:
        raise DamagedStateError("The state is damaged: it has a record without a readable key") from error
