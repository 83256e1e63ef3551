"""Requests and replies of DynamoDB's API, without I/O: one table with one entry per operation.

- An operation on items has an entry; one about a table passes through, unless it would break encryption; any
  other is refused by name.
- A table without a configuration is refused, unless it is one of the plaintext tables: these pass through
  untouched.
- A refusal comes before anything is sent. The caller's request is never changed.

Source: specification `ddb-sdk-integration.md`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import random
from typing import TYPE_CHECKING, NamedTuple

from dynaseal.boto.interception import batches, item_operations
from dynaseal.boto.interception.configured_table import ConfiguredTable, Message
from dynaseal.boto.interception.hidden_values import ValuePolicy
from dynaseal.boto.interception.idempotency import RepeatableTransaction
from dynaseal.boto.interception.index_projections import IndexProjections
from dynaseal.boto.interception.plaintext_tables import PlaintextTables
from dynaseal.boto.interception.replies import SentPart, without_members
from dynaseal.boto.interception.tables import Tables
from dynaseal.config import TableConfig, Unreadable
from dynaseal.core.lazy import LazyModule
from dynaseal.core.operations import ABOUT_TABLES
from dynaseal.errors import UnsupportedOperationError

if TYPE_CHECKING:
    from dynaseal.boto.interception import statements, table_operations
    from dynaseal.boto.interception.updates import plan as update_plans
    from dynaseal.boto.interception.updates import transaction as transaction_plans
    from dynaseal.boto.interception.updates.steps import Steps
else:
    statements = LazyModule("dynaseal.boto.interception.statements")
    table_operations = LazyModule("dynaseal.boto.interception.table_operations")
    update_plans = LazyModule("dynaseal.boto.interception.updates.plan")
    transaction_plans = LazyModule("dynaseal.boto.interception.updates.transaction")


def _unchanged(reply: Message) -> Message:
    return reply


class Call(NamedTuple):
    """One call of an operation, from its request to its reply.

    botocore keeps it in the context of the request and logs it there, so its `repr` shows nothing.

    Attributes:
        caller_request: The request as the caller wrote it.
        sent_request: The request that is sent to DynamoDB.
        finish: Returns the caller's reply for DynamoDB's; an error's reply has the member `Error`. Raises
            DecryptError if one of its items does not verify.
        plan: Returns the calls to make instead of this one; None if this one is sent.
    """

    caller_request: Message
    sent_request: Message
    finish: Callable[[Message], Message] = _unchanged
    plan: "Callable[[], Steps] | None" = None

    def __repr__(self) -> str:
        return "Call(...)"


def _without_items(_table: ConfiguredTable, _part: SentPart, reply: Message) -> Message:
    """Return an error without the item that only another operation's error has."""
    return without_members(reply, "Item")


def _unchanged_in_table(_table: ConfiguredTable, _part: SentPart, reply: Message) -> Message:
    return reply


def _unchanged_in_tables(
    _tables: Tables, _caller_request: Message, _sent_request: Message, reply: Message
) -> Message:
    return reply


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOperation:
    """An operation on one item.

    Attributes:
        prepare_request: Returns the request to send for a table, an operation and the caller's request.
        finish_reply: Returns the caller's reply for a table, what was sent and DynamoDB's reply.
        finish_error: The same for a reply that is an error.
        replaced_parameters: Parameters that expressions have replaced; they are refused.
    """

    prepare_request: Callable[[ConfiguredTable, str, Message], Message]
    finish_reply: Callable[[ConfiguredTable, SentPart, Message], Message] = _unchanged_in_table
    finish_error: Callable[[ConfiguredTable, SentPart, Message], Message] = _without_items
    replaced_parameters: tuple[str, ...] = ()

    def prepare(self, tables: Tables, operation: str, request: Message) -> Call:
        """Prepare a call."""
        table = tables.for_request(operation, request.get("TableName"))
        if table is None:
            return Call(request, request)
        checked = table.without_replaced_parameters(operation, request, self.replaced_parameters)
        sent_request = self.prepare_request(table, operation, checked)
        return Call(
            request, sent_request, partial(self._finish, table, SentPart(operation, request, sent_request))
        )

    def _finish(self, table: ConfiguredTable, part: SentPart, reply: Message) -> Message:
        if "Error" in reply:
            return self.finish_error(table, part, without_members(reply, "CancellationReasons"))
        return self.finish_reply(table, part, reply)


@dataclass(frozen=True, slots=True)
class UpdateOperation:
    """UpdateItem: sent as a request is, or made by a plan.

    Attributes:
        in_place: What is done where only unsigned attributes may be updated.
    """

    in_place: ItemOperation

    @property
    def replaced_parameters(self) -> tuple[str, ...]:
        """Parameters that expressions have replaced; they are refused."""
        return self.in_place.replaced_parameters

    def prepare(self, tables: Tables, operation: str, request: Message) -> Call:
        """Prepare a call."""
        table = tables.for_request(operation, request.get("TableName"))
        if table is None or not table.updates_signed_attributes:
            return self.in_place.prepare(tables, operation, request)
        checked = table.without_replaced_parameters(operation, request, self.replaced_parameters)
        # botocore builds a request before it asks for an answer: one that has nothing but the key.
        key = table.key_with_surrogate_keys(operation, request["Key"])
        sent_request = {"TableName": request["TableName"], "Key": key}
        return Call(request, sent_request, plan=partial(update_plans.update_plan, table, checked, random))


@dataclass(frozen=True, slots=True)
class SearchOperation:
    """Query or Scan.

    Attributes:
        replaced_parameters: Parameters that expressions have replaced; they are refused.
    """

    replaced_parameters: tuple[str, ...]

    def prepare(
        self, tables: Tables, operation: str, request: Message, indexes: IndexProjections | None
    ) -> Call:
        """Prepare a call; its prepared search writes the request and filters the reply."""
        table = tables.for_request(operation, request.get("TableName"))
        if table is None:
            return Call(request, request)
        checked = table.without_replaced_parameters(operation, request, self.replaced_parameters)
        sent_request, search = table.prepare_search(operation, checked, indexes)
        part = SentPart(operation, request, sent_request)
        return Call(request, sent_request, partial(table.finish_search, search, part))


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipleTables:
    """An operation on items of several tables.

    Attributes:
        prepare_request: Returns the request to send for the tables, an operation and the caller's request.
        finish_reply: Returns the caller's reply for the tables, the caller's request, the sent one and
            DynamoDB's reply.
        finish_error: The same for a reply that is an error.
    """

    prepare_request: Callable[[Tables, str, Message], Message]
    finish_reply: Callable[[Tables, Message, Message, Message], Message] = _unchanged_in_tables
    finish_error: Callable[[Tables, Message, Message, Message], Message] = _unchanged_in_tables

    def prepare(self, tables: Tables, operation: str, request: Message) -> Call:
        """Prepare a call."""
        sent_request = self.prepare_request(tables, operation, request)
        return Call(request, sent_request, partial(self.finish, tables, request, sent_request))

    def finish(
        self, tables: Tables, caller_request: Message, sent_request: Message, reply: Message
    ) -> Message:
        """Return the caller's reply for DynamoDB's."""
        finish = self.finish_error if "Error" in reply else self.finish_reply
        return finish(tables, caller_request, sent_request, reply)


@dataclass(frozen=True, slots=True)
class TransactionOperation:
    """TransactWriteItems: sent as one request, or by a plan where signed attributes may be updated.

    Attributes:
        as_request: What is done where it is sent as one request.
    """

    as_request: MultipleTables

    def prepare(self, tables: Tables, operation: str, request: Message) -> Call:
        """Prepare a call."""
        updates = batches.read_modify_writes(tables, request)
        if not updates:
            return self.as_request.prepare(tables, operation, request)
        sent_request = batches.transaction_around(tables, operation, request, updates)
        token = sent_request.get("ClientRequestToken")
        repeatable = (
            RepeatableTransaction(tables.sent_transactions, request) if isinstance(token, str) else None
        )
        finish = partial(self.as_request.finish, tables, request, sent_request)
        plan = partial(transaction_plans.transaction_plan, updates, sent_request, finish, random, repeatable)
        # botocore builds a request before it asks for an answer: one with an empty action.
        return Call(request, {"TransactItems": [{}]}, plan=plan)


def _partiql(tables: Tables, operation: str, request: Message) -> Message:
    statements.refuse_statements(tables, operation, request)
    return request


def _export(tables: Tables, operation: str, request: Message) -> Message:
    """Check an export's filter: nothing would remove false matches of a beacon from the export.

    A comparison with the source of a surrogate key is sent with the token, which has no false matches.
    """
    table = tables.for_request(operation, request.get("TableArn"))
    specification: Message = request.get("FilterSpecification") or {}
    if table is None or not specification:
        return request
    table.check_values(operation, specification)
    sent_specification = table.with_surrogate_keys(operation, specification)
    table.check_filter(operation, sent_specification)
    return {**request, "FilterSpecification": sent_specification}


_REPLACED_IN_WRITES = ("Expected", "ConditionalOperator")

OPERATIONS: Mapping[
    str, ItemOperation | UpdateOperation | SearchOperation | MultipleTables | TransactionOperation
] = {
    "PutItem": ItemOperation(
        prepare_request=item_operations.put,
        finish_reply=item_operations.returned_attributes,
        finish_error=item_operations.refused_item,
        replaced_parameters=_REPLACED_IN_WRITES,
    ),
    "GetItem": ItemOperation(prepare_request=item_operations.get, finish_reply=item_operations.returned_item),
    "DeleteItem": ItemOperation(
        prepare_request=item_operations.check,
        finish_reply=item_operations.returned_attributes,
        finish_error=item_operations.refused_item,
        replaced_parameters=_REPLACED_IN_WRITES,
    ),
    "UpdateItem": UpdateOperation(
        ItemOperation(
            prepare_request=item_operations.update,
            finish_reply=item_operations.updated_attributes,
            finish_error=item_operations.failed_update,
            replaced_parameters=("AttributeUpdates", *_REPLACED_IN_WRITES),
        )
    ),
    "Query": SearchOperation(("AttributesToGet", "KeyConditions", "QueryFilter", "ConditionalOperator")),
    "Scan": SearchOperation(("AttributesToGet", "ScanFilter", "ConditionalOperator")),
    "BatchWriteItem": MultipleTables(
        prepare_request=batches.write_batch,
        finish_reply=batches.unprocessed_writes,
        finish_error=batches.failed_batch,
    ),
    "BatchGetItem": MultipleTables(
        prepare_request=batches.read_batch,
        finish_reply=batches.found_batch,
        finish_error=batches.failed_batch,
    ),
    "TransactWriteItems": TransactionOperation(
        MultipleTables(
            prepare_request=batches.write_transaction, finish_error=batches.failed_write_transaction
        )
    ),
    "TransactGetItems": MultipleTables(
        prepare_request=batches.transaction,
        finish_reply=batches.found_in_transaction,
        finish_error=batches.cancelled_transaction,
    ),
    "ExecuteStatement": MultipleTables(prepare_request=_partiql),
    "BatchExecuteStatement": MultipleTables(prepare_request=_partiql),
    "ExecuteTransaction": MultipleTables(prepare_request=_partiql),
    "ExportTableToPointInTime": MultipleTables(prepare_request=_export),
}

_CHANGING_INDEXES = frozenset({"CreateTable", "DeleteTable", "UpdateTable"})


class Requests:
    """Prepares the requests of one client.

    Attributes:
        value_policy: Which values errors about requests may show.
        reports_unreadable: Whether replies about one of the tables list items that do not verify.
        writes_plaintext: Whether items of one of the tables are written as plaintext.

    Args:
        configs: Table names (or ARNs) and the tables' configurations.
        plaintext_tables: Names (or ARNs) of tables that may be used without a configuration.

    Raises:
        ConfigError: two entries mean one table, or an argument is not of the right type.
    """

    def __init__(self, configs: Mapping[str, TableConfig], plaintext_tables: PlaintextTables = ()) -> None:
        self._tables = Tables(configs, plaintext_tables)
        self.value_policy: ValuePolicy = ValuePolicy(self._tables.configs)
        self.reports_unreadable: bool = any(
            config.unreadable is Unreadable.REPORT for config in self._tables.configs
        )
        self.writes_plaintext: bool = any(
            config.plaintext_policy.forces_write for config in self._tables.configs
        )

    def find_config(self, table_name: str) -> TableConfig | None:
        """Return the configuration of a table, or None if it has none."""
        table = self._tables.configured(table_name)
        return None if table is None else table.config

    def is_plaintext(self, table_name: str) -> bool:
        """Return whether a table is not configured, and its items may be used unencrypted."""
        return self._tables.is_plaintext(table_name)

    def prepare(self, operation: str, request: Message, indexes: IndexProjections | None = None) -> Call:
        """Prepare a call for the caller's request, values in wire form.

        Args:
            operation: The operation's name.
            request: The request as the caller wrote it.
            indexes: Knows what the indexes of tables project. Without it, searches through an index are
                refused where unencrypted items may be read.

        Raises:
            UnsupportedOperationError: the request cannot be made safe, or the operation is not known here.
            EncryptError: an item cannot be encrypted.
        """
        if operation in ABOUT_TABLES:
            table_operations.refuse_unfit_table(self._tables, operation, request)
            if indexes is not None and operation in _CHANGING_INDEXES:
                indexes.forget()
            return Call(request, request)
        entry = OPERATIONS.get(operation)
        if entry is None:
            raise UnsupportedOperationError(
                f"{operation} is not known to work with client-side encryption and could carry plaintext",
                hint="Make this call with a client without encryption, if its data may be in the clear",
            )
        if isinstance(entry, SearchOperation):
            return entry.prepare(self._tables, operation, request, indexes)
        return entry.prepare(self._tables, operation, request)
