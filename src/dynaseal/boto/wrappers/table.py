"""EncryptedTable: a boto3 Table that encrypts, made from one that does not.

A type checker sees `EncryptedTable` as boto3-stubs' `Table` with another constructor, so its methods take and
return what boto3-stubs says. Where boto3-stubs is not installed, they take and return Any. Nothing of this
exists at run time: there the class only refuses to be copied, and passes on the attributes of the Table that
it holds.
"""

from typing import TYPE_CHECKING, Any

from boto3.dynamodb.table import BatchWriter

from dynaseal.boto.check_table import Finding, check_table
from dynaseal.boto.interception.attach import unwrapped
from dynaseal.boto.wrappers.holders import TableHolder
from dynaseal.boto.wrappers.table_arguments import Boto3Table, config_from_arguments, encrypting_table
from dynaseal.boto.wrappers.table_info import TableInfo
from dynaseal.config import TableConfig, UpdateMode
from dynaseal.core.actions import AttributeActions
from dynaseal.errors import ConfigError
from dynaseal.materials.model import Keyring

if TYPE_CHECKING:
    from typing import Unpack

    from mypy_boto3_dynamodb.service_resource import Table
    from mypy_boto3_dynamodb.type_defs import (
        DeleteItemInputTableDeleteItemTypeDef,
        DeleteItemOutputTableTypeDef,
        GetItemInputTableGetItemTypeDef,
        GetItemOutputTableTypeDef,
        PutItemInputTablePutItemTypeDef,
        PutItemOutputTableTypeDef,
        QueryInputTableQueryTypeDef,
        QueryOutputTableTypeDef,
        ScanInputTableScanTypeDef,
        ScanOutputTableTypeDef,
        UpdateItemInputTableUpdateItemTypeDef,
        UpdateItemOutputTableTypeDef,
    )

    from dynaseal.legacy.items import Legacy
else:
    Table = TableHolder


class EncryptedTable(Table):
    """A boto3 Table whose items are encrypted on the way out, and verified and decrypted on the way in.

    It takes and returns Python values and condition objects, as boto3's Table does, and has its attributes.
    A request that cannot be made safe is refused before it is sent, and so is one on items of another table.
    The Table passed in is not changed.

    Args:
        table: A boto3 Table.
        materials_provider: A keyring, if there is no `config`.
        table_info: The table's keys, if they should not be read from DynamoDB.
        attribute_actions: What is done with each attribute, if there is no `config`. By default everything
            but the keys is encrypted. Keys of the table and of its indexes are signed.
        auto_refresh_table_indexes: Whether keys that `table_info` does not have are read from DynamoDB
            (DescribeTable).
        config: The table's configuration, in place of the other arguments.
        legacy: Whether items of the older format are read and written, if there is no `config`.
        update_mode: Whether updates may touch signed attributes, if there is no `config`.

    Raises:
        ConfigError: the arguments contradict each other or are not enough.

    Example:
        >>> import boto3
        >>> from dynaseal import AttributeActions, CryptoAction, RawAesKeyring, TableConfig
        >>> config = TableConfig(
        ...     "people", "pk",
        ...     attribute_actions=AttributeActions(attribute_actions={"city": CryptoAction.SIGN_ONLY}),
        ...     keyring=RawAesKeyring("payroll", "2026", bytes(32)),
        ... )
        >>> table = boto3.resource("dynamodb", region_name="us-west-2").Table("people")
        >>> EncryptedTable(table, config=config).name
        'people'
    """

    _table: "Table"
    _config: TableConfig | None

    def __init__(
        self,
        table: Boto3Table,
        materials_provider: Keyring | None = None,
        table_info: TableInfo | None = None,
        attribute_actions: AttributeActions | None = None,
        auto_refresh_table_indexes: bool = True,
        *,
        config: TableConfig | None = None,
        legacy: "Legacy | None" = None,
        update_mode: UpdateMode | None = None,
    ) -> None:
        self._config = config_from_arguments(
            table,
            materials_provider,
            table_info,
            attribute_actions,
            auto_refresh_table_indexes,
            config=config,
            legacy=legacy,
            update_mode=update_mode,
        )
        self._table = encrypting_table(table, self._config, unwrapped)

    @classmethod
    def from_encrypting_table(cls, table: "Table", config: TableConfig | None) -> "EncryptedTable":
        """Return the encrypted table for a boto3 Table whose client encrypts already."""
        encrypted = cls.__new__(cls)
        vars(encrypted).update(_table=table, _config=config)
        return encrypted

    def check_configuration(self) -> list[Finding]:
        """Compare the configuration with the table in DynamoDB; see `check_table`.

        No request does this by itself: it calls DescribeTable and DescribeTimeToLive, for which a program
        that uses items needs no permission. Call it when a program starts, or in a test of a deployment.

        Returns:
            What does not fit, errors first; an empty list if everything fits.

        Raises:
            ConfigError: the table has no configuration.
        """
        if self._config is None:
            raise ConfigError(
                f"The table {self._table.name!r} has no configuration", hint="Add the table to configs"
            )
        return check_table(self._table.meta.client, self._table.name, self._config)

    def put_item(self, **kwargs: "Unpack[PutItemInputTablePutItemTypeDef]") -> "PutItemOutputTableTypeDef":
        """Encrypt and store an item; see boto3's `Table.put_item`."""
        return self._table.put_item(**kwargs)

    def get_item(self, **kwargs: "Unpack[GetItemInputTableGetItemTypeDef]") -> "GetItemOutputTableTypeDef":
        """Read, verify and decrypt an item; see boto3's `Table.get_item`."""
        return self._table.get_item(**kwargs)

    def delete_item(
        self, **kwargs: "Unpack[DeleteItemInputTableDeleteItemTypeDef]"
    ) -> "DeleteItemOutputTableTypeDef":
        """Delete an item; the attributes that it returns are decrypted. See boto3's `Table.delete_item`."""
        return self._table.delete_item(**kwargs)

    def update_item(
        self, **kwargs: "Unpack[UpdateItemInputTableUpdateItemTypeDef]"
    ) -> "UpdateItemOutputTableTypeDef":
        """Update an item; whether its signed attributes too, is the configuration's `update_mode`.

        See boto3's `Table.update_item`.
        """
        return self._table.update_item(**kwargs)

    def query(self, **kwargs: "Unpack[QueryInputTableQueryTypeDef]") -> "QueryOutputTableTypeDef":
        """Query items, verify and decrypt them; see boto3's `Table.query`."""
        return self._table.query(**kwargs)

    def scan(self, **kwargs: "Unpack[ScanInputTableScanTypeDef]") -> "ScanOutputTableTypeDef":
        """Scan items, verify and decrypt them; see boto3's `Table.scan`."""
        return self._table.scan(**kwargs)

    def batch_writer(self, overwrite_by_pkeys: list[str] | None = None) -> BatchWriter:
        """Return boto3's batch writer: the items that it puts are encrypted."""
        batch_writer: Any = self._table.batch_writer  # boto3-stubs does not allow None here; boto3 does
        return batch_writer(overwrite_by_pkeys)
