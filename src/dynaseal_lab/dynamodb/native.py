"""The native engine: the package `dynaseal-lab-engine`, a DynamoDB over SQLite in this process.

* The package is built from `native/lab-engine` by `make native`. It is not on a package index, so the lab
  works without it, on `ministack`.
* Each account and Region has a database of its own: in memory, or a file of mode 0600. With a file, what a
  request has written is on the disk before the engine replies.
* The engine knows one account and one Region; the lab's ARNs take the place of its own.
"""

import asyncio
import importlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from dynaseal_lab.dynamodb.engine import TARGET, EngineReply
from dynaseal_lab.dynamodb.native_extras import NativeExtras, NativeRequest
from dynaseal_lab.dynamodb.native_wording import recorded_wording
from dynaseal_lab.dynamodb.operations import OPERATIONS, holds_items
from dynaseal_lab.model import Fault, Params
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore

_PACKAGE = "dynaseal_lab_engine"
_UNSUPPORTED = 501
_ITS_PREFIX = b"arn:aws:dynamodb:dynoxide:000000000000:"


class NativeDatabase(Protocol):
    """One database of the package."""

    def execute(self, operation: str, request: bytes, /) -> tuple[int, bytes]:
        """Return the status and the body of the reply to a request."""
        ...

    def expire(self, seconds_ahead: float, /) -> int:
        """Delete the items whose time to live has passed."""
        ...


def is_installed() -> bool:
    """Return whether the package is installed."""
    return find_spec(_PACKAGE) is not None


@dataclass(frozen=True, slots=True)
class NativeEngine:
    """The databases of all accounts and Regions of one lab.

    Args:
        open_database: Opens a database in a file, or in memory.
        folder: The folder of the database files; None: in memory.
        extras: What the package lacks.
    """

    open_database: Callable[[Path | None], NativeDatabase] = field(repr=False)
    folder: Path | None
    extras: NativeExtras = field(repr=False)
    _databases: dict[tuple[str, str], NativeDatabase] = field(
        default_factory=dict[tuple[str, str], NativeDatabase], repr=False
    )

    @classmethod
    def load(cls, folder: Path | None = None, record_store: RecordStore | None = None) -> "NativeEngine":
        """Import the package."""
        if folder is not None:
            folder.mkdir(mode=0o700, exist_ok=True)
        extras = NativeExtras(record_store or InMemoryRecordStore())
        return cls(importlib.import_module(_PACKAGE).Engine, folder, extras)

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Answer one request, with the lab's part where the package lacks something."""
        name = target.partition(".")[2]
        operation = OPERATIONS.get(name)
        if operation is None or operation.native_handler is None or operation.native_marker not in body:
            return await self._send(account, region, name, body)

        async def send(operation: str, params: Params) -> EngineReply:
            return await self._send(account, region, operation, json.dumps(params).encode())

        async def send_to_copies(operation: str, params: Params) -> EngineReply:
            return await self._send(account, f"{region}.backups", operation, json.dumps(params).encode())

        request = NativeRequest(account, region, json.loads(body), send, send_to_copies)
        return await operation.native_handler(self.extras, request)

    async def expire(self, seconds_ahead: float) -> None:
        """Delete the items whose time to live has passed, by the lab's clock."""
        for account, region in list(self._places()):
            with suppress(OSError):  # the file is locked for too long; the next time it may not be
                await asyncio.to_thread(self._database(account, region).expire, seconds_ahead)

    def close(self) -> None:
        """Close the databases; called after the last request."""
        self._databases.clear()

    async def _send(self, account: str, region: str, operation: str, body: bytes) -> EngineReply:
        database = self._database(account, region)
        if holds_items(TARGET + operation):
            return await self._execute(database, operation, body)
        arn_prefix = f"arn:aws:dynamodb:{region}:{account}:".encode()
        reply = await self._execute(database, operation, body.replace(arn_prefix, _ITS_PREFIX))
        return EngineReply(reply.status, reply.body.replace(_ITS_PREFIX, arn_prefix))

    async def _execute(self, database: NativeDatabase, operation: str, body: bytes) -> EngineReply:
        if self.folder is None:
            reply = EngineReply(*database.execute(operation, body))
        else:  # in a thread, so that the lab goes on while the disk writes
            reply = EngineReply(*await asyncio.to_thread(database.execute, operation, body))
        if reply.status == _UNSUPPORTED:
            raise Fault("UnknownOperationException", f"The lab's native engine does not offer {operation}.")
        if reply.status != 200:
            known = OPERATIONS.get(operation)
            return recorded_wording(operation, body, reply, known.native_without_preamble if known else ())
        if reply.body.startswith(b'{"Attributes":{}'):
            # DynamoDB's reply does not have the attributes of an item that did not exist.
            content = {name: value for name, value in reply.content.items() if name != "Attributes"}
            return EngineReply.success(content)
        return reply

    def _database(self, account: str, region: str) -> NativeDatabase:
        place = (account, region)
        if place not in self._databases:
            self._databases[place] = self.open_database(self._file(account, region))
        return self._databases[place]

    def _file(self, account: str, region: str) -> Path | None:
        if self.folder is None:
            return None
        path = self.folder / f"{account}.{region}.sqlite3"
        # Created here, before SQLite opens it, so that only its owner can ever read it. SQLite gives the
        # files that it puts beside it the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        return path

    def _places(self) -> Iterator[tuple[str, str]]:
        if self.folder is None:
            yield from self._databases
            return
        for path in self.folder.glob("*.sqlite3"):
            account, _, region = path.name.removesuffix(".sqlite3").partition(".")
            yield account, region
