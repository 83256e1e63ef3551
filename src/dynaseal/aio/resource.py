"""EncryptedResource over aioboto3.

A type checker sees `EncryptedResource` as types-aiobotocore's `DynamoDBServiceResource` with another
constructor, as `dynaseal.aio.client` explains.
"""

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from dynaseal.aio.handlers import on_loop
from dynaseal.aio.table import EncryptedTable
from dynaseal.boto.interception.attach import Boto3Object, dynamodb_client
from dynaseal.boto.interception.copies import encrypting_copy
from dynaseal.boto.interception.plaintext_tables import PlaintextTables
from dynaseal.boto.interception.requests import Requests
from dynaseal.boto.wrappers.holders import NotCopyable
from dynaseal.config import TableConfig
from dynaseal.errors import ConfigError

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb.service_resource import DynamoDBServiceResource
else:
    DynamoDBServiceResource = NotCopyable


class EncryptedTablesCollection(NotCopyable):
    """The tables of a resource, listed as aioboto3's collection lists them: with `async for`.

    Args:
        collection: The collection that aioboto3 has for an encrypting resource.
        resource: The resource, which makes the tables.
    """

    def __init__(self, collection: Any, resource: "EncryptedResource") -> None:
        self._collection = collection
        self._resource = resource

    async def __aiter__(self) -> AsyncIterator[EncryptedTable]:
        async for table in self._collection.all():  # aioboto3's own cannot be iterated without `all`
            yield await self._resource.Table(table.name)

    def all(self) -> "EncryptedTablesCollection":
        """Return every table."""
        return EncryptedTablesCollection(self._collection.all(), self._resource)

    def filter(self, **kwargs: Any) -> "EncryptedTablesCollection":
        """Return the tables that ListTables returns for these parameters."""
        return EncryptedTablesCollection(self._collection.filter(**kwargs), self._resource)

    def limit(self, count: int) -> "EncryptedTablesCollection":
        """Return at most `count` tables."""
        return EncryptedTablesCollection(self._collection.limit(count), self._resource)

    def page_size(self, count: int) -> "EncryptedTablesCollection":
        """Request `count` tables at a time."""
        return EncryptedTablesCollection(self._collection.page_size(count), self._resource)

    async def pages(self) -> AsyncIterator[list[EncryptedTable]]:
        """Return the tables page by page."""
        async for page in self._collection.pages():
            yield [await self._resource.Table(table.name) for table in page]


class EncryptedResource(DynamoDBServiceResource):
    """An aioboto3 DynamoDB resource whose items are encrypted on the way out and decrypted on the way in.

    Its methods are those of `dynaseal.EncryptedResource`; each returns a coroutine.

    Args:
        resource: An aioboto3 resource of DynamoDB. It is not changed.
        configs: Table names (or ARNs) and the tables' configurations.
        plaintext_tables: Names (or ARNs) of other tables that may be used, without encryption;
            `ALL_OTHER_TABLES` allows every one.

    Raises:
        ConfigError: `resource` is not a resource of DynamoDB, or the tables are not named as described above.
    """

    _resource: Any

    def __init__(
        self,
        resource: Boto3Object,
        *,
        configs: Mapping[str, TableConfig],
        plaintext_tables: PlaintextTables = (),
    ) -> None:
        client = dynamodb_client(resource)
        if client is resource or not hasattr(resource, "tables"):
            raise ConfigError(
                f"An object of the type {type(resource).__name__} is not an aioboto3 resource of DynamoDB",
                hint='Pass what `async with session.resource("dynamodb")` returns',
            )
        self._requests = Requests(configs, plaintext_tables)
        copied_client = encrypting_copy(client, self._requests, python_values=True, wrap=on_loop)
        resource_class: Any = type(resource)
        self._plain_resource: Any = resource
        self._resource = resource_class(client=copied_client)
        # types-aiobotocore declares a variable, and a variable's type is invariant; nobody assigns this one.
        tables = EncryptedTablesCollection(self._resource.tables, self)
        self.tables: EncryptedTablesCollection = tables  # pyright: ignore[reportIncompatibleVariableOverride]

    if not TYPE_CHECKING:  # types-aiobotocore declares `meta` as a variable

        @property
        def meta(self) -> Any:
            """The metadata of aioboto3's resource; its client encrypts and takes Python values."""
            return self._resource.meta

        def __getattr__(self, name: str) -> Any:
            if name in ("batch_get_item", "batch_write_item", "get_available_subresources"):
                return getattr(self._resource, name)
            raise AttributeError(f"EncryptedResource has no attribute {name!r}")

    async def Table(self, name: str) -> EncryptedTable:  # noqa: N802 boto3's name
        """Return a table by its name: aioboto3's Table for a plaintext table, otherwise an EncryptedTable."""
        return await self._wrap(await self._resource.Table(name))

    async def create_table(self, **kwargs: Any) -> EncryptedTable:
        """Create a table; see boto3's `create_table`."""
        return await self._wrap(await self._resource.create_table(**kwargs))

    async def _wrap(self, table: Any) -> EncryptedTable:
        if self._requests.is_plaintext(table.name):
            return await self._plain_resource.Table(table.name)
        return EncryptedTable.from_encrypting_table(table, self._requests.find_config(table.name))

    def __repr__(self) -> str:
        return f"EncryptedResource(region={self.meta.client.meta.region_name!r})"
