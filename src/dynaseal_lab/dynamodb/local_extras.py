"""What DynamoDB Local does not know: tags, storage keys, and whether point-in-time recovery is on.

Kept here beside the engine, so that policies may rest on tags and Terraform finds what it set. Backups
themselves it does not have: their operations stay unknown.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dynaseal_lab.dynamodb.engine import EngineReply
from dynaseal_lab.dynamodb.table_names import Table, table_in_arn
from dynaseal_lab.model import Fault, Params
from dynaseal_lab.record_store import RecordStore

Ask = Callable[[str, Params], Awaitable[EngineReply]]
_MOST_TAGS = 50


@dataclass(frozen=True, slots=True)
class TableExtras:
    """What is known of one table beyond the engine."""

    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    recovery_days: int | None = None


class LocalExtras:
    """The extras of all tables of one engine."""

    def __init__(self, record_store: RecordStore) -> None:
        self._extras = record_store.mapping("dynamodb-extra", TableExtras)
        self._handlers: Mapping[str, Callable[[Table, Params], Params]] = {
            "DescribeContinuousBackups": self._describe_backups,
            "ListTagsOfResource": self._list_tags,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "UpdateContinuousBackups": self._update_backups,
        }

    async def answer(
        self, account: str, region: str, operation: str, params: Params, ask: Ask
    ) -> EngineReply:
        """The answer to a request: the supplement's own, or the engine's.

        Args:
            account: who owns the tables.
            region: where they are.
            operation: `TagResource`.
            params: the request.
            ask: asks the engine.
        """
        handler = self._handlers.get(operation)
        if handler is not None:
            table = table_in_arn(params["ResourceArn"]) if "ResourceArn" in params else None
            table = table or Table(account, region, params["TableName"])
            described = await ask("DescribeTable", {"TableName": table.name})
            return described if described.status != 200 else _answered(handler, table, params)
        if operation == "CreateTable":
            return await self._create(account, region, params, ask)
        if operation == "UpdateTable":
            return await _update(params, ask)
        reply = await ask(operation, params)
        if operation == "DeleteTable" and reply.status == 200:
            self._extras.pop(Table(account, region, params["TableName"]).place, None)
        return reply

    @property
    def operations(self) -> frozenset[str]:
        """The operations that it has a part in."""
        return frozenset({*self._handlers, "CreateTable", "DeleteTable", "UpdateTable"})

    async def _create(self, account: str, region: str, params: Params, ask: Ask) -> EngineReply:
        tags = {tag["Key"]: tag.get("Value", "") for tag in params.get("Tags") or ()}
        reply = await ask("CreateTable", {name: value for name, value in params.items() if name != "Tags"})
        if reply.status == 200 and tags:
            self._extras[Table(account, region, params["TableName"]).place] = TableExtras(tags)
        return reply

    def _of(self, table: Table) -> TableExtras:
        return self._extras.get(table.place, TableExtras())

    def _list_tags(self, table: Table, _params: Params) -> Params:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._of(table).tags.items()]}

    def _tag(self, table: Table, params: Params) -> Params:
        extra = self._of(table)
        tags = {**extra.tags, **{tag["Key"]: tag["Value"] for tag in params["Tags"]}}
        if len(tags) > _MOST_TAGS:
            raise Fault(
                "ValidationException",
                f"Number of Tags exceed the current limit for the provided ResourceArn {table.arn}",
            )
        self._extras[table.place] = replace(extra, tags=tags)
        return {}

    def _untag(self, table: Table, params: Params) -> Params:
        extra = self._of(table)
        left = {key: value for key, value in extra.tags.items() if key not in params["TagKeys"]}
        self._extras[table.place] = replace(extra, tags=left)
        return {}

    def _update_backups(self, table: Table, params: Params) -> Params:
        asked = params["PointInTimeRecoverySpecification"]
        days = asked.get("RecoveryPeriodInDays", 35) if asked["PointInTimeRecoveryEnabled"] else None
        self._extras[table.place] = replace(self._of(table), recovery_days=days)
        return self._describe_backups(table, params)

    def _describe_backups(self, table: Table, _params: Params) -> Params:
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


async def _update(params: Params, ask: Ask) -> EngineReply:
    """A change of the storage key alone, which the lab keeps, is none for the engine."""
    left = {name: value for name, value in params.items() if name != "SSESpecification"}
    if set(left) != {"TableName"} or left == params:
        return await ask("UpdateTable", left)
    described = await ask("DescribeTable", left)
    if described.status != 200:
        return described
    return EngineReply(200, json.dumps({"TableDescription": described.content["Table"]}).encode())


def _answered(handler: Callable[[Table, Params], Params], table: Table, params: Params) -> EngineReply:
    return EngineReply(200, json.dumps(handler(table, params)).encode())
