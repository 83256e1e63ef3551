"""What authorisation must know of a table to decide: its keys and tags.

Read from the engine when first needed and forgotten at every change: no decision rests on what was.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dynaseal_lab.dynamodb.engine import TARGET, Engine
from dynaseal_lab.dynamodb.table_names import Table


@dataclass(frozen=True, slots=True)
class TableFacts:
    """The partition key of the table and of each index, the table's tags, and whether it may be deleted."""

    partition_key: str
    index_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    protected: bool = False

    def partition_key_of(self, index: str | None) -> str | None:
        """The partition key of an index, or of the table itself; None for an index that is not there."""
        return self.partition_key if index is None else self.index_keys.get(index)


class TableFactsCache:
    """The facts about every table of one lab."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._facts: dict[Table, TableFacts] = {}

    async def of(self, table: Table) -> TableFacts | None:
        """What is known of a table; None where there is none of this name."""
        if table not in self._facts:
            found = await self._read(table)
            if found is None:
                return None
            self._facts[table] = found
        return self._facts[table]

    def forget(self, table: Table) -> None:
        """Forget what was read: the table was created, updated, tagged or deleted."""
        self._facts.pop(table, None)

    async def _read(self, table: Table) -> TableFacts | None:
        described = await self._ask(table, "DescribeTable", {"TableName": table.name})
        if described is None:
            return None
        content = described["Table"]
        tagged = await self._ask(table, "ListTagsOfResource", {"ResourceArn": table.arn}) or {}
        indexes = [
            *content.get("GlobalSecondaryIndexes", ()),
            *content.get("LocalSecondaryIndexes", ()),
        ]
        return TableFacts(
            partition_key=_partition_key(content["KeySchema"]),
            index_keys={index["IndexName"]: _partition_key(index["KeySchema"]) for index in indexes},
            protected=bool(content.get("DeletionProtectionEnabled")),
            tags={tag["Key"]: tag.get("Value", "") for tag in tagged.get("Tags", ())},
        )

    async def _ask(self, table: Table, operation: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
        reply = await self._engine.request(
            table.account, table.region, TARGET + operation, json.dumps(params).encode()
        )
        return reply.content if reply.status == 200 else None


def _partition_key(schema: list[dict[str, str]]) -> str:
    return next(entry["AttributeName"] for entry in schema if entry["KeyType"] == "HASH")
