"""The table of DynamoDB's operations: whatever the lab has to know of an operation is looked up here.

A new operation is one new entry. An operation without an entry is refused as unknown. An operation without a
handler goes to the engine as it is, once it is allowed.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from dynaseal_lab.dynamodb.engine import EngineReply
from dynaseal_lab.dynamodb.handlers import Handlers
from dynaseal_lab.dynamodb.json_values import as_object, required_string
from dynaseal_lab.dynamodb.local_extras import LocalExtras, LocalRequest
from dynaseal_lab.dynamodb.native_extras import NativeExtras, NativeRequest
from dynaseal_lab.dynamodb.native_wording import (
    WITHOUT_PREAMBLE_ON_PUT,
    WITHOUT_PREAMBLE_ON_SCAN,
    WITHOUT_PREAMBLE_ON_UPDATE,
)
from dynaseal_lab.dynamodb.request_checks import (
    RequestCheck,
    check_batch_get,
    check_create_table,
    check_statements,
    check_transaction,
    check_update_table,
)
from dynaseal_lab.dynamodb.request_parts import (
    OneStatement,
    RequestForm,
    Statements,
    TablesOfItems,
    Transaction,
    WholeRequest,
    item_part,
    items_to_write,
    key_part,
    keys_to_get,
    query_part,
    scan_part,
    table_part,
)
from dynaseal_lab.dynamodb.required_permissions import (
    PermissionFinder,
    creating_table,
    on_account,
    on_arn,
    on_each_part,
    on_global_table,
    on_imported_table,
    on_stream_of_iterator,
    on_table_arn,
    restoring,
)
from dynaseal_lab.model import Call, Params

ServiceName = Literal["dynamodb", "dynamodbstreams"]
Handler = Callable[[Handlers, Call], Awaitable[EngineReply]]
LocalHandler = Callable[[LocalExtras, LocalRequest], Awaitable[EngineReply]]
NativeHandler = Callable[[NativeExtras, NativeRequest], Awaitable[EngineReply]]
TableFinder = Callable[[Params], str]

_ABOUT_TABLE = WholeRequest(table_part)
_ENGINE_CHECKS = frozenset(
    {
        "AttributeValue",
        "BatchGetRequestMap",
        "BatchWriteItemRequestMap",
        "TransactGetItemList",
        "TransactWriteItemList",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What the lab has to know of an operation.

    Args:
        permissions: Finds the permissions that a call needs.
        form: Where a request names tables and items.
        items: What the operation does with items; None where its request holds no items, keys or statements.
            Operations with PartiQL count as writes; each statement's verb says whether it is one.
        return_values: Whether the request has the parameter ReturnValues.
        unlocks: Whether it reaches what is stored, so that the caller must be allowed to use the storage key.
        defines: Finds the table, by name or ARN, whose definition the operation changes; None where it
            changes none.
        fills: Whether it fills that table with items which the request does not name.
        tags: What it does with tags.
        service: The service, as botocore calls it.
        handler: What the lab itself does for it.
        local_handler: What the lab does for it, or for a part of it, because DynamoDB Local lacks that.
        native_handler: The same where the native engine lacks it.
        native_marker: What a request's body must contain for `native_handler` to be called.
        native_without_preamble: How errors begin to which only the native engine adds a preamble.
        check: Checks the parameters further than botocore's model.
        engine_checks: The model's shapes for which the engine has DynamoDB's own words.
    """

    permissions: PermissionFinder
    form: RequestForm = _ABOUT_TABLE
    items: Literal["reads", "writes"] | None = None
    return_values: bool = False
    unlocks: bool = False
    defines: TableFinder | None = None
    fills: bool = False
    tags: Literal["adds", "removes"] | None = None
    service: ServiceName = "dynamodb"
    handler: Handler | None = None
    local_handler: LocalHandler | None = None
    native_handler: NativeHandler | None = None
    native_marker: bytes = b""
    native_without_preamble: tuple[str, ...] = ()
    check: RequestCheck | None = None
    engine_checks: frozenset[str] = _ENGINE_CHECKS


def _on_items(form: RequestForm, items: Literal["reads", "writes"], **more: Any) -> Operation:
    return Operation(permissions=on_each_part(form), form=form, items=items, unlocks=True, **more)


def _parameter(name: str) -> TableFinder:
    def find(params: Params) -> str:
        return required_string(params, name)

    return find


def _imported_table(params: Params) -> str:
    return required_string(as_object(params["TableCreationParameters"]), "TableName")


_ON_TABLE = Operation(permissions=on_each_part(_ABOUT_TABLE))
_ON_ACCOUNT = Operation(permissions=on_account)
_ON_BACKUP = Operation(permissions=on_arn("BackupArn"))
_ON_GLOBAL_TABLE = Operation(permissions=on_global_table)

_TRANSACTION = Transaction(
    {
        "ConditionCheck": "ConditionCheckItem",
        "Delete": "DeleteItem",
        "Get": "GetItem",
        "Put": "PutItem",
        "Update": "UpdateItem",
    }
)
_RESTORE = Operation(
    permissions=restoring(
        "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"
    ),
    defines=_parameter("TargetTableName"),
    fills=True,
    handler=Handlers.restore,
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "BatchExecuteStatement": _on_items(Statements("Statements"), "writes", check=check_statements),
        "BatchGetItem": _on_items(TablesOfItems(keys_to_get), "reads", check=check_batch_get),
        "BatchWriteItem": _on_items(TablesOfItems(items_to_write), "writes"),
        "CreateBackup": Operation(
            permissions=on_each_part(_ABOUT_TABLE), unlocks=True, native_handler=NativeExtras.create_backup
        ),
        "CreateGlobalTable": _ON_GLOBAL_TABLE,
        "CreateTable": Operation(
            permissions=creating_table({"Tags": "TagResource", "ResourcePolicy": "PutResourcePolicy"}),
            defines=_parameter("TableName"),
            tags="adds",
            handler=Handlers.create_table,
            local_handler=LocalExtras.create_table,
            native_handler=NativeExtras.create_table,
            check=check_create_table,
        ),
        "DeleteBackup": replace(_ON_BACKUP, native_handler=NativeExtras.delete_backup),
        "DeleteItem": _on_items(WholeRequest(key_part), "writes", return_values=True),
        "DeleteResourcePolicy": Operation(
            permissions=on_arn("ResourceArn"), handler=Handlers.delete_resource_policy
        ),
        "DeleteTable": Operation(
            permissions=on_each_part(_ABOUT_TABLE),
            defines=_parameter("TableName"),
            handler=Handlers.delete_table,
            local_handler=LocalExtras.delete_table,
            native_handler=NativeExtras.delete_table,
        ),
        "DescribeBackup": replace(_ON_BACKUP, native_handler=NativeExtras.describe_backup),
        "DescribeContinuousBackups": Operation(
            permissions=on_each_part(_ABOUT_TABLE),
            local_handler=LocalExtras.describe_continuous_backups,
            native_handler=NativeExtras.describe_continuous_backups,
        ),
        "DescribeContributorInsights": _ON_TABLE,
        "DescribeEndpoints": Operation(permissions=on_account, handler=Handlers.describe_endpoints),
        "DescribeExport": Operation(permissions=on_arn("ExportArn")),
        "DescribeGlobalTable": _ON_GLOBAL_TABLE,
        "DescribeGlobalTableSettings": _ON_GLOBAL_TABLE,
        "DescribeImport": Operation(permissions=on_arn("ImportArn")),
        "DescribeKinesisStreamingDestination": _ON_TABLE,
        "DescribeLimits": _ON_ACCOUNT,
        "DescribeStream": Operation(
            permissions=on_arn("StreamArn"),
            service="dynamodbstreams",
            native_handler=NativeExtras.describe_stream,
        ),
        "DescribeTable": Operation(permissions=on_each_part(_ABOUT_TABLE), handler=Handlers.describe_table),
        "DescribeTableReplicaAutoScaling": _ON_TABLE,
        "DescribeTimeToLive": _ON_TABLE,
        "DisableKinesisStreamingDestination": _ON_TABLE,
        "EnableKinesisStreamingDestination": _ON_TABLE,
        "ExecuteStatement": _on_items(OneStatement(), "writes", check=check_statements),
        "ExecuteTransaction": _on_items(Statements("TransactStatements"), "writes", check=check_statements),
        "ExportTableToPointInTime": Operation(permissions=on_arn("TableArn")),
        "GetItem": _on_items(WholeRequest(key_part), "reads"),
        "GetRecords": Operation(
            permissions=on_stream_of_iterator,
            unlocks=True,
            service="dynamodbstreams",
            handler=Handlers.get_records,
            native_handler=NativeExtras.get_records,
        ),
        "GetResourcePolicy": Operation(
            permissions=on_arn("ResourceArn"), handler=Handlers.get_resource_policy
        ),
        "GetShardIterator": Operation(
            permissions=on_arn("StreamArn"),
            service="dynamodbstreams",
            handler=Handlers.get_shard_iterator,
            native_handler=NativeExtras.get_shard_iterator,
        ),
        "ImportTable": Operation(permissions=on_imported_table, defines=_imported_table, fills=True),
        "ListBackups": replace(_ON_ACCOUNT, native_handler=NativeExtras.list_backups),
        "ListContributorInsights": _ON_ACCOUNT,
        "ListExports": _ON_ACCOUNT,
        "ListGlobalTables": _ON_ACCOUNT,
        "ListImports": _ON_ACCOUNT,
        "ListStreams": Operation(
            permissions=on_account, service="dynamodbstreams", native_handler=NativeExtras.list_streams
        ),
        "ListTables": _ON_ACCOUNT,
        "ListTagsOfResource": Operation(
            permissions=on_table_arn("ResourceArn"),
            local_handler=LocalExtras.list_tags_of_resource,
            native_handler=NativeExtras.list_tags_of_resource,
        ),
        "PutItem": _on_items(
            WholeRequest(item_part),
            "writes",
            return_values=True,
            native_without_preamble=WITHOUT_PREAMBLE_ON_PUT,
        ),
        "PutResourcePolicy": Operation(
            permissions=on_arn("ResourceArn"), handler=Handlers.put_resource_policy
        ),
        "Query": _on_items(
            WholeRequest(query_part),
            "reads",
            native_handler=NativeExtras.query,
            native_marker=b'"KeyConditions"',
            engine_checks=_ENGINE_CHECKS | {"PositiveIntegerObject"},
        ),
        "RestoreTableFromBackup": replace(_RESTORE, native_handler=NativeExtras.restore_from_backup),
        "RestoreTableToPointInTime": replace(_RESTORE, native_handler=NativeExtras.restore_to_time),
        "Scan": _on_items(WholeRequest(scan_part), "reads", native_without_preamble=WITHOUT_PREAMBLE_ON_SCAN),
        "TagResource": Operation(
            permissions=on_table_arn("ResourceArn"),
            defines=_parameter("ResourceArn"),
            tags="adds",
            handler=Handlers.change_tags,
            local_handler=LocalExtras.tag_resource,
            native_handler=NativeExtras.tag_resource,
        ),
        "TransactGetItems": _on_items(_TRANSACTION, "reads", check=check_transaction),
        "TransactWriteItems": _on_items(_TRANSACTION, "writes", check=check_transaction),
        "UntagResource": Operation(
            permissions=on_table_arn("ResourceArn"),
            defines=_parameter("ResourceArn"),
            tags="removes",
            handler=Handlers.change_tags,
            local_handler=LocalExtras.untag_resource,
            native_handler=NativeExtras.untag_resource,
        ),
        "UpdateContinuousBackups": Operation(
            permissions=on_each_part(_ABOUT_TABLE),
            defines=_parameter("TableName"),
            local_handler=LocalExtras.update_continuous_backups,
            native_handler=NativeExtras.update_continuous_backups,
        ),
        "UpdateContributorInsights": _ON_TABLE,
        "UpdateGlobalTable": _ON_GLOBAL_TABLE,
        "UpdateGlobalTableSettings": _ON_GLOBAL_TABLE,
        "UpdateItem": _on_items(
            WholeRequest(key_part),
            "writes",
            return_values=True,
            native_without_preamble=WITHOUT_PREAMBLE_ON_UPDATE,
        ),
        "UpdateKinesisStreamingDestination": _ON_TABLE,
        "UpdateTable": Operation(
            permissions=on_each_part(_ABOUT_TABLE),
            defines=_parameter("TableName"),
            handler=Handlers.update_table,
            local_handler=LocalExtras.update_table,
            native_handler=NativeExtras.update_table,
            check=check_update_table,
        ),
        "UpdateTableReplicaAutoScaling": _ON_TABLE,
        "UpdateTimeToLive": Operation(
            permissions=on_each_part(_ABOUT_TABLE),
            defines=_parameter("TableName"),
            handler=Handlers.update_time_to_live,
        ),
    }
)


def holds_items(target: str) -> bool:
    """Return whether the body of a request holds items, keys or statements, in which nothing may be replaced.

    Args:
        target: The target, such as `DynamoDB_20120810.GetItem`, as the header X-Amz-Target has it.
    """
    operation = OPERATIONS.get(target.partition(".")[2])
    return operation is not None and operation.items is not None


def has_return_values(target: str) -> bool:
    """Return whether an operation, named as the header X-Amz-Target has it, takes ReturnValues."""
    operation = OPERATIONS.get(target.partition(".")[2])
    return operation is not None and operation.return_values
