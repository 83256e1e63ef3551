"""The tables that a client may use although no configuration names them: their items are not encrypted.

There are none unless the caller names them. A table whose name is misspelled, in `configs` or in a request,
would otherwise be written in the clear without an error.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Final, cast

from dynaseal.boto.interception.table_names import check_table_name, is_arn, table_arn, table_name
from dynaseal.errors import ConfigError


class AllOtherTables(Enum):
    """The type of `ALL_OTHER_TABLES`, which is its only value."""

    ALL_OTHER_TABLES = "ALL_OTHER_TABLES"

    def __repr__(self) -> str:
        return self.name


ALL_OTHER_TABLES: Final = AllOtherTables.ALL_OTHER_TABLES
"""`plaintext_tables=ALL_OTHER_TABLES`: every table without a configuration is used without encryption."""

PlaintextTables = Iterable[str] | AllOtherTables


class AllowedTables:
    """The tables without a configuration that a client may use.

    Args:
        plaintext_tables: Names or ARNs, or `ALL_OTHER_TABLES`.
        configured: The names of the configured tables.

    Raises:
        ConfigError: `plaintext_tables` is not an iterable of tables' names, or one of them is configured.
    """

    def __init__(self, plaintext_tables: PlaintextTables, configured: Iterable[str]) -> None:
        self._allows_all = isinstance(plaintext_tables, AllOtherTables)
        entries = (
            frozenset[str]() if isinstance(plaintext_tables, AllOtherTables) else _entries(plaintext_tables)
        )
        self._arns = frozenset(filter(is_arn, entries))
        self._names = entries - self._arns
        self._names_in_arns = frozenset(map(table_name, self._arns))
        for name in sorted((self._names | self._names_in_arns).intersection(configured)):
            raise ConfigError(
                f"The table {name!r} is both in configs and in plaintext_tables",
                hint="Leave it out of plaintext_tables: its configuration decides how its items are stored",
            )

    def allows(self, name_or_arn: str) -> bool:
        """Return whether a table without a configuration may be used.

        An entry of `plaintext_tables` that is a name allows every table with that name, in any account. An
        entry that is an ARN allows that table, by its ARN or by its name, and no other account's.
        """
        if self._allows_all or table_name(name_or_arn) in self._names:
            return True
        if is_arn(name_or_arn):
            return table_arn(name_or_arn) in self._arns
        return name_or_arn in self._names_in_arns


def _entries(plaintext_tables: object) -> frozenset[str]:
    if isinstance(plaintext_tables, str | bytes) or not isinstance(plaintext_tables, Iterable):
        example = plaintext_tables if isinstance(plaintext_tables, str) else "audit"
        raise ConfigError(
            f"plaintext_tables is of type {type(plaintext_tables).__name__}, and it must list tables' names",
            hint=f"Write plaintext_tables=({example!r},)",
        )
    names = cast("Iterable[object]", plaintext_tables)
    entries = [check_table_name(name, "plaintext_tables") for name in names]
    return frozenset(table_arn(name) if is_arn(name) else name for name in entries)
