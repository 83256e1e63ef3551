"""EncryptedTable: a boto3 Table that encrypts, beside the one it is made from."""

from collections.abc import Iterator
from typing import Any

from dynaseal.boto.interception.attach import client_of, encrypting_twin, speak_python
from dynaseal.boto.wrappers.table_info import TableInfo
from dynaseal.config import TableConfig
from dynaseal.core.actions import AttributeActions, CryptoAction
from dynaseal.errors import ConfigError
from dynaseal.materials.model import Keyring


class EncryptedTable:
    """A boto3 Table whose items are encrypted on the way out, and verified and decrypted on the way in.

    It takes and gives Python values and condition objects, as boto3's Table does, and has its attributes.
    A request that cannot be made safe is refused before it is sent. The Table given is not changed.

    Args:
        table: A boto3 Table.
        materials_provider: A keyring, where no `config` is given.
        table_info: The table's keys, where they need not be read from DynamoDB.
        attribute_actions: What is done with each attribute, where no `config` is given; left out, everything
            but keys is encrypted. Keys of the table and of its indexes are signed.
        auto_refresh_table_indexes: Whether keys that are not given are read from DynamoDB (DescribeTable).
        config: The table's configuration, in place of the others.

    Raises:
        ConfigError: the parts contradict each other or are not enough.

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

    _table: Any

    def __init__(
        self,
        table: Any,
        materials_provider: Keyring | None = None,
        table_info: TableInfo | None = None,
        attribute_actions: AttributeActions | None = None,
        auto_refresh_table_indexes: bool = True,
        *,
        config: TableConfig | None = None,
    ) -> None:
        client = client_of(table)
        if not hasattr(table, "name"):
            raise ConfigError(f"{type(table).__name__} is no boto3 Table", hint="Give resource.Table(name)")
        if config is None:
            if materials_provider is None:
                raise ConfigError("An EncryptedTable needs a config or a materials_provider")
            info = table_info or TableInfo(table.name)
            if auto_refresh_table_indexes and not info.is_complete:
                info.refresh_indexed_attributes(client)
            config = _config(info, materials_provider, attribute_actions or AttributeActions())
        elif materials_provider or table_info or attribute_actions:
            raise ConfigError("A config says everything: give it alone, or the other arguments without it")
        twin = encrypting_twin(client, {table.name: config})
        speak_python(twin, wanted=True)
        self._table = type(table)(table.name, client=twin)

    @classmethod
    def over(cls, table: Any) -> "EncryptedTable":
        """Give the encrypted table over a boto3 Table whose client encrypts already."""
        made = cls.__new__(cls)
        vars(made)["_table"] = table
        return made

    def put_item(self, **kwargs: Any) -> dict[str, Any]:
        """Encrypt and store an item; see boto3's `Table.put_item`."""
        return self._table.put_item(**kwargs)

    def get_item(self, **kwargs: Any) -> dict[str, Any]:
        """Read, verify and decrypt an item; see boto3's `Table.get_item`."""
        return self._table.get_item(**kwargs)

    def delete_item(self, **kwargs: Any) -> dict[str, Any]:
        """Delete an item; what it returns of it is decrypted. See boto3's `Table.delete_item`."""
        return self._table.delete_item(**kwargs)

    def update_item(self, **kwargs: Any) -> dict[str, Any]:
        """Update unsigned attributes of an item; signed ones are refused. See boto3's `Table.update_item`."""
        return self._table.update_item(**kwargs)

    def query(self, **kwargs: Any) -> dict[str, Any]:
        """Query items, verify and decrypt them; see boto3's `Table.query`."""
        return self._table.query(**kwargs)

    def scan(self, **kwargs: Any) -> dict[str, Any]:
        """Scan items, verify and decrypt them; see boto3's `Table.scan`."""
        return self._table.scan(**kwargs)

    def batch_writer(self, overwrite_by_pkeys: list[str] | None = None) -> Any:
        """Give boto3's batch writer: items put are encrypted, deletions pass."""
        return self._table.batch_writer(overwrite_by_pkeys)

    def __getattr__(self, name: str) -> Any:
        table = self.__dict__.get("_table")
        if table is not None and not name.startswith("_") and hasattr(table, name):
            return getattr(table, name)
        raise AttributeError(f"EncryptedTable has no attribute {name!r}: it passes on what boto3's Table has")

    def __dir__(self) -> Iterator[str]:
        yield from {*super().__dir__(), *(name for name in dir(self._table) if not name.startswith("_"))}

    def __repr__(self) -> str:
        return f"EncryptedTable({self._table.name!r})"


def _config(info: TableInfo, keyring: Keyring, actions: AttributeActions) -> TableConfig:
    """Build a table's configuration as the older library would have: keys of indexes are signed."""
    key = info.key()
    indexed = dict.fromkeys(info.index_attributes() - key.attributes, CryptoAction.SIGN_ONLY)
    return TableConfig(
        info.name,
        key.partition,
        key.sort,
        attribute_actions=AttributeActions(actions.default_action, {**indexed, **actions.attribute_actions}),
        keyring=keyring,
    )
