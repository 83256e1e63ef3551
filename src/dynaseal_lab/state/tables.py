"""A table's definition as the engine describes it, and the same table made again.

What comes back: keys, indexes, capacity, tags, stream settings, time to live, point-in-time recovery,
deletion protection. What does not: the records of streams, backups, exports; table id and creation date are
new.
"""

import json
from dataclasses import dataclass
from typing import Any

from dynaseal_lab.dynamodb.engine import TARGET, Engine
from dynaseal_lab.dynamodb.table_names import Table
from dynaseal_lab.model import Params
from dynaseal_lab.state.errors import StateError

_INDEX_PARTS = ("IndexName", "KeySchema", "Projection", "OnDemandThroughput")
_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


@dataclass(frozen=True, slots=True)
class Definition:
    """The parameters of the calls that make a table what it is; None where a call is not needed."""

    create: Params
    stream: Params | None = None
    time_to_live: Params | None = None
    recovery: Params | None = None

    @property
    def key_names(self) -> list[str]:
        """The attributes of the table's primary key."""
        return [entry["AttributeName"] for entry in self.create["KeySchema"]]


async def ask(engine: Engine, table: Table, operation: str, **params: Any) -> dict[str, Any] | None:
    """The engine's answer about a table; None where it has none."""
    body = json.dumps(params).encode()
    reply = await engine.request(table.account, table.region, TARGET + operation, body)
    return reply.content if reply.status == 200 else None


async def read_definition(engine: Engine, table: Table) -> Definition | None:
    """The definition of a table; None where there is none of this name (any more)."""
    described = await ask(engine, table, "DescribeTable", TableName=table.name)
    if described is None or described["Table"].get("TableStatus") == "DELETING":
        return None
    content: Params = described["Table"]
    tagged = await ask(engine, table, "ListTagsOfResource", ResourceArn=table.arn) or {}
    life = await ask(engine, table, "DescribeTimeToLive", TableName=table.name) or {}
    backups = await ask(engine, table, "DescribeContinuousBackups", TableName=table.name) or {}
    stream = _part(content, "StreamSpecification")
    return Definition(
        create=_create_params(content, tagged.get("Tags") or []),
        stream=stream if stream.get("StreamEnabled") else None,
        time_to_live=_time_to_live(_part(life, "TimeToLiveDescription")),
        recovery=_recovery(_part(backups, "ContinuousBackupsDescription")),
    )


async def make_again(engine: Engine, table: Table, definition: Definition) -> None:
    """Create a table by its definition, without its stream: filling it is no change that a stream tells of.

    Raises:
        StateError: The engine refused, perhaps because it is another version.
    """
    if await ask(engine, table, "CreateTable", **definition.create) is None:
        raise StateError(f"The table {table.arn} cannot be made again by this version of the engine")
    if definition.time_to_live is not None:
        life = definition.time_to_live
        await ask(engine, table, "UpdateTimeToLive", TableName=table.name, TimeToLiveSpecification=life)
    if definition.recovery is not None:
        name, recovery = table.name, definition.recovery
        await ask(
            engine,
            table,
            "UpdateContinuousBackups",
            TableName=name,
            PointInTimeRecoverySpecification=recovery,
        )


async def start_stream(engine: Engine, table: Table, definition: Definition) -> None:
    """Switch the stream on, if the table had one."""
    if definition.stream is not None:
        await ask(engine, table, "UpdateTable", TableName=table.name, StreamSpecification=definition.stream)


def _part(described: Params, name: str) -> Params:
    part: Params | None = described.get(name)
    return part or {}


def _create_params(described: Params, tags: list[Params]) -> Params:
    params: dict[str, Any] = {
        name: described[name] for name in ("TableName", "AttributeDefinitions", "KeySchema")
    }
    params |= _capacity(described, described)
    for name in _INDEXES:
        if described.get(name):
            params[name] = [_index_params(index, described) for index in described[name]]
    if described.get("DeletionProtectionEnabled"):
        params["DeletionProtectionEnabled"] = True
    if table_class := _part(described, "TableClassSummary").get("TableClass"):
        params["TableClass"] = table_class
    if _part(described, "SSEDescription").get("Status") == "ENABLED":
        params["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
    if tags:
        params["Tags"] = tags
    return params


def _index_params(index: Params, table: Params) -> Params:
    params = {name: index[name] for name in _INDEX_PARTS if index.get(name)}
    if index.get("ProvisionedThroughput"):
        params |= {
            name: value for name, value in _capacity(table, index).items() if name == "ProvisionedThroughput"
        }
    return params


def _capacity(table: Params, part: Params) -> Params:
    """How a table or index is paid for."""
    if _part(table, "BillingModeSummary").get("BillingMode") == "PAY_PER_REQUEST":
        on_demand: Params = {"BillingMode": "PAY_PER_REQUEST"}
        limits = part.get("OnDemandThroughput")
        return {**on_demand, "OnDemandThroughput": limits} if limits else on_demand
    provisioned = part["ProvisionedThroughput"]
    units = {name: provisioned[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")}
    return {"ProvisionedThroughput": units}


def _time_to_live(described: Params) -> Params | None:
    if described.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
        return None
    return {"Enabled": True, "AttributeName": described["AttributeName"]}


def _recovery(described: Params) -> Params | None:
    recovery = _part(described, "PointInTimeRecoveryDescription")
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        return None
    params: dict[str, Any] = {"PointInTimeRecoveryEnabled": True}
    if days := recovery.get("RecoveryPeriodInDays"):
        params["RecoveryPeriodInDays"] = days
    return params
