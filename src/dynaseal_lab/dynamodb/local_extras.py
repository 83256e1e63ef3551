"""What DynamoDB Local lacks: tags, storage keys, and whether point-in-time recovery is on.

They are kept here, so that policies can rest on tags and Terraform finds what it has set. DynamoDB Local has
no backups either; they are not added, so operations on them are unknown to it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dynaseal_lab.dynamodb.engine import EngineReply
from dynaseal_lab.dynamodb.table_names import Table, table_in_arn
from dynaseal_lab.model import Params, Reply
from dynaseal_lab.record_store import RecordStore


@dataclass(frozen=True, slots=True)
class TableExtras:
    """What is known of one table that the engine does not know."""

    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    recovery_days: int | None = None


@dataclass(frozen=True, slots=True)
class LocalRequest:
    """A request about tables of one account in one Region.

    Args:
        account: Who owns the tables.
        region: Where they are.
        params: The parameters.
        send: Sends DynamoDB Local an operation with its parameters, in this account and Region.
    """

    account: str
    region: str
    params: Params
    send: Callable[[str, Params], Awaitable[EngineReply]]

    @property
    def table(self) -> Table:
        """The table that the request is about."""
        if "ResourceArn" in self.params:
            return table_in_arn(self.params["ResourceArn"])
        return Table(self.account, self.region, self.params["TableName"])


class LocalExtras:
    """The extras of all tables of one engine, and the operations that involve them."""

    def __init__(self, record_store: RecordStore) -> None:
        self._extras = record_store.mapping("dynamodb-extra", TableExtras)

    async def create_table(self, request: LocalRequest) -> EngineReply:
        """Create a table, and keep its tags here."""
        tags = {tag["Key"]: tag.get("Value", "") for tag in request.params.get("Tags") or ()}
        params = {name: value for name, value in request.params.items() if name != "Tags"}
        reply = await request.send("CreateTable", params)
        if reply.status == 200 and tags:
            self._extras[request.table.record_key] = TableExtras(tags)
        return reply

    async def update_table(self, request: LocalRequest) -> EngineReply:
        """Change a table without its storage key, which the lab keeps; a change of that alone is not sent."""
        params = {name: value for name, value in request.params.items() if name != "SSESpecification"}
        if set(params) != {"TableName"} or params == request.params:
            return await request.send("UpdateTable", params)
        described = await request.send("DescribeTable", params)
        if described.status != 200:
            return described
        return EngineReply.success({"TableDescription": described.content["Table"]})

    async def delete_table(self, request: LocalRequest) -> EngineReply:
        """Delete a table and forget its extras."""
        reply = await request.send("DeleteTable", request.params)
        if reply.status == 200:
            self._extras.pop(request.table.record_key, None)
        return reply

    async def list_tags_of_resource(self, request: LocalRequest) -> EngineReply:
        """Return the tags of a table."""
        return await self._for_table(request, self._list_tags)

    async def tag_resource(self, request: LocalRequest) -> EngineReply:
        """Add tags to a table, or give its tags new values."""
        return await self._for_table(request, self._add_tags)

    async def untag_resource(self, request: LocalRequest) -> EngineReply:
        """Remove tags from a table."""
        return await self._for_table(request, self._remove_tags)

    async def describe_continuous_backups(self, request: LocalRequest) -> EngineReply:
        """Return whether point-in-time recovery is on."""
        return await self._for_table(request, self._describe_backups)

    async def update_continuous_backups(self, request: LocalRequest) -> EngineReply:
        """Switch point-in-time recovery on or off."""
        return await self._for_table(request, self._update_backups)

    async def _for_table(
        self, request: LocalRequest, operation: Callable[[Table, Params], Reply]
    ) -> EngineReply:
        """Carry out the operation, if the table exists; otherwise return the engine's error."""
        table = request.table
        described = await request.send("DescribeTable", {"TableName": table.name})
        return EngineReply.success(operation(table, request.params)) if described.status == 200 else described

    def _of(self, table: Table) -> TableExtras:
        return self._extras.get(table.record_key, TableExtras())

    def _list_tags(self, table: Table, _params: Params) -> Reply:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._of(table).tags.items()]}

    def _add_tags(self, table: Table, params: Params) -> Reply:
        extras = self._of(table)
        tags = {**extras.tags, **{tag["Key"]: tag["Value"] for tag in params["Tags"]}}
        self._extras[table.record_key] = replace(extras, tags=tags)
        return {}

    def _remove_tags(self, table: Table, params: Params) -> Reply:
        extras = self._of(table)
        tags = {key: value for key, value in extras.tags.items() if key not in params["TagKeys"]}
        self._extras[table.record_key] = replace(extras, tags=tags)
        return {}

    def _update_backups(self, table: Table, params: Params) -> Reply:
        recovery = params["PointInTimeRecoverySpecification"]
        days = recovery.get("RecoveryPeriodInDays", 35) if recovery["PointInTimeRecoveryEnabled"] else None
        self._extras[table.record_key] = replace(self._of(table), recovery_days=days)
        return self._describe_backups(table, params)

    def _describe_backups(self, table: Table, _params: Params) -> Reply:
        days = self._of(table).recovery_days
        recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": "DISABLED" if days is None else "ENABLED"}
        if days is not None:
            recovery["RecoveryPeriodInDays"] = days
        return {
            "ContinuousBackupsDescription": {
                "ContinuousBackupsStatus": "ENABLED",
                "PointInTimeRecoveryDescription": recovery,
            }
        }
