"""What a table's indexes project: whether a search through an index returns whole items.

DescribeTable is asked once for each table. An index that its description does not have is looked up again,
because it may be new. The function that asks is passed in: this module makes no requests.

Source: DynamoDB API Reference, `Projection`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from dynaseal.errors import UnsupportedOperationError

DescribeTable = Callable[[str], Mapping[str, Any]]
"""A function that calls DescribeTable for a table's name or ARN and returns its reply."""

_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


class IndexProjections:
    """Knows which indexes of the tables of one client project all attributes.

    Args:
        describe_table: Calls DescribeTable through that client.
    """

    def __init__(self, describe_table: DescribeTable) -> None:
        self._describe_table = describe_table
        self._types_by_table: dict[str, Mapping[str, str]] = {}

    def projects_all(self, operation: str, table: str, index: str) -> bool | None:
        """Return whether an index projects all attributes, or None if the table has no such index.

        Args:
            operation: The operation that needs to know, for messages.
            table: The table's name or ARN.
            index: The index's name.

        Raises:
            UnsupportedOperationError: DescribeTable was denied.
            botocore.exceptions.ClientError: DescribeTable failed for another reason.
        """
        types = self._types_by_table.get(table, {})
        if index not in types:
            types = self._types_by_table[table] = self._ask(operation, table)
        found = types.get(index)
        return None if found is None else found == "ALL"

    def forget(self) -> None:
        """Forget what was asked, because a table is being changed."""
        self._types_by_table.clear()

    def _ask(self, operation: str, table: str) -> Mapping[str, str]:
        try:
            description: Mapping[str, Any] = self._describe_table(table).get("Table") or {}
        except ClientError as error:
            details: Mapping[str, str] = error.response.get("Error") or {}  # pyright: ignore[reportAssignmentType] botocore-stubs has a TypedDict
            if details.get("Code") not in _DENIED:
                raise
            raise UnsupportedOperationError(
                f"{operation} on the table {table!r} uses an index, and whether that projects whole items "
                f"is not known: DescribeTable was denied ({details.get('Message') or details.get('Code')})",
                hint="Allow dynamodb:DescribeTable, or pass Select=ALL_ATTRIBUTES",
            ) from error
        types: dict[str, str] = {}
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            indexes: list[dict[str, Any]] = description.get(kind) or []
            for index in indexes:
                projection: Mapping[str, str] = index.get("Projection") or {}
                types[index["IndexName"]] = projection.get("ProjectionType", "")
        return types
