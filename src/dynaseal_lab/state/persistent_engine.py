"""An engine whose tables and items outlast the process: written items are read back and stored.

Rules:
- A change to a table's definition is on the disk before its reply is sent.
- Written items are read back a quarter of a second later, all at one moment (writes wait meanwhile), and
  stored in one transaction. So after a crash all items are as they were at one moment of the last second.
- The keys that PartiQL statements, restores and imports write are not known here: after one of them, every
  item of the table is read back.
"""

import asyncio
import json
from decimal import Context, Decimal
from typing import Any

from dynaseal_lab.dynamodb.engine import TARGET, Engine, EngineReply, call_engine
from dynaseal_lab.dynamodb.operations import OPERATIONS, Operation
from dynaseal_lab.dynamodb.table_names import Table, table_in_arn
from dynaseal_lab.model import Params
from dynaseal_lab.state.folder import StateFolder
from dynaseal_lab.state.read_write_lock import ReadWriteLock
from dynaseal_lab.state.table_definitions import (
    TableDefinition,
    read_definition,
    recreate_table,
    start_stream,
)

DELAY = 0.25
"""Seconds until a written item is read back; the database adds at most half a second."""

_BATCH = 100
_EXACT = Context(prec=40)  # DynamoDB's numbers have up to 38 digits
_PUT_ITEM = "INSERT OR REPLACE INTO item (place, key, sealed) VALUES (?, ?, ?)"
_DELETE_ITEM = "DELETE FROM item WHERE place = ? AND key = ?"
_DELETE_ITEMS_OF_TABLE = "DELETE FROM item WHERE place = ?"


class PersistentEngine:
    """An engine in memory whose tables and items are also stored in a state folder.

    Args:
        engine: The engine in memory.
        folder: The state folder.
    """

    def __init__(self, engine: Engine, folder: StateFolder) -> None:
        self._engine, self._database, self._cipher = engine, folder.database, folder.cipher
        self._definitions = folder.record_store.mapping("dynamodb-table", TableDefinition)
        self._lock = ReadWriteLock()
        # The keys of the items that were written since the last read; None for a table: any of its items.
        self._written: dict[Table, set[str] | None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None

    async def restore(self) -> None:
        """Create the folder's tables in the engine and fill them with their items.

        Raises:
            StateError: The engine refuses a table.
        """
        for (account, region, name), definition in self._definitions.items():
            table = Table(account, region, name)
            await recreate_table(self._engine, table, definition)
            rows = self._database.rows("SELECT key, sealed FROM item WHERE place = ?", _place(table))
            items = [
                json.loads(self._cipher.decrypt(ciphertext, _place(table), key)) for key, ciphertext in rows
            ]
            for start in range(0, len(items), 25):
                puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
                await call_engine(self._engine, table, "BatchWriteItem", RequestItems={table.name: puts})
            await start_stream(self._engine, table, definition)

    def forget(self) -> None:
        """Delete the folder's copies of tables and items, which another engine has taken over."""
        for key in list(self._definitions):
            del self._definitions[key]
        self._database.write("DELETE FROM item", tuple, reply_waits=True)

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Answer one request, and note what it wrote so that it will be stored."""
        operation = OPERATIONS.get(target.removeprefix(TARGET))
        if operation is None or (operation.items != "writes" and operation.defines is None):
            return await self._engine.request(account, region, target, body)
        async with self._lock.shared():
            reply = await self._engine.request(account, region, target, body)
            if reply.status == 200:
                await self._note_changes(account, region, operation, json.loads(body))
        return reply

    async def close(self) -> None:
        """Store everything that was written; called after the last request."""
        if self._timer is not None:
            self._timer.cancel()
        if self._flushing is not None:
            await self._flushing
        await self._flush()

    async def _note_changes(self, account: str, region: str, operation: Operation, params: Params) -> None:
        if operation.defines is None:
            for part in operation.form.parts(params):
                if part.statement is None or part.statement.verb != "Select":
                    self._note_written(Table(account, region, part.table), part.keys)
            return
        name = operation.defines(params)
        table = table_in_arn(name) if name.startswith("arn:") else Table(account, region, name)
        definition = await read_definition(self._engine, table)
        if definition is not None:
            self._definitions[table.record_key] = definition
        elif self._definitions.pop(table.record_key, None) is not None:
            self._written.pop(table, None)
            self._database.write(_DELETE_ITEMS_OF_TABLE, lambda: (_place(table),), reply_waits=True)
        if operation.fills:
            self._note_written(table, ())

    def _note_written(self, table: Table, items: tuple[Params, ...]) -> None:
        """Note that these items were written; if there are none, that any item of the table may have been."""
        definition = self._definitions.get(table.record_key)
        if definition is None:
            return
        keys = self._written.setdefault(table, set())
        if not items:
            self._written[table] = None
        elif keys is not None:
            keys.update(_key(definition, item) for item in items)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY, self._flush_soon)

    def _flush_soon(self) -> None:
        self._timer = None
        self._flushing = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        async with self._lock.exclusive():
            written, self._written = self._written, {}
            for table, keys in written.items():
                if keys is None:
                    await self._store_all(table)
                else:
                    await self._store(table, sorted(keys))

    async def _store(self, table: Table, keys: list[str]) -> None:
        found: dict[str, Params] = {}
        for start in range(0, len(keys), _BATCH):
            found |= await self._read(table, keys[start : start + _BATCH])
        for key in keys:
            if key in found:
                self._store_item(table, key, found[key])
            else:
                self._database.write(_DELETE_ITEM, lambda key=key: (_place(table), key), reply_waits=False)

    async def _read(self, table: Table, keys: list[str]) -> dict[str, Params]:
        found: dict[str, Params] = {}
        definition = self._definitions[table.record_key]
        remaining: Any = {table.name: {"Keys": [json.loads(key) for key in keys], "ConsistentRead": True}}
        while remaining:
            reply = await call_engine(self._engine, table, "BatchGetItem", RequestItems=remaining) or {}
            for item in reply.get("Responses", {}).get(table.name, ()):
                found[_key(definition, item)] = item
            remaining = reply.get("UnprocessedKeys")
        return found

    async def _store_all(self, table: Table) -> None:
        definition = self._definitions[table.record_key]
        self._database.write(_DELETE_ITEMS_OF_TABLE, lambda: (_place(table),), reply_waits=False)
        start: Params = {}
        while True:
            page = await call_engine(
                self._engine, table, "Scan", TableName=table.name, ConsistentRead=True, **start
            )
            for item in (page or {}).get("Items", ()):
                self._store_item(table, _key(definition, item), item)
            if not page or "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _store_item(self, table: Table, key: str, item: Params) -> None:
        place = _place(table)
        self._database.write(
            _PUT_ITEM,
            lambda: (place, key, self._cipher.encrypt(json.dumps(item).encode(), place, key)),
            reply_waits=False,
        )


def _place(table: Table) -> str:
    return table.arn


def _key(definition: TableDefinition, item: Params) -> str:
    """Return an item's primary key as JSON, with equal numbers written the same way (`1.0` as `1`)."""
    return json.dumps({name: _normalized(item[name]) for name in definition.key_names})


def _normalized(value: Params) -> Params:
    return {"N": f"{Decimal(value['N']).normalize(_EXACT):f}"} if "N" in value else value
