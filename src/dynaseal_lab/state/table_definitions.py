"""Read a table's definition from the engine, and create the same table again when the lab restarts.

Restored: keys, indexes, capacity, tags, stream settings, time to live, point-in-time recovery, deletion
protection. Not restored: the records of streams, backups and exports; table id and creation date are new.
"""

from dataclasses import dataclass
from typing import Any

from dynaseal_lab.dynamodb.engine import Engine, call_engine
from dynaseal_lab.dynamodb.table_names import Table
from dynaseal_lab.model import Params
from dynaseal_lab.state.errors import StateError

_INDEX_PARTS = ("IndexName", "KeySchema", "Projection", "OnDemandThroughput")
_INDEXES = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")


@dataclass(frozen=True, slots=True)
class TableDefinition:
    """The parameters of the calls that create a table; None for a call that the table does not need."""

    create: Params
    stream: Params | None = None
    time_to_live: Params | None = None
    recovery: Params | None = None

    @property
    def key_names(self) -> list[str]:
        """The attributes of the table's primary key."""
        return [entry["AttributeName"] for entry in self.create["KeySchema"]]


async def read_definition(engine: Engine, table: Table) -> TableDefinition | None:
    """Return the definition of a table; None if no table has this name, or it is being deleted."""
    reply = await call_engine(engine, table, "DescribeTable", TableName=table.name)
    if reply is None or reply["Table"].get("TableStatus") == "DELETING":
        return None
    description: Params = reply["Table"]
    tags = await call_engine(engine, table, "ListTagsOfResource", ResourceArn=table.arn) or {}
    time_to_live = await call_engine(engine, table, "DescribeTimeToLive", TableName=table.name) or {}
    backups = await call_engine(engine, table, "DescribeContinuousBackups", TableName=table.name) or {}
    stream = _part(description, "StreamSpecification")
    return TableDefinition(
        create=_create_params(description, tags.get("Tags") or []),
        stream=stream if stream.get("StreamEnabled") else None,
        time_to_live=_time_to_live(_part(time_to_live, "TimeToLiveDescription")),
        recovery=_recovery(_part(backups, "ContinuousBackupsDescription")),
    )


async def recreate_table(engine: Engine, table: Table, definition: TableDefinition) -> None:
    """Create a table from its definition, without its stream.

    The stream is started after the items are back, because putting them back is not a change.

    Raises:
        StateError: The engine refuses, perhaps because its version differs.
    """
    if await call_engine(engine, table, "CreateTable", **definition.create) is None:
        raise StateError(f"The table {table.arn} cannot be created again by this version of the engine")
    if definition.time_to_live is not None:
        specification = definition.time_to_live
        await call_engine(
            engine, table, "UpdateTimeToLive", TableName=table.name, TimeToLiveSpecification=specification
        )
    if definition.recovery is not None:
        name, recovery = table.name, definition.recovery
        await call_engine(
            engine,
            table,
            "UpdateContinuousBackups",
            TableName=name,
            PointInTimeRecoverySpecification=recovery,
        )


async def start_stream(engine: Engine, table: Table, definition: TableDefinition) -> None:
    """Enable the stream, if the table had one."""
    if definition.stream is not None:
        await call_engine(
            engine, table, "UpdateTable", TableName=table.name, StreamSpecification=definition.stream
        )


def _part(description: Params, name: str) -> Params:
    part: Params | None = description.get(name)
    return part or {}


def _create_params(description: Params, tags: list[Params]) -> Params:
    params: dict[str, Any] = {
        name: description[name] for name in ("TableName", "AttributeDefinitions", "KeySchema")
    }
    params |= _capacity(description, description)
    for name in _INDEXES:
        if description.get(name):
            params[name] = [_index_params(index, description) for index in description[name]]
    if description.get("DeletionProtectionEnabled"):
        params["DeletionProtectionEnabled"] = True
    if table_class := _part(description, "TableClassSummary").get("TableClass"):
        params["TableClass"] = table_class
    if _part(description, "SSEDescription").get("Status") == "ENABLED":
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
    """Return the billing parameters of a table, or of one of its indexes."""
    if _part(table, "BillingModeSummary").get("BillingMode") == "PAY_PER_REQUEST":
        on_demand: Params = {"BillingMode": "PAY_PER_REQUEST"}
        limits = part.get("OnDemandThroughput")
        return {**on_demand, "OnDemandThroughput": limits} if limits else on_demand
    provisioned = part["ProvisionedThroughput"]
    units = {name: provisioned[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")}
    return {"ProvisionedThroughput": units}


def _time_to_live(description: Params) -> Params | None:
    if description.get("TimeToLiveStatus") not in {"ENABLED", "ENABLING"}:
        return None
    return {"Enabled": True, "AttributeName": description["AttributeName"]}


def _recovery(description: Params) -> Params | None:
    recovery = _part(description, "PointInTimeRecoveryDescription")
    if recovery.get("PointInTimeRecoveryStatus") != "ENABLED":
        return None
    params: dict[str, Any] = {"PointInTimeRecoveryEnabled": True}
    if days := recovery.get("RecoveryPeriodInDays"):
        params["RecoveryPeriodInDays"] = days
    return params
