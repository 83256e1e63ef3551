"""The tables that a client may use although no configuration names them: their items are not encrypted.

There are none unless the caller names them. A table whose name is misspelled, in `configs` or in a request,
would otherwise be written in the clear without an error.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, cast

from dynaseal.config import TableConfig
from dynaseal.errors import ConfigError

_ARN_RESOURCE = ":table/"
# A table's name in DynamoDB; its length is not checked here.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


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
        self._arns = frozenset(filter(_is_arn, entries))
        self._names = entries - self._arns
        self._names_in_arns = frozenset(map(table_name, self._arns))
        for name in sorted((self._names | self._names_in_arns).intersection(configured)):
            raise ConfigError(
                f"The table {name!r} is both in configs and in plaintext_tables",
                hint="Leave it out of plaintext_tables: its configuration decides how its items are stored",
            )

    def allow(self, name_or_arn: str) -> bool:
        """Return whether a table without a configuration may be used.

        An entry of `plaintext_tables` that is a name allows every table with that name, in any account. An
        entry that is an ARN allows that table, by its ARN or by its name, and no other account's.
        """
        if self._allows_all or table_name(name_or_arn) in self._names:
            return True
        if _is_arn(name_or_arn):
            return _table_arn(name_or_arn) in self._arns
        return name_or_arn in self._names_in_arns


def table_name(name_or_arn: str) -> str:
    """Return the name of a table, given its name, its ARN or the ARN of something in it.

    Example:
        >>> table_name("arn:aws:dynamodb:us-west-2:111122223333:table/people/index/by-city")
        'people'
    """
    if not _is_arn(name_or_arn):
        return name_or_arn
    return name_or_arn.partition(_ARN_RESOURCE)[2].partition("/")[0]


def checked_configs(configs: object) -> dict[str, TableConfig]:
    """Return the configurations after checking that they are a mapping of tables' names to configurations.

    Args:
        configs: What the caller gave, which a type checker has not necessarily seen.

    Raises:
        ConfigError: it is something else, or it is empty.
    """
    if isinstance(configs, TableConfig):
        raise ConfigError(
            "configs is a TableConfig, and it must map tables' names to configurations",
            hint=f"Write configs={{{configs.logical_table_name!r}: config}}, by the table's name in DynamoDB",
        )
    if not isinstance(configs, Mapping) or not configs:
        problem = "empty" if isinstance(configs, Mapping) else f"of type {type(configs).__name__}"
        raise ConfigError(
            f"configs is {problem}, and it must map tables' names to configurations",
            hint='Write configs={"people": config}, with the table\'s name in DynamoDB',
        )
    entries = cast("Mapping[object, object]", configs)
    return {
        check_table_name(name, "configs"): _checked_config(name, config) for name, config in entries.items()
    }


def check_table_name(name: object, parameter: str) -> str:
    """Return a table's name or ARN after checking it.

    Raises:
        ConfigError: it is neither.
    """
    if not isinstance(name, str):
        raise ConfigError(
            f"{parameter} names a table by a value of type {type(name).__name__}",
            hint="Name each table by its name in DynamoDB, or by its ARN",
        )
    # An index's ARN is accepted for its table, as it is in requests.
    if not _NAME.fullmatch(table_name(name)):
        raise ConfigError(
            f"{parameter} names the table {name!r}, which is neither a table's name nor a table's ARN",
            hint="A name has letters, digits, '_', '-' and '.' only; an ARN ends in :table/ and the name",
        )
    return name


def _checked_config(name: object, config: object) -> TableConfig:
    if isinstance(config, TableConfig):
        return config
    kind = config.__name__ if isinstance(config, type) else type(config).__name__
    raise ConfigError(
        f"configs has for the table {name!r} a value of type {kind}, which is not a TableConfig",
        hint=f"Write configs={{{name!r}: TableConfig(...)}}",
    )


def _entries(plaintext_tables: object) -> frozenset[str]:
    if isinstance(plaintext_tables, str | bytes) or not isinstance(plaintext_tables, Iterable):
        example = plaintext_tables if isinstance(plaintext_tables, str) else "audit"
        raise ConfigError(
            f"plaintext_tables is of type {type(plaintext_tables).__name__}, and it must list tables' names",
            hint=f"Write plaintext_tables=({example!r},)",
        )
    names = cast("Iterable[object]", plaintext_tables)
    entries = [check_table_name(name, "plaintext_tables") for name in names]
    return frozenset(_table_arn(name) if _is_arn(name) else name for name in entries)


def _is_arn(name_or_arn: str) -> bool:
    return name_or_arn.startswith("arn:")


def _table_arn(arn: str) -> str:
    """Return the ARN of a table, given it or the ARN of something in the table."""
    account, resource, name = arn.partition(_ARN_RESOURCE)
    return account + resource + name.partition("/")[0]
