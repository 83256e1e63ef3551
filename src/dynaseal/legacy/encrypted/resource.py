"""EncryptedResource: a boto3 DynamoDB resource that writes and reads the older format."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from boto3.resources.base import ServiceResource
from boto3.resources.collection import CollectionManager

from dynaseal.legacy.encrypted import CryptoConfig
from dynaseal.legacy.encrypted.client import EncryptedClient
from dynaseal.legacy.encrypted.item import decrypt_python_item, encrypt_python_item
from dynaseal.legacy.encrypted.table import EncryptedTable
from dynaseal.legacy.internal import operations
from dynaseal.legacy.internal.utils import (
    TableInfoCache,
    crypto_config_from_cache,
    decrypt_batch_get_item,
    encrypt_batch_write_item,
)
from dynaseal.legacy.internal.validators import check_type
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.structures import AttributeActions, TableInfo

__all__ = ("EncryptedResource",)


class EncryptedTablesCollectionManager:
    """The tables of a resource, each as an EncryptedTable.

    Args:
        collection: boto3's collection manager.
        materials_provider: Where the keys come from.
        attribute_actions: What is done with each attribute.
        table_info_cache: What is known about the tables.

    Raises:
        TypeError: an argument has another type.
    """

    def __init__(
        self,
        collection: Any,
        materials_provider: CryptographicMaterialsProvider,
        attribute_actions: AttributeActions,
        table_info_cache: TableInfoCache,
    ) -> None:
        check_type("_collection", collection, CollectionManager)
        check_type("_materials_provider", materials_provider, CryptographicMaterialsProvider)
        check_type("_attribute_actions", attribute_actions, AttributeActions)
        check_type("_table_info_cache", table_info_cache, TableInfoCache)
        self._collection = collection
        self._materials_provider = materials_provider
        self._attribute_actions = attribute_actions
        self._table_info_cache = table_info_cache

    def all(self) -> Iterator[EncryptedTable]:
        """Return every table."""
        return self._encrypted(self._collection.all())

    def filter(self, **kwargs: Any) -> Iterator[EncryptedTable]:
        """Return the tables that ListTables gives for these parameters."""
        return self._encrypted(self._collection.filter(**kwargs))

    def limit(self, count: int) -> Iterator[EncryptedTable]:
        """Return at most `count` tables."""
        return self._encrypted(self._collection.limit(count=count))

    def page_size(self, count: int) -> Iterator[EncryptedTable]:
        """Return every table, and ask for `count` at a time."""
        return self._encrypted(self._collection.page_size(count=count))

    def iterator(self, **kwargs: Any) -> Iterator[EncryptedTable]:
        """Return the tables as boto3's collection has them for these parameters."""
        return self._encrypted(self._collection.iterator(**kwargs))

    def pages(self) -> Iterator[list[EncryptedTable]]:
        """Return the tables page by page."""
        return (list(self._encrypted(page)) for page in self._collection.pages())

    def _encrypted(self, tables: Any) -> Iterator[EncryptedTable]:
        for table in tables:
            yield EncryptedTable(
                table=table,
                materials_provider=self._materials_provider,
                attribute_actions=self._attribute_actions,
            )

    def __getattr__(self, name: str) -> Any:
        if "_collection" not in vars(self):
            raise AttributeError(f"'EncryptedTablesCollectionManager' object has no attribute {name!r}")
        return getattr(self._collection, name)


class EncryptedResource:
    """A boto3 DynamoDB resource whose tables and batches are encrypted.

    A method that could carry items and is not defined here is refused when it is called; `meta.client` is an
    EncryptedClient for the same reason.

    Args:
        resource: A boto3 resource of DynamoDB. It is not changed.
        materials_provider: Where the keys come from.
        attribute_actions: What is done with each attribute; left out, everything but keys is encrypted.
        auto_refresh_table_indexes: Whether tables' keys are read from DynamoDB.

    Raises:
        TypeError: an argument has another type.
    """

    def __init__(
        self,
        resource: Any,
        materials_provider: CryptographicMaterialsProvider,
        attribute_actions: AttributeActions | None = None,
        auto_refresh_table_indexes: bool = True,
    ) -> None:
        actions = AttributeActions() if attribute_actions is None else attribute_actions
        check_type("_resource", resource, ServiceResource)
        check_type("_materials_provider", materials_provider, CryptographicMaterialsProvider)
        check_type("_attribute_actions", actions, AttributeActions)
        check_type("_auto_refresh_table_indexes", auto_refresh_table_indexes, bool)
        self._resource = resource
        self._materials_provider = materials_provider
        self._attribute_actions = actions
        self._auto_refresh_table_indexes = auto_refresh_table_indexes
        self._table_info_cache = TableInfoCache(resource.meta.client, auto_refresh_table_indexes)
        self.tables = EncryptedTablesCollectionManager(
            resource.tables, materials_provider, actions, self._table_info_cache
        )

    def _crypto_config(self, table_name: str) -> CryptoConfig:
        return crypto_config_from_cache(
            self._materials_provider, self._attribute_actions, self._table_info_cache, table_name
        )

    def Table(self, name: str, **kwargs: Any) -> EncryptedTable:  # noqa: N802 boto3's name
        """Return a table by its name.

        Args:
            name: The table's name.
            **kwargs: The table's own `materials_provider`, `table_info`, `attribute_actions` or
                `auto_refresh_table_indexes`, in place of the resource's.
        """
        defaults = {
            "materials_provider": self._materials_provider,
            "attribute_actions": self._attribute_actions,
            "auto_refresh_table_indexes": self._auto_refresh_table_indexes,
            "table_info": TableInfo(name=name),
        }
        return EncryptedTable(
            table=self._resource.Table(name), **{key: kwargs.get(key, defaults[key]) for key in defaults}
        )

    def batch_get_item(self, **kwargs: Any) -> dict[str, Any]:
        """Read items of several tables, verify and decrypt them; see boto3's `batch_get_item`."""
        return decrypt_batch_get_item(
            decrypt_python_item, self._crypto_config, self._resource.batch_get_item, **kwargs
        )

    def batch_write_item(self, **kwargs: Any) -> dict[str, Any]:
        """Encrypt and store items of several tables; what was not processed comes back unencrypted."""
        return encrypt_batch_write_item(
            encrypt_python_item, self._crypto_config, self._resource.batch_write_item, **kwargs
        )

    @property
    def meta(self) -> Any:
        """The metadata of boto3's resource; its client is an EncryptedClient that takes Python values."""
        meta = self._resource.meta.copy()
        meta.client = self._encrypted_client
        return meta

    @cached_property
    def _encrypted_client(self) -> EncryptedClient:
        return EncryptedClient(
            client=self._resource.meta.client,
            materials_provider=self._materials_provider,
            attribute_actions=self._attribute_actions,
            auto_refresh_table_indexes=self._auto_refresh_table_indexes,
            expect_standard_dictionaries=True,
        )

    def __getattr__(self, name: str) -> Any:
        if "_resource" not in vars(self):
            raise AttributeError(f"'EncryptedResource' object has no attribute {name!r}")
        return operations.of_resource(self._resource, name)
