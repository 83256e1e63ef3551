"""The keys of a table and of its indexes, under the names that users of the older library know."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynaseal import drivers
from dynaseal.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TableIndex:
    """The key of a table or of one of its indexes.

    Args:
        partition: The partition key's name.
        sort: The sort key's name, if there is one.
    """

    partition: str
    sort: str | None = None

    @classmethod
    def from_key_schema(cls, schema: Iterable[Mapping[str, Any]]) -> "TableIndex":
        """Build from a key schema as DescribeTable returns it.

        Example:
            >>> TableIndex.from_key_schema([{"AttributeName": "pk", "KeyType": "HASH"}])
            TableIndex(partition='pk', sort=None)
        """
        names = {entry["KeyType"]: entry["AttributeName"] for entry in schema}
        return cls(names["HASH"], names.get("RANGE"))

    @property
    def attributes(self) -> frozenset[str]:
        """The names of the key's one or two attributes."""
        return frozenset({self.partition} if self.sort is None else {self.partition, self.sort})


@dataclass(slots=True)
class TableInfo:
    """The keys of a table and of its secondary indexes.

    Args:
        name: The table's name.
        all_encrypting_secondary_indexes: Whether the indexes' key attributes may be encrypted.
        primary_index: The table's key; read from DynamoDB by default.
        secondary_indexes: The indexes' keys; read from DynamoDB by default.
    """

    name: str
    all_encrypting_secondary_indexes: bool = False
    primary_index: TableIndex | None = None
    secondary_indexes: Iterable[TableIndex] | None = field(default=None)

    def __post_init__(self) -> None:
        if self.secondary_indexes is not None:
            self.secondary_indexes = tuple(self.secondary_indexes)

    @property
    def is_complete(self) -> bool:
        """Whether nothing has to be read from DynamoDB."""
        return self.primary_index is not None and self.secondary_indexes is not None

    def refresh_indexed_attributes(self, client: Any) -> None:
        """Read the table's keys from DynamoDB, with DescribeTable."""
        table = drivers.call(client.describe_table, TableName=self.name)["Table"]
        self.primary_index = TableIndex.from_key_schema(table["KeySchema"])
        indexes = [*table.get("GlobalSecondaryIndexes", ()), *table.get("LocalSecondaryIndexes", ())]
        self.secondary_indexes = tuple(TableIndex.from_key_schema(index["KeySchema"]) for index in indexes)

    def key(self) -> TableIndex:
        """Return the table's key.

        Raises:
            ConfigError: it is not known yet.
        """
        if self.primary_index is None:
            raise ConfigError(
                f"The key of the table {self.name!r} is not known",
                hint="Pass primary_index, or leave auto_refresh_table_indexes at True",
            )
        return self.primary_index

    def index_attributes(self) -> frozenset[str]:
        """Return the names of attributes that must stay readable for DynamoDB's secondary indexes."""
        if self.all_encrypting_secondary_indexes:
            return frozenset()
        return frozenset(name for index in self.secondary_indexes or () for name in index.attributes)
