"""EncryptedTable: a boto3 Table that writes and reads the older format."""

from functools import cached_property, partial
from typing import Any

from boto3.dynamodb.table import BatchWriter
from boto3.resources.base import ServiceResource

from dynaseal.legacy.encrypted import CryptoConfig
from dynaseal.legacy.encrypted.client import EncryptedClient
from dynaseal.legacy.encrypted.item import decrypt_dynamodb_item, decrypt_python_item, encrypt_python_item
from dynaseal.legacy.internal import operations
from dynaseal.legacy.internal.utils import (
    ConfigMethod,
    ItemMethod,
    crypto_config_from_kwargs,
    crypto_config_from_table_info,
    decrypt_get_item,
    decrypt_multi_get,
    encrypt_put_item,
    write_and_decrypt_old_item,
)
from dynaseal.legacy.internal.validators import check_type
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.structures import AttributeActions, TableInfo

__all__ = ("EncryptedTable",)


class EncryptedTable:
    """A boto3 Table that encrypts and signs what it writes, and verifies and decrypts what it reads.

    It has the attributes of boto3's Table. A method that could carry items and is not defined here is refused
    when it is called; `meta.client` is an EncryptedClient for the same reason.

    Each method on items also takes `crypto_config`, a CryptoConfig in place of the provider, context and
    actions.

    Args:
        table: A boto3 Table. It is not changed.
        materials_provider: Where the keys come from.
        table_info: The table's keys, and the name that is signed.
        attribute_actions: What is done with each attribute; left out, everything but keys is encrypted.
        auto_refresh_table_indexes: Whether the table's keys are read from DynamoDB, also with `table_info`.

    Raises:
        TypeError: an argument has another type.
        InvalidArgumentError: a key attribute of the table is to be encrypted.
        AttributeError: the table's keys are neither given nor to be read.
    """

    def __init__(
        self,
        table: Any,
        materials_provider: CryptographicMaterialsProvider,
        table_info: TableInfo | None = None,
        attribute_actions: AttributeActions | None = None,
        auto_refresh_table_indexes: bool = True,
    ) -> None:
        actions = AttributeActions() if attribute_actions is None else attribute_actions
        check_type("_table", table, ServiceResource)
        check_type("_materials_provider", materials_provider, CryptographicMaterialsProvider)
        check_type("_table_info", table_info, TableInfo, optional=True)
        check_type("_attribute_actions", actions, AttributeActions)
        check_type("_auto_refresh_table_indexes", auto_refresh_table_indexes, bool)
        self._table = table
        self._materials_provider = materials_provider
        self._table_info = TableInfo(name=table.name) if table_info is None else table_info
        self._auto_refresh_table_indexes = auto_refresh_table_indexes
        if auto_refresh_table_indexes:
            self._table_info.refresh_indexed_attributes(table.meta.client)
        self._attribute_actions = actions.copy()
        self._attribute_actions.set_index_keys(*self._table_info.protected_index_keys())

    def _own_crypto_config(self) -> CryptoConfig:
        return crypto_config_from_table_info(
            self._materials_provider, self._attribute_actions, self._table_info
        )

    @property
    def _crypto_config(self) -> ConfigMethod:
        return partial(crypto_config_from_kwargs, self._own_crypto_config)

    def get_item(self, **kwargs: Any) -> dict[str, Any]:
        """Read an item, verify and decrypt it; see boto3's `Table.get_item`."""
        return decrypt_get_item(decrypt_python_item, self._crypto_config, self._table.get_item, **kwargs)

    def put_item(self, **kwargs: Any) -> dict[str, Any]:
        """Encrypt and store an item; an old one that is asked for is decrypted.

        See boto3's `Table.put_item`.
        """
        put = partial(encrypt_put_item, encrypt_python_item, self._crypto_config, self._table.put_item)
        return self._write(put, kwargs)

    def delete_item(self, **kwargs: Any) -> dict[str, Any]:
        """Delete an item; an old one that is asked for is decrypted. See boto3's `Table.delete_item`."""

        def delete(**kwargs: Any) -> dict[str, Any]:
            kwargs.pop("crypto_config", None)
            return self._table.delete_item(**kwargs)

        return self._write(delete, kwargs)

    def _write(self, write: ItemMethod, kwargs: dict[str, Any]) -> dict[str, Any]:
        return write_and_decrypt_old_item(
            decrypt_python_item, decrypt_dynamodb_item, self._crypto_config, write, **kwargs
        )

    def query(self, **kwargs: Any) -> dict[str, Any]:
        """Query items, verify and decrypt them; see boto3's `Table.query`. Expressions see what is stored."""
        return decrypt_multi_get(decrypt_python_item, self._crypto_config, self._table.query, **kwargs)

    def scan(self, **kwargs: Any) -> dict[str, Any]:
        """Scan items, verify and decrypt them; see boto3's `Table.scan`. Expressions see what is stored."""
        return decrypt_multi_get(decrypt_python_item, self._crypto_config, self._table.scan, **kwargs)

    def update_item(self, **kwargs: Any) -> dict[str, Any]:
        """Refuse: a change of a part of an item cannot be signed.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError('"update_item" is not yet implemented')

    def batch_writer(self, overwrite_by_pkeys: list[str] | None = None) -> BatchWriter:
        """Return boto3's batch writer: items put are encrypted, deletions pass."""
        return BatchWriter(
            table_name=self._table.name,
            client=self._encrypted_client,  # pyright: ignore[reportArgumentType] it has batch_write_item
            overwrite_by_pkeys=overwrite_by_pkeys,
        )

    @property
    def meta(self) -> Any:
        """The metadata of boto3's Table; its client is an EncryptedClient that takes Python values."""
        meta = self._table.meta.copy()
        meta.client = self._encrypted_client
        return meta

    @cached_property
    def _encrypted_client(self) -> EncryptedClient:
        return EncryptedClient.for_table(
            self._table.name,
            self._table_info,
            client=self._table.meta.client,
            materials_provider=self._materials_provider,
            attribute_actions=self._attribute_actions,
            auto_refresh_table_indexes=self._auto_refresh_table_indexes,
            expect_standard_dictionaries=True,
        )

    def __getattr__(self, name: str) -> Any:
        if "_table" not in vars(self):
            raise AttributeError(f"'EncryptedTable' object has no attribute {name!r}")
        return operations.of_table(self._table, name)
