"""What authorisation and the checks of requests have to know of a table: its keys, indexes and tags.

The facts are read from the engine when first needed and forgotten when the table changes, so that no decision
rests on an earlier state.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynaseal_lab.dynamodb.engine import Engine, call_engine
from dynaseal_lab.dynamodb.table_names import Table


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What is known of a table.

    Args:
        partition_key: The name of its partition key.
        index_keys: The partition keys of its indexes.
        global_projections: The attributes that each global index has, where these are not all.
        tags: Its tags.
        protected: Whether it is protected from deletion.
    """

    partition_key: str
    index_keys: Mapping[str, str] = field(default_factory=dict[str, str])
    global_projections: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    protected: bool = False

    def partition_key_of(self, index: str | None) -> str | None:
        """Return the partition key of an index, or of the table; None for an index that does not exist."""
        return self.partition_key if index is None else self.index_keys.get(index)


class TableFactsCache:
    """The facts about the tables of one lab, kept until a table changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._facts: dict[Table, TableFacts] = {}

    async def of(self, table: Table) -> TableFacts | None:
        """Return what is known of a table; None where the table does not exist."""
        if table not in self._facts:
            facts = await self._read(table)
            if facts is None:
                return None
            self._facts[table] = facts
        return self._facts[table]

    def forget(self, table: Table) -> None:
        """Forget what was read, after the table was created, updated, tagged or deleted."""
        self._facts.pop(table, None)

    async def _read(self, table: Table) -> TableFacts | None:
        described = await call_engine(self._engine, table, "DescribeTable", TableName=table.name)
        if described is None:
            return None
        content = described["Table"]
        tagged = await call_engine(self._engine, table, "ListTagsOfResource", ResourceArn=table.arn) or {}
        indexes = [
            *content.get("GlobalSecondaryIndexes", ()),
            *content.get("LocalSecondaryIndexes", ()),
        ]
        return TableFacts(
            partition_key=_partition_key(content["KeySchema"]),
            index_keys={index["IndexName"]: _partition_key(index["KeySchema"]) for index in indexes},
            global_projections=dict(_partial_projections(content)),
            protected=bool(content.get("DeletionProtectionEnabled")),
            tags={tag["Key"]: tag.get("Value", "") for tag in tagged.get("Tags", ())},
        )


def _partial_projections(description: dict[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    for index in description.get("GlobalSecondaryIndexes", ()):
        projection = index.get("Projection", {})
        if projection.get("ProjectionType", "ALL") != "ALL":
            keys = [element["AttributeName"] for element in [*description["KeySchema"], *index["KeySchema"]]]
            yield index["IndexName"], frozenset([*keys, *projection.get("NonKeyAttributes", ())])


def _partition_key(schema: list[dict[str, str]]) -> str:
    return next(entry["AttributeName"] for entry in schema if entry["KeyType"] == "HASH")
