"""Which permissions a request needs: an action and a resource for each thing it touches.

* A batch needs its own action on every table; a transaction or PartiQL statement the action of each part,
  with `dynamodb:EnclosingOperation` saying what the part stands in.
* A query of an index needs permission on the index, not on the table.
* Lists, which are about no table, are asked for on `table/*`, as AWS names them in refusals.
* What is not in the tables below is refused by name.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dynaseal_lab.dynamodb.partiql import Statement, parse_statement
from dynaseal_lab.dynamodb.shard_iterators import stream_of
from dynaseal_lab.dynamodb.table_names import (
    Table,
    arn_prefix,
    as_list,
    as_object,
    as_string,
    required_string,
    table_named,
)
from dynaseal_lab.model import Call, Fault, Params


@dataclass(frozen=True, slots=True)
class RequiredPermission:
    """One permission that a request needs.

    `request` is the part of the request that the condition keys are read from, `keys` the items or keys it
    names, `statement` the PartiQL statement it is.
    """

    action: str
    resource: str
    account: str
    table: Table | None = None
    index: str | None = None
    request: Params = field(default_factory=dict[str, Any])
    keys: tuple[Params, ...] = ()
    statement: Statement | None = None
    enclosing: str | None = None


def required_permissions(call: Call) -> list[RequiredPermission]:
    """Every permission that a call needs, in the order AWS asks.

    Raises:
        Fault: an unknown operation, or a request in which what it is about cannot be found.
    """
    finder = _FINDERS.get(call.operation)
    if finder is None:
        raise Fault("UnknownOperationException", f"The lab's DynamoDB does not offer {call.operation}.")
    return list(finder(call, call.params))


def _on_named_table(call: Call, name: str, **parts: Any) -> RequiredPermission:
    table = table_named(call, name)
    return RequiredPermission(f"dynamodb:{call.operation}", table.arn, table.account, table, **parts)


def _on_table(call: Call, params: Params) -> Iterator[RequiredPermission]:
    yield _on_named_table(call, required_string(params, "TableName"), request=params)


def _on_item(call: Call, params: Params) -> Iterator[RequiredPermission]:
    keys = as_object(params.get("Item") or params.get("Key") or {})
    yield _on_named_table(call, required_string(params, "TableName"), request=params, keys=(keys,))


def _on_index(call: Call, params: Params) -> Iterator[RequiredPermission]:
    table = table_named(call, required_string(params, "TableName"))
    index = as_string(params["IndexName"]) if params.get("IndexName") is not None else None
    resource = table.arn if index is None else table.index_arn(index)
    yield RequiredPermission(f"dynamodb:{call.operation}", resource, table.account, table, index, params)


def _on_account(call: Call, params: Params) -> Iterator[RequiredPermission]:
    account = call.principal.account
    resource = f"{arn_prefix(account, call.region)}table/*"
    yield RequiredPermission(f"dynamodb:{call.operation}", resource, account, request=params)


def _on_arn(parameter: str) -> Callable[[Call, Params], Iterator[RequiredPermission]]:
    def find(call: Call, params: Params) -> Iterator[RequiredPermission]:
        arn = required_string(params, parameter)
        table = table_named(call, arn)
        resource = arn if arn.startswith("arn:") else table.arn
        yield RequiredPermission(f"dynamodb:{call.operation}", resource, table.account, table, request=params)

    return find


def _batch_get(call: Call, params: Params) -> Iterator[RequiredPermission]:
    for name, part in as_object(params.get("RequestItems", {})).items():
        request = as_object(part)
        keys = tuple(as_object(key) for key in as_list(request.get("Keys") or []))
        yield _on_named_table(call, name, request=request, keys=keys)


def _batch_write(call: Call, params: Params) -> Iterator[RequiredPermission]:
    for name, part in as_object(params.get("RequestItems", {})).items():
        keys: list[Params] = []
        for write in as_list(part):
            for request in as_object(write).values():
                written = as_object(request)
                keys.append(as_object(written.get("Item") or written.get("Key") or {}))
        yield _on_named_table(call, name, request={"Items": keys}, keys=tuple(keys))


_TRANSACT_ACTIONS = MappingProxyType(
    {
        "Get": "GetItem",
        "Put": "PutItem",
        "Update": "UpdateItem",
        "Delete": "DeleteItem",
        "ConditionCheck": "ConditionCheckItem",
    }
)


def _transact(call: Call, params: Params) -> Iterator[RequiredPermission]:
    for entry in as_list(params.get("TransactItems") or []):
        for kind, part in as_object(entry).items():
            if kind not in _TRANSACT_ACTIONS:
                raise Fault("ValidationException", f"TransactItems has no {kind}")
            request = as_object(part)
            table = table_named(call, required_string(request, "TableName"))
            keys = (as_object(request.get("Item") or request.get("Key") or {}),)
            action = f"dynamodb:{_TRANSACT_ACTIONS[kind]}"
            yield RequiredPermission(
                action, table.arn, table.account, table, None, request, keys, enclosing=call.operation
            )


def _execute(call: Call, params: Params) -> Iterator[RequiredPermission]:
    yield _statement_permission(call, params, None)


def _execute_many(parameter: str) -> Callable[[Call, Params], Iterator[RequiredPermission]]:
    def find(call: Call, params: Params) -> Iterator[RequiredPermission]:
        for entry in as_list(params.get(parameter) or []):
            yield _statement_permission(call, as_object(entry), call.operation)

    return find


def _statement_permission(call: Call, params: Params, enclosing: str | None) -> RequiredPermission:
    parameters = as_list(params.get("Parameters") or [])
    statement = parse_statement(required_string(params, "Statement"), parameters)
    table = table_named(call, statement.table)
    resource = table.arn if statement.index is None else table.index_arn(statement.index)
    return RequiredPermission(
        action=f"dynamodb:PartiQL{statement.verb}",
        resource=resource,
        account=table.account,
        table=table,
        index=statement.index,
        request=params,
        statement=statement,
        enclosing=enclosing,
    )


def _create_table(call: Call, params: Params) -> Iterator[RequiredPermission]:
    table = table_named(call, required_string(params, "TableName"))
    wanted = [("CreateTable", True), ("TagResource", bool(params.get("Tags")))]
    wanted.append(("PutResourcePolicy", bool(params.get("ResourcePolicy"))))
    for action, needed in wanted:
        if needed:
            yield RequiredPermission(f"dynamodb:{action}", table.arn, table.account, table, request=params)


_RESTORED = ("BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem")


def _restore(call: Call, params: Params) -> Iterator[RequiredPermission]:
    """The backup or the source table, and everything that filling the target amounts to."""
    target = table_named(call, required_string(params, "TargetTableName"))
    source = params.get("BackupArn") or params.get("SourceTableArn") or params.get("SourceTableName")
    name = as_string(source or "")
    table = table_named(call, name)
    resource = name if name.startswith("arn:") else table.arn
    yield RequiredPermission(f"dynamodb:{call.operation}", resource, table.account, table, request=params)
    for action in (call.operation, *_RESTORED):
        yield RequiredPermission(f"dynamodb:{action}", target.arn, target.account, target, request=params)


def _import(call: Call, params: Params) -> Iterator[RequiredPermission]:
    creation = as_object(params.get("TableCreationParameters") or {})
    yield _on_named_table(call, required_string(creation, "TableName"), request=params)


def _global_table(call: Call, params: Params) -> Iterator[RequiredPermission]:
    account = call.principal.account
    name = required_string(params, "GlobalTableName")
    everywhere = f"{arn_prefix(account, '')}global-table/{name}"
    yield RequiredPermission(f"dynamodb:{call.operation}", everywhere, account, request=params)


def _by_iterator(call: Call, params: Params) -> Iterator[RequiredPermission]:
    stream = stream_of(required_string(params, "ShardIterator"))
    table = table_named(call, stream)
    yield RequiredPermission("dynamodb:GetRecords", stream, table.account, table, request=params)


_FINDERS: Mapping[str, Callable[[Call, Params], Iterator[RequiredPermission]]] = MappingProxyType(
    {
        **dict.fromkeys(("DeleteItem", "GetItem", "PutItem", "UpdateItem"), _on_item),
        **dict.fromkeys(("Query", "Scan"), _on_index),
        **dict.fromkeys(
            (
                "CreateBackup",
                "DeleteTable",
                "DescribeContinuousBackups",
                "DescribeContributorInsights",
                "DescribeKinesisStreamingDestination",
                "DescribeTable",
                "DescribeTableReplicaAutoScaling",
                "DescribeTimeToLive",
                "DisableKinesisStreamingDestination",
                "EnableKinesisStreamingDestination",
                "UpdateContinuousBackups",
                "UpdateContributorInsights",
                "UpdateKinesisStreamingDestination",
                "UpdateTable",
                "UpdateTableReplicaAutoScaling",
                "UpdateTimeToLive",
            ),
            _on_table,
        ),
        **dict.fromkeys(
            (
                "DescribeEndpoints",
                "DescribeLimits",
                "ListBackups",
                "ListContributorInsights",
                "ListExports",
                "ListGlobalTables",
                "ListImports",
                "ListStreams",
                "ListTables",
            ),
            _on_account,
        ),
        **dict.fromkeys(
            (
                "DeleteResourcePolicy",
                "GetResourcePolicy",
                "ListTagsOfResource",
                "PutResourcePolicy",
                "TagResource",
                "UntagResource",
            ),
            _on_arn("ResourceArn"),
        ),
        **dict.fromkeys(("DeleteBackup", "DescribeBackup"), _on_arn("BackupArn")),
        **dict.fromkeys(("DescribeStream", "GetShardIterator"), _on_arn("StreamArn")),
        **dict.fromkeys(("RestoreTableFromBackup", "RestoreTableToPointInTime"), _restore),
        **dict.fromkeys(
            (
                "CreateGlobalTable",
                "DescribeGlobalTable",
                "DescribeGlobalTableSettings",
                "UpdateGlobalTable",
                "UpdateGlobalTableSettings",
            ),
            _global_table,
        ),
        "BatchExecuteStatement": _execute_many("Statements"),
        "BatchGetItem": _batch_get,
        "BatchWriteItem": _batch_write,
        "CreateTable": _create_table,
        "DescribeExport": _on_arn("ExportArn"),
        "DescribeImport": _on_arn("ImportArn"),
        "ExecuteStatement": _execute,
        "ExecuteTransaction": _execute_many("TransactStatements"),
        "ExportTableToPointInTime": _on_arn("TableArn"),
        "GetRecords": _by_iterator,
        "ImportTable": _import,
        "TransactGetItems": _transact,
        "TransactWriteItems": _transact,
    }
)
