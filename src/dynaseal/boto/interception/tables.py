"""The tables that one client may use: which of them a request means, and that every other is refused.

Source: specification `ddb-support.md`.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn, cast

from dynaseal.boto.interception.configured_table import ConfiguredTable
from dynaseal.boto.interception.idempotency import SentTransactions
from dynaseal.boto.interception.plaintext_tables import AllowedTables, PlaintextTables
from dynaseal.boto.interception.table_names import check_table_name, table_name
from dynaseal.config import TableConfig
from dynaseal.core.lazy import LazyModule
from dynaseal.errors import ConfigError, UnsupportedOperationError

if TYPE_CHECKING:
    import difflib
else:
    difflib = LazyModule("difflib")

_SHOWN_NAMES = 5
_LONGEST_NAME = 1024  # an ARN's


class Tables:
    """The tables that one client may use: configured ones, and those whose items are not encrypted.

    Attributes:
        sent_transactions: What the client sent under its callers' tokens.

    Args:
        configs: Table names (or ARNs) and the tables' configurations.
        plaintext_tables: Names (or ARNs) of tables that may be used without a configuration.

    Raises:
        ConfigError: two entries mean one table, or an argument is not of the right type.
    """

    def __init__(self, configs: Mapping[str, TableConfig], plaintext_tables: PlaintextTables = ()) -> None:
        self._by_name: dict[str, ConfiguredTable] = {}
        for name_or_arn, config in _checked_configs(configs).items():
            name = table_name(name_or_arn)
            if name in self._by_name:
                raise ConfigError(f"The table {name!r} is configured twice", hint="Leave one of them out")
            self._by_name[name] = ConfiguredTable(name, config)
        self._allowed = AllowedTables(plaintext_tables, self._by_name)
        self.sent_transactions: SentTransactions = SentTransactions()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the configured tables."""
        return tuple(self._by_name)

    @property
    def configs(self) -> tuple[TableConfig, ...]:
        """The tables' configurations."""
        return tuple(table.config for table in self._by_name.values())

    def configured(self, name_or_arn: Any) -> ConfiguredTable | None:
        """Return the table that a name or an ARN means, or None if it is not configured."""
        if not isinstance(name_or_arn, str):
            return None
        return self._by_name.get(name_or_arn) or self._by_name.get(table_name(name_or_arn))

    def for_request(self, operation: str, name_or_arn: Any) -> ConfiguredTable | None:
        """Return the table that a request names, or None if its items may be used unencrypted.

        Raises:
            UnsupportedOperationError: it is neither configured nor among the plaintext tables.
            TypeError: it is not a string.
        """
        table = self.configured(name_or_arn)
        if table is None and not self.is_plaintext(name_or_arn):
            if not isinstance(name_or_arn, str):
                raise TypeError(f"{operation} names a table by a value of type {type(name_or_arn).__name__}")
            self.refuse_unknown(operation, name_or_arn)
        return table

    def is_plaintext(self, name_or_arn: Any) -> bool:
        """Return whether a table is not configured, and its items may be used unencrypted."""
        return (
            isinstance(name_or_arn, str)
            and self.configured(name_or_arn) is None
            and self._allowed.allows(name_or_arn)
        )

    def refuse_unknown(self, operation: str, name: str) -> NoReturn:
        """Refuse an operation on a table that is neither configured nor among the plaintext tables.

        Raises:
            UnsupportedOperationError: always.
        """
        nearest = sorted(self._by_name, key=lambda each: (-_likeness(table_name(name), each), each))
        shown = ", ".join(map(repr, nearest[:_SHOWN_NAMES]))
        more = f" and {len(nearest) - _SHOWN_NAMES} more" if len(nearest) > _SHOWN_NAMES else ""
        raise UnsupportedOperationError(
            f"{operation} is on the table {shorten(name)}, which no configuration names: its items would be "
            f"written and read without encryption. Configured: {shown}{more}",
            hint="Correct the name, add the table to configs, or name it in plaintext_tables if its items "
            "need no encryption",
        )


def _checked_configs(configs: object) -> dict[str, TableConfig]:
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


def _checked_config(name: object, config: object) -> TableConfig:
    if isinstance(config, TableConfig):
        return config
    kind = config.__name__ if isinstance(config, type) else type(config).__name__
    raise ConfigError(
        f"configs has for the table {name!r} a value of type {kind}, which is not a TableConfig",
        hint=f"Write configs={{{name!r}: TableConfig(...)}}",
    )


def _likeness(name: str, other: str) -> float:
    return difflib.SequenceMatcher(None, name.casefold(), other.casefold()).ratio()


def shorten(name: str) -> str:
    """Return a name from a request in quotes, cut if it is longer than any name in DynamoDB."""
    return repr(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}...")
