"""Requests and replies of DynamoDB's API, in and out: one table with an entry an operation, and no I/O.

- An operation on items has an entry; one about a table passes through; any other is refused by name.
- A table without a configuration passes through untouched.
- A refusal comes before anything is sent. What the caller gave is never changed.

Source: specification `ddb-sdk-integration.md`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dynaseal.boto.interception import batches, item_operations
from dynaseal.boto.interception.pipeline import Message, TablePipeline
from dynaseal.boto.interception.statements import refuse_statements
from dynaseal.boto.interception.tables import Tables
from dynaseal.config import TableConfig
from dynaseal.errors import UnsupportedOperationError


def _as_it_is(_pipeline: TablePipeline, _request: Message, reply: Message) -> Message:
    return reply


def _unchanged(_tables: Tables, _asked: Message, _sent: Message, reply: Message) -> Message:
    return reply


@dataclass(frozen=True, slots=True)
class OneTable:
    """An operation on the items of one table.

    Attributes:
        seal: Pipeline, operation and request to the request that is sent.
        open: Pipeline, the caller's request and the reply to the reply that the caller gets.
        fail: The same for a reply that is an error.
        legacy: Parameters of before the expressions, which are refused.
    """

    seal: Callable[[TablePipeline, str, Message], dict[str, Any]]
    open: Callable[[TablePipeline, Message, Message], Message] = _as_it_is
    fail: Callable[[TablePipeline, Message, Message], Message] = _as_it_is
    legacy: tuple[str, ...] = ()

    def prepare(self, tables: Tables, operation: str, request: Message) -> Message:
        """Give the request to send."""
        pipeline = tables.find(request.get("TableName"))
        if pipeline is None:
            return request
        return self.seal(pipeline, operation, pipeline.refuse_legacy(operation, request, self.legacy))

    def finish(self, tables: Tables, asked: Message, _sent: Message, reply: Message) -> Message:
        """Give the reply for the caller."""
        pipeline = tables.find(asked.get("TableName"))
        if pipeline is None:
            return reply
        return (self.fail if "Error" in reply else self.open)(pipeline, asked, reply)


@dataclass(frozen=True, slots=True)
class ManyTables:
    """An operation on the items of several tables.

    Attributes:
        seal: Tables, operation and request to the request that is sent.
        open: Tables, the caller's request, the one sent and the reply to the reply that the caller gets.
        fail: The same for a reply that is an error.
    """

    seal: Callable[[Tables, str, Message], Message]
    open: Callable[[Tables, Message, Message, Message], Message] = _unchanged
    fail: Callable[[Tables, Message, Message, Message], Message] = _unchanged

    def prepare(self, tables: Tables, operation: str, request: Message) -> Message:
        """Give the request to send."""
        return self.seal(tables, operation, request)

    def finish(self, tables: Tables, asked: Message, sent: Message, reply: Message) -> Message:
        """Give the reply for the caller."""
        return (self.fail if "Error" in reply else self.open)(tables, asked, sent, reply)


def _query(pipeline: TablePipeline, operation: str, request: Message) -> dict[str, Any]:
    pipeline.check_read(operation, request)
    return pipeline.prepare_search(operation, request)


def _found(pipeline: TablePipeline, request: Message, reply: Message) -> dict[str, Any]:
    return pipeline.finish_search(request, reply)


def _partiql(tables: Tables, operation: str, request: Message) -> Message:
    refuse_statements(tables, operation, request)
    return request


def _export(tables: Tables, operation: str, request: Message) -> Message:
    """Check an export's filter: nothing would take false matches of a beacon out of the export again."""
    pipeline = tables.find(request.get("TableArn"))
    if pipeline is not None:
        pipeline.check_filter(operation, request.get("FilterSpecification") or {})
    return request


_WRITE_LEGACY = ("Expected", "ConditionalOperator")

OPERATIONS: Mapping[str, OneTable | ManyTables] = {
    "PutItem": OneTable(
        item_operations.put, item_operations.returned_attributes, item_operations.returned_item, _WRITE_LEGACY
    ),
    "GetItem": OneTable(item_operations.get, item_operations.returned_item),
    "DeleteItem": OneTable(
        item_operations.check,
        item_operations.returned_attributes,
        item_operations.returned_item,
        _WRITE_LEGACY,
    ),
    "UpdateItem": OneTable(
        item_operations.update,
        item_operations.updated_attributes,
        item_operations.returned_item,
        ("AttributeUpdates", *_WRITE_LEGACY),
    ),
    "Query": OneTable(
        _query, _found, legacy=("AttributesToGet", "KeyConditions", "QueryFilter", "ConditionalOperator")
    ),
    "Scan": OneTable(_query, _found, legacy=("AttributesToGet", "ScanFilter", "ConditionalOperator")),
    "BatchWriteItem": ManyTables(batches.write_batch, batches.unprocessed_writes),
    "BatchGetItem": ManyTables(batches.read_batch, batches.found_batch),
    "TransactWriteItems": ManyTables(batches.transaction, fail=batches.cancelled_transaction),
    "TransactGetItems": ManyTables(
        batches.transaction, batches.found_in_transaction, batches.cancelled_transaction
    ),
    "ExecuteStatement": ManyTables(_partiql),
    "BatchExecuteStatement": ManyTables(_partiql),
    "ExecuteTransaction": ManyTables(_partiql),
    "ExportTableToPointInTime": ManyTables(_export),
}

# Operations about tables, and about copies that move ciphertext as it is stored. ImportTable is among them:
# what it writes comes from a bucket, and reading refuses what is not encrypted. An export is not among them:
# it may filter by attribute values.
# Source: specification `ddb-sdk-integration.md`, "Allowed Passthrough DynamoDB APIs".
PASSED_THROUGH = frozenset(
    {
        "CreateBackup",
        "CreateGlobalTable",
        "CreateTable",
        "DeleteBackup",
        "DeleteTable",
        "DescribeBackup",
        "DescribeContinuousBackups",
        "DescribeContributorInsights",
        "DescribeEndpoints",
        "DescribeExport",
        "DescribeGlobalTable",
        "DescribeGlobalTableSettings",
        "DescribeImport",
        "DescribeKinesisStreamingDestination",
        "DescribeLimits",
        "DescribeTable",
        "DescribeTableReplicaAutoScaling",
        "DescribeTimeToLive",
        "DisableKinesisStreamingDestination",
        "EnableKinesisStreamingDestination",
        "ImportTable",
        "ListBackups",
        "ListContributorInsights",
        "ListExports",
        "ListGlobalTables",
        "ListImports",
        "ListTables",
        "ListTagsOfResource",
        "RestoreTableFromBackup",
        "RestoreTableToPointInTime",
        "TagResource",
        "UntagResource",
        "UpdateContinuousBackups",
        "UpdateContributorInsights",
        "UpdateGlobalTable",
        "UpdateGlobalTableSettings",
        "UpdateTable",
        "UpdateTableReplicaAutoScaling",
        "UpdateTimeToLive",
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    """One call under way.

    Attributes:
        operation: The operation's API name, such as `PutItem`.
        caller_request: The request as the caller wrote it.
        sent_request: The request that is sent to DynamoDB.
    """

    operation: str
    caller_request: Message
    sent_request: Message


class Requests:
    """Transforms the requests and replies of one client.

    Args:
        configs: Table names (or ARNs) and the tables' configurations.

    Raises:
        ConfigError: two entries mean one table.

    Example:
        >>> Requests({}).prepare("DescribeTable", {"TableName": "people"}).sent_request
        {'TableName': 'people'}
    """

    def __init__(self, configs: Mapping[str, TableConfig]) -> None:
        self._tables = Tables(configs)

    def prepare(self, operation: str, request: Message) -> Call:
        """Give the request to send for one that the caller wrote, values in wire form.

        Raises:
            UnsupportedOperationError: the request cannot be made safe, or the operation is not known here.
            EncryptError: an item cannot be encrypted.
        """
        if operation in PASSED_THROUGH:
            return Call(operation, request, request)
        entry = OPERATIONS.get(operation)
        if entry is None:
            raise UnsupportedOperationError(
                f"{operation} is not known to work with client-side encryption and could carry plaintext",
                hint="Make this call with a client without encryption, if it may be made at all",
            )
        return Call(operation, request, entry.prepare(self._tables, operation, request))

    def finish(self, call: Call, reply: Message) -> Message:
        """Give the reply for the caller for the one that came; an error's reply has the member `Error`.

        Raises:
            DecryptError: an item of it does not verify.
        """
        entry = OPERATIONS.get(call.operation)
        return (
            reply
            if entry is None
            else entry.finish(self._tables, call.caller_request, call.sent_request, reply)
        )
