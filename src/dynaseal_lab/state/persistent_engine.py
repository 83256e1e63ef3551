"""An engine whose tables and items outlast the process: what a write touched is read back and kept.

Rules:
- A change to a table's definition is told to the ledger before its answer is sent.
- The items that writes touched are read twice a second, all at one moment (writes wait so long), and kept in
  one transaction: after a crash the items are as they all were at one moment of the last second.
- A statement of PartiQL, a restored or an imported table is not read for its keys: the whole table is kept
  anew.
"""

import asyncio
import json
from decimal import Context, Decimal
from typing import Any

from dynaseal_lab.dynamodb.engine import TARGET, Engine, EngineReply
from dynaseal_lab.dynamodb.operations import OPERATIONS, Operation
from dynaseal_lab.dynamodb.table_names import Table, table_in_arn
from dynaseal_lab.model import Params
from dynaseal_lab.state.folder import Folder
from dynaseal_lab.state.read_write_lock import ReadWriteLock
from dynaseal_lab.state.tables import Definition, ask, make_again, read_definition, start_stream

DELAY = 0.25
"""Seconds until a written item is read back; the ledger adds at most half a second."""

_BATCH = 100
_EXACT = Context(prec=40)  # DynamoDB's numbers have 38 digits
_PUT = "INSERT OR REPLACE INTO item (place, key, sealed) VALUES (?, ?, ?)"
_DROP = "DELETE FROM item WHERE place = ? AND key = ?"
_CLEAR = "DELETE FROM item WHERE place = ?"


class PersistentEngine:
    """An engine beside a state folder's ledger.

    Args:
        engine: keeps tables and items in memory.
        folder: keeps them on the disk.
    """

    def __init__(self, engine: Engine, folder: Folder) -> None:
        self._engine, self._ledger, self._seal = engine, folder.ledger, folder.seal
        self._definitions = folder.record_store.mapping("dynamodb-table", Definition)
        self._lock = ReadWriteLock()
        self._touched: dict[Table, set[str] | None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None

    async def restore(self) -> None:
        """Fill the engine with what the folder has.

        Raises:
            StateError: The engine does not take it.
        """
        for (account, region, name), definition in self._definitions.items():
            table = Table(account, region, name)
            await make_again(self._engine, table, definition)
            rows = self._ledger.rows("SELECT key, sealed FROM item WHERE place = ?", _place(table))
            items = [json.loads(self._seal.open(sealed, _place(table), key)) for key, sealed in rows]
            for start in range(0, len(items), 25):
                puts = [{"PutRequest": {"Item": item}} for item in items[start : start + 25]]
                await ask(self._engine, table, "BatchWriteItem", RequestItems={table.name: puts})
            await start_stream(self._engine, table, definition)

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Answer one request, and keep what it changed."""
        operation = OPERATIONS.get(target.removeprefix(TARGET))
        if operation is None or (operation.items != "writes" and operation.defines is None):
            return await self._engine.request(account, region, target, body)
        async with self._lock.shared():
            reply = await self._engine.request(account, region, target, body)
            if reply.status == 200:
                await self._note(account, region, operation, json.loads(body))
        return reply

    async def close(self) -> None:
        """Keep everything that was written so far; no more will be."""
        if self._timer is not None:
            self._timer.cancel()
        if self._flushing is not None:
            await self._flushing
        await self._flush()

    async def _note(self, account: str, region: str, operation: Operation, params: Params) -> None:
        if operation.defines is None:
            for part in operation.form.parts(params):
                if part.statement is None or part.statement.verb != "Select":
                    self._touch(Table(account, region, part.table), part.keys)
            return
        name = operation.defines(params)
        table = table_in_arn(name) if name.startswith("arn:") else Table(account, region, name)
        definition = await read_definition(self._engine, table)
        if definition is not None:
            self._definitions[table.record_key] = definition
        elif self._definitions.pop(table.record_key, None) is not None:
            self._touched.pop(table, None)
            self._ledger.write(_CLEAR, lambda: (_place(table),), reply_waits=True)
        if operation.fills:
            self._touch(table, ())

    def _touch(self, table: Table, items: tuple[Params, ...]) -> None:
        """Note that a write reached these items; none: perhaps every item of the table."""
        definition = self._definitions.get(table.record_key)
        if definition is None:
            return
        keys = self._touched.setdefault(table, set())
        if not items:
            self._touched[table] = None
        elif keys is not None:
            keys.update(_key(definition, item) for item in items)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(DELAY, self._flush_soon)

    def _flush_soon(self) -> None:
        self._timer = None
        self._flushing = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        async with self._lock.exclusive():
            touched, self._touched = self._touched, {}
            for table, keys in touched.items():
                if keys is None:
                    await self._keep_all(table)
                else:
                    await self._keep(table, sorted(keys))

    async def _keep(self, table: Table, keys: list[str]) -> None:
        found: dict[str, Params] = {}
        for start in range(0, len(keys), _BATCH):
            found |= await self._read(table, keys[start : start + _BATCH])
        for key in keys:
            if key in found:
                self._put(table, key, found[key])
            else:
                self._ledger.write(_DROP, lambda key=key: (_place(table), key), reply_waits=False)

    async def _read(self, table: Table, keys: list[str]) -> dict[str, Params]:
        found: dict[str, Params] = {}
        definition = self._definitions[table.record_key]
        wanted: Any = {table.name: {"Keys": [json.loads(key) for key in keys], "ConsistentRead": True}}
        while wanted:
            answer = await ask(self._engine, table, "BatchGetItem", RequestItems=wanted) or {}
            for item in answer.get("Responses", {}).get(table.name, ()):
                found[_key(definition, item)] = item
            wanted = answer.get("UnprocessedKeys")
        return found

    async def _keep_all(self, table: Table) -> None:
        definition = self._definitions[table.record_key]
        self._ledger.write(_CLEAR, lambda: (_place(table),), reply_waits=False)
        start: Params = {}
        while True:
            page = await ask(self._engine, table, "Scan", TableName=table.name, ConsistentRead=True, **start)
            for item in (page or {}).get("Items", ()):
                self._put(table, _key(definition, item), item)
            if not page or "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def _put(self, table: Table, key: str, item: Params) -> None:
        place = _place(table)
        self._ledger.write(
            _PUT,
            lambda: (place, key, self._seal.close(json.dumps(item).encode(), place, key)),
            reply_waits=False,
        )


def _place(table: Table) -> str:
    return table.arn


def _key(definition: Definition, item: Params) -> str:
    """An item's primary key as JSON, its numbers in one spelling (`1.0` is `1`)."""
    return json.dumps({name: _plain(item[name]) for name in definition.key_names})


def _plain(value: Params) -> Params:
    return {"N": f"{Decimal(value['N']).normalize(_EXACT):f}"} if "N" in value else value
