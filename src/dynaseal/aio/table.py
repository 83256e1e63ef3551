"""EncryptedTable over aioboto3.

A type checker sees `EncryptedTable` as types-aiobotocore's `Table` with another constructor, as
`dynaseal.aio.client` explains.
"""

from typing import TYPE_CHECKING, Any

from dynaseal.aio.handlers import on_loop
from dynaseal.aio.running import run
from dynaseal.boto.check_table import Finding, check_table
from dynaseal.boto.wrappers.holders import TableHolder
from dynaseal.boto.wrappers.table_arguments import Boto3Table, config_from_arguments, encrypting_table
from dynaseal.boto.wrappers.table_info import TableInfo
from dynaseal.config import TableConfig, UpdateMode
from dynaseal.core.actions import AttributeActions
from dynaseal.errors import ConfigError
from dynaseal.materials.model import AnyKeyring

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.service_resource import Table

    from dynaseal.legacy.items import Legacy
else:
    Table = TableHolder


class EncryptedTable(Table):
    """An aioboto3 Table whose items are encrypted on the way out, and verified and decrypted on the way in.

    The methods, their arguments and what they refuse are those of `dynaseal.EncryptedTable`; each returns a
    coroutine, and `batch_writer` an asynchronous context manager.

    Args:
        table: An aioboto3 Table. It is not changed.
        config: The table's configuration.

    Raises:
        ConfigError: `table` is not an aioboto3 Table.
    """

    _table: Any
    _config: TableConfig | None

    def __init__(self, table: Boto3Table, *, config: TableConfig) -> None:
        self._config = config_from_arguments(table, config=config)
        self._table = encrypting_table(table, self._config, on_loop)

    @classmethod
    async def create(
        cls,
        table: Boto3Table,
        materials_provider: AnyKeyring,
        table_info: TableInfo | None = None,
        attribute_actions: AttributeActions | None = None,
        auto_refresh_table_indexes: bool = True,
        *,
        legacy: "Legacy | None" = None,
        update_mode: UpdateMode | None = None,
    ) -> "EncryptedTable":
        """Return an encrypted table from the arguments that `dynaseal.EncryptedTable` takes without a config.

        Args:
            table: An aioboto3 Table. It is not changed.
            materials_provider: A keyring.
            table_info: The table's keys, if they should not be read from DynamoDB.
            attribute_actions: What is done with each attribute. By default everything but the keys is
                encrypted. Keys of the table and of its indexes are signed.
            auto_refresh_table_indexes: Whether keys that `table_info` does not have are read from DynamoDB
                (DescribeTable).
            legacy: Whether items of the older format are read and written.
            update_mode: Whether updates may touch signed attributes.

        Raises:
            ConfigError: the arguments contradict each other or are not enough.
        """
        config = await run(
            config_from_arguments,
            table,
            materials_provider,
            table_info,
            attribute_actions,
            auto_refresh_table_indexes,
            legacy=legacy,
            update_mode=update_mode,
        )
        return cls(table, config=config)

    @classmethod
    def from_encrypting_table(cls, table: Any, config: TableConfig | None) -> "EncryptedTable":
        """Return the encrypted table for an aioboto3 Table whose client encrypts already."""
        encrypted = cls.__new__(cls)
        encrypted.__dict__ |= {"_table": table, "_config": config}
        return encrypted

    async def check_configuration(self) -> list[Finding]:
        """Compare the configuration with the table in DynamoDB; see `dynaseal.check_table`.

        Raises:
            ConfigError: the table has no configuration.
        """
        if self._config is None:
            raise ConfigError(
                f"The table {self._table.name!r} has no configuration", hint="Add the table to configs"
            )
        return await run(check_table, self._table.meta.client, self._table.name, self._config)
