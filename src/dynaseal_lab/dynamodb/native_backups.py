"""Backups and restores for the native engine, which has none.

A backup is a copy of the table's items in a database of its own, and a record of its definition. A restore to
a point in time takes the items as they are now: the engine keeps no history.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from dynaseal_lab.dynamodb.engine import EngineReply
from dynaseal_lab.dynamodb.json_values import required_string
from dynaseal_lab.dynamodb.table_names import Table, table_in_arn
from dynaseal_lab.model import Fault, Params, Reply
from dynaseal_lab.record_store import RecordStore

Send = Callable[[str, Params], Awaitable[EngineReply]]
"""Sends a database an operation with its parameters."""

_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_INDEX_PARTS = ("IndexName", "KeySchema", "Projection")
_BATCH = 25


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup: its name, the table's description at that time, and the table that holds the copied items."""

    arn: str
    name: str
    created: float
    description: Params
    copy: str

    @property
    def details(self) -> Reply:
        """The backup as `CreateBackup` shows it."""
        return {
            "BackupArn": self.arn,
            "BackupName": self.name,
            "BackupSizeBytes": self.description.get("TableSizeBytes", 0),
            "BackupStatus": "AVAILABLE",
            "BackupType": "USER",
            "BackupCreationDateTime": self.created,
        }

    @property
    def summary(self) -> Reply:
        """The backup as `ListBackups` shows it."""
        table = {name: self.description.get(name) for name in ("TableArn", "TableId", "TableName")}
        return {**self.details, **table}


@dataclass(frozen=True, slots=True)
class Databases:
    """How to reach the tables and the copies of one account in one Region."""

    account: str
    region: str
    tables: Send
    copies: Send


class Backups:
    """The backups of all tables of one engine."""

    def __init__(self, record_store: RecordStore) -> None:
        self._backups = record_store.mapping("dynamodb-backup", Backup)

    async def create(self, databases: Databases, params: Params) -> Reply:
        """Copy a table."""
        table = Table(databases.account, databases.region, required_string(params, "TableName"))
        description = await _described(databases.tables, table.name)
        if description is None:
            raise Fault("TableNotFoundException", f"Table not found: {table.name}")
        created = time.time()
        number = f"{int(created * 1000):017d}-{secrets.token_hex(4)}"
        copy = f"backup-{number}"
        await databases.copies("CreateTable", {**_definition(description), "TableName": copy})
        await _copy_items(databases.tables, table.name, databases.copies, copy)
        arn = f"{table.arn}/backup/{number}"
        backup = Backup(arn, required_string(params, "BackupName"), created, description, copy)
        self._backups[arn,] = backup
        return {"BackupDetails": backup.details}

    def describe(self, arn: str) -> Reply:
        """Return a backup with its table's definition."""
        backup = self._of(arn)
        description = backup.description
        source = {
            name: description[name]
            for name in ("TableName", "TableId", "TableArn", "TableSizeBytes", "KeySchema", "ItemCount")
            if name in description
        }
        source |= {
            "TableCreationDateTime": description["CreationDateTime"],
            "ProvisionedThroughput": _capacity(description.get("ProvisionedThroughput") or {}),
            "BillingMode": _billing_mode(description),
        }
        features = {name: _index_definitions(description[name]) for name in _INDEXES if description.get(name)}
        return {
            "BackupDescription": {
                "BackupDetails": backup.details,
                "SourceTableDetails": source,
                "SourceTableFeatureDetails": features,
            }
        }

    def list(self, account: str, region: str, table_name: str | None) -> Reply:
        """Return the backups of a Region, of one table or of all."""
        tables = ((backup, table_in_arn(backup.arn)) for backup in self._backups.values())
        return {
            "BackupSummaries": [
                backup.summary
                for backup, table in tables
                if (table.account, table.region) == (account, region) and table_name in {None, table.name}
            ]
        }

    async def delete(self, databases: Databases, arn: str) -> Reply:
        """Delete a backup with its copy."""
        described = self.describe(arn)
        await databases.copies("DeleteTable", {"TableName": self._of(arn).copy})
        del self._backups[arn,]
        return described

    async def restore(self, databases: Databases, params: Params) -> EngineReply:
        """Create a table from a backup."""
        backup = self._of(required_string(params, "BackupArn"))
        return await _restore(databases, params, backup.description, databases.copies, backup.copy)

    async def restore_to_time(self, databases: Databases, params: Params) -> EngineReply:
        """Create a table with the present items of another one."""
        source = params.get("SourceTableName") or params.get("SourceTableArn")
        name = str(source).rpartition("/")[2]
        description = await _described(databases.tables, name)
        if description is None:
            raise Fault("TableNotFoundException", f"Table not found: {name}")
        return await _restore(databases, params, description, databases.tables, name)

    def _of(self, arn: str) -> Backup:
        backup = self._backups.get((arn,))
        if backup is None:
            raise Fault("BackupNotFoundException", f"Backup not found: {arn}")
        return backup


async def _restore(
    databases: Databases, params: Params, description: Params, source: Send, source_name: str
) -> EngineReply:
    target = required_string(params, "TargetTableName")
    if await _described(databases.tables, target) is not None:
        raise Fault("TableAlreadyExistsException", f"Table already exists: {target}")
    definition = {**_definition(description), "TableName": target, **_overrides(params)}
    reply = await databases.tables("CreateTable", definition)
    if reply.status == 200:
        await _copy_items(source, source_name, databases.tables, target)
    return reply


async def _described(send: Send, name: str) -> Params | None:
    reply = await send("DescribeTable", {"TableName": name})
    return reply.content["Table"] if reply.status == 200 else None


async def _copy_items(source: Send, source_name: str, target: Send, target_name: str) -> None:
    start: Params = {}
    while True:
        page = (await source("Scan", {"TableName": source_name, "ConsistentRead": True, **start})).content
        items: list[Params] = page.get("Items", [])
        for first in range(0, len(items), _BATCH):
            puts = [{"PutRequest": {"Item": item}} for item in items[first : first + _BATCH]]
            await target("BatchWriteItem", {"RequestItems": {target_name: puts}})
        if "LastEvaluatedKey" not in page:
            return
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _definition(description: Params) -> dict[str, Any]:
    """Return the parameters that create the same table, without its name."""
    definition: dict[str, Any] = {name: description[name] for name in ("AttributeDefinitions", "KeySchema")}
    definition["BillingMode"] = _billing_mode(description)
    if definition["BillingMode"] == "PROVISIONED":
        definition["ProvisionedThroughput"] = _capacity(description["ProvisionedThroughput"])
    for name in _INDEXES:
        if description.get(name):
            definition[name] = _index_definitions(
                description[name], provisioned=definition["BillingMode"] == "PROVISIONED"
            )
    return definition


def _index_definitions(indexes: Iterable[Params], *, provisioned: bool = False) -> list[dict[str, Any]]:
    definitions: list[dict[str, Any]] = []
    for index in indexes:
        definition = {name: index[name] for name in _INDEX_PARTS if name in index}
        if provisioned and index.get("ProvisionedThroughput"):
            definition["ProvisionedThroughput"] = _capacity(index["ProvisionedThroughput"])
        definitions.append(definition)
    return definitions


def _billing_mode(description: Params) -> str:
    summary: Params = description.get("BillingModeSummary") or {}
    return str(summary.get("BillingMode", "PROVISIONED"))


def _capacity(throughput: Params) -> dict[str, Any]:
    return {name: throughput.get(name, 0) for name in ("ReadCapacityUnits", "WriteCapacityUnits")}


def _overrides(params: Params) -> dict[str, Any]:
    """Return the parameters of `CreateTable` that a restore sets anew."""
    names = {
        "BillingModeOverride": "BillingMode",
        "GlobalSecondaryIndexOverride": "GlobalSecondaryIndexes",
        "LocalSecondaryIndexOverride": "LocalSecondaryIndexes",
        "ProvisionedThroughputOverride": "ProvisionedThroughput",
    }
    return {new: params[name] for name, new in names.items() if params.get(name) is not None}
