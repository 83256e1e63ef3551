"""Which permissions a request needs: an action and a resource for each thing that it touches.

* A batch needs its own action on every table. A transaction or a batch of PartiQL needs the action of each of
  its parts, and `dynamodb:EnclosingOperation` names the request that the part belongs to.
* A query of an index needs permission on the index, not on the table.
* Lists, which are about no table, need permission on `table/*`, as AWS names it in refusals.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from dynaseal_lab.dynamodb.json_values import as_object, as_string, required_string
from dynaseal_lab.dynamodb.request_parts import Part, RequestForm
from dynaseal_lab.dynamodb.shard_iterators import stream_of
from dynaseal_lab.dynamodb.table_names import Table, arn_prefix, table_named
from dynaseal_lab.model import Call, Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredPermission:
    """One permission that a call needs.

    Args:
        action: The action, such as `dynamodb:GetItem`.
        resource: The ARN of a table, index, stream or backup, or `table/*`.
        account: Who owns the resource.
        part: The part of the request that condition keys are read from.
        table: The table that the resource is, or belongs to.
    """

    action: str
    resource: str
    account: str
    part: Part
    table: Table | None = None


PermissionFinder = Callable[[Call], Iterator[RequiredPermission]]
"""Finds the permissions that a call needs, in the order in which AWS checks them.

It raises a Fault where the request does not say what it is about.
"""


def on_each_part(form: RequestForm) -> PermissionFinder:
    """Each part of the request needs its action on its table or index."""

    def find(call: Call) -> Iterator[RequiredPermission]:
        for part in form.parts(call.params):
            table = table_named(call, part.table)
            resource = table.arn if part.index is None else table.index_arn(part.index)
            action = f"dynamodb:{part.action or call.operation}"
            yield RequiredPermission(
                action=action, resource=resource, account=table.account, part=part, table=table
            )

    return find


def on_account(call: Call) -> Iterator[RequiredPermission]:
    """A list needs permission on all tables of the caller's account."""
    account = call.principal.account
    yield _permission(call, f"{arn_prefix(account, call.region)}table/*", account)


def on_arn(parameter: str) -> PermissionFinder:
    """The request needs permission on what the parameter names: an ARN, or a table by name."""

    def find(call: Call) -> Iterator[RequiredPermission]:
        yield _on_name(call, required_string(call.params, parameter))

    return find


def on_table_arn(parameter: str) -> PermissionFinder:
    """The request needs permission on the table whose ARN the parameter is."""

    def find(call: Call) -> Iterator[RequiredPermission]:
        arn = required_string(call.params, parameter)
        table = table_named(call, arn)
        if arn != table.arn:
            raise Fault(
                "ValidationException", f"Invalid TableArn: Invalid ResourceArn provided as input {arn}"
            )
        yield _permission(call, arn, table.account, table)

    return find


def on_imported_table(call: Call) -> Iterator[RequiredPermission]:
    """An import needs permission on the table that it is to create."""
    creation = as_object(call.params.get("TableCreationParameters") or {})
    table = table_named(call, required_string(creation, "TableName"))
    yield _permission(call, table.arn, table.account, table)


def on_global_table(call: Call) -> Iterator[RequiredPermission]:
    """A global table has an ARN without a Region."""
    account = call.principal.account
    name = required_string(call.params, "GlobalTableName")
    yield _permission(call, f"{arn_prefix(account, '')}global-table/{name}", account)


def on_stream_of_iterator(call: Call) -> Iterator[RequiredPermission]:
    """Reading by a shard iterator needs permission on the stream that the iterator names."""
    yield _on_name(call, stream_of(required_string(call.params, "ShardIterator")))


def creating_table(further_actions: Mapping[str, str]) -> PermissionFinder:
    """Creating a table needs a further action for each of these parameters that the request has."""

    def find(call: Call) -> Iterator[RequiredPermission]:
        if call.params.get("TableName") is None:  # the one operation with other words for it
            raise Fault(
                "ValidationException",
                "The parameter 'TableName' is required but was not present in the request",
            )
        table = table_named(call, required_string(call.params, "TableName"))
        yield _permission(call, table.arn, table.account, table)
        for parameter, action in further_actions.items():
            if call.params.get(parameter):
                yield _permission(call, table.arn, table.account, table, action)

    return find


def restoring(*filling_actions: str) -> PermissionFinder:
    """Restoring a table needs permission on the source, and on the new table all that filling it takes."""

    def find(call: Call) -> Iterator[RequiredPermission]:
        target = table_named(call, required_string(call.params, "TargetTableName"))
        yield _on_name(call, restored_source(call))
        for action in (call.operation, *filling_actions):
            yield _permission(call, target.arn, target.account, target, action)

    return find


def restored_source(call: Call) -> str:
    """Return the name or ARN of the table, or the ARN of the backup, that a call restores."""
    params = call.params
    source = params.get("BackupArn") or params.get("SourceTableArn") or params.get("SourceTableName")
    return as_string(source or "")


def _on_name(call: Call, name: str) -> RequiredPermission:
    table = table_named(call, name)
    resource = name if name.startswith("arn:") else table.arn
    return _permission(call, resource, table.account, table)


def _permission(
    call: Call, resource: str, account: str, table: Table | None = None, action: str | None = None
) -> RequiredPermission:
    part = Part(table="" if table is None else table.name, params=call.params)
    return RequiredPermission(
        action=f"dynamodb:{action or call.operation}",
        resource=resource,
        account=account,
        part=part,
        table=table,
    )
