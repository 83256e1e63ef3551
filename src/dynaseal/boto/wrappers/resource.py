"""EncryptedResource: a boto3 DynamoDB resource that encrypts, made from one that does not.

A type checker sees `EncryptedResource` as boto3-stubs' `DynamoDBServiceResource` with another constructor, as
`dynaseal.boto.wrappers.table` explains.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dynaseal.boto.interception.attach import (
    Boto3Object,
    dynamodb_client,
)
from dynaseal.boto.interception.copies import encrypting_copy
from dynaseal.boto.interception.plaintext_tables import PlaintextTables
from dynaseal.boto.interception.requests import Requests
from dynaseal.boto.wrappers.holders import NotCopyable
from dynaseal.boto.wrappers.table import EncryptedTable
from dynaseal.config import TableConfig
from dynaseal.errors import ConfigError

if TYPE_CHECKING:
    from typing import Unpack

    from mypy_boto3_dynamodb.service_resource import (
        DynamoDBServiceResource,
        ServiceResourceTablesCollection,
        Table,
    )
    from mypy_boto3_dynamodb.type_defs import (
        BatchGetItemInputServiceResourceBatchGetItemTypeDef,
        BatchGetItemOutputServiceResourceTypeDef,
        BatchWriteItemInputServiceResourceBatchWriteItemTypeDef,
        BatchWriteItemOutputServiceResourceTypeDef,
        CreateTableInputServiceResourceCreateTableTypeDef,
        ListTablesInputTypeDef,
    )
else:
    DynamoDBServiceResource = NotCopyable
    ServiceResourceTablesCollection = NotCopyable


class EncryptedTablesCollection(ServiceResourceTablesCollection):
    """The tables of a resource, listed as boto3's collection lists them.

    Args:
        collection: The collection that boto3 has for an encrypting resource.
        make_table: Returns the table to list for a Table of that resource.
    """

    _collection: "ServiceResourceTablesCollection"

    def __init__(
        self, collection: "ServiceResourceTablesCollection", make_table: "Callable[[Table], EncryptedTable]"
    ) -> None:
        self._collection = collection
        self._make_table = make_table

    def __iter__(self) -> Iterator[EncryptedTable]:
        return map(self._make_table, self._collection)

    def all(self) -> "EncryptedTablesCollection":
        """Return every table."""
        return EncryptedTablesCollection(self._collection.all(), self._make_table)

    def filter(self, **kwargs: "Unpack[ListTablesInputTypeDef]") -> "EncryptedTablesCollection":
        """Return the tables that ListTables returns for these parameters."""
        return EncryptedTablesCollection(self._collection.filter(**kwargs), self._make_table)

    def limit(self, count: int) -> "EncryptedTablesCollection":
        """Return at most `count` tables."""
        return EncryptedTablesCollection(self._collection.limit(count), self._make_table)

    def page_size(self, count: int) -> "EncryptedTablesCollection":
        """Request `count` tables at a time."""
        return EncryptedTablesCollection(self._collection.page_size(count), self._make_table)

    # boto3-stubs says list[Table], and lists are invariant; each page is a new list, which its reader owns.
    def pages(self) -> Iterator[list[EncryptedTable]]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the tables page by page."""
        for page in self._collection.pages():
            yield [self._make_table(table) for table in page]


class EncryptedResource(DynamoDBServiceResource):
    """A boto3 DynamoDB resource whose items are encrypted on the way out and decrypted on the way in.

    Calls about tables pass through. Operations on items of a table that is neither configured nor listed as a
    plaintext table are refused.

    Args:
        resource: A boto3 resource of DynamoDB. It is not changed.
        configs: Table names (or ARNs) and the tables' configurations.
        plaintext_tables: Names (or ARNs) of other tables that may be used, without encryption;
            `ALL_OTHER_TABLES` allows every one.

    Raises:
        ConfigError: `resource` is not a resource of DynamoDB, or the tables are not named as described above.

    Example:
        >>> import boto3
        >>> from dynaseal import AttributeActions, RawAesKeyring, TableConfig
        >>> config = TableConfig(
        ...     "people", "pk",
        ...     attribute_actions=AttributeActions(),
        ...     keyring=RawAesKeyring("payroll", "2026", bytes(32)),
        ... )
        >>> plain = boto3.resource("dynamodb", region_name="us-west-2")
        >>> resource = EncryptedResource(plain, configs={"people": config}, plaintext_tables=["audit"])
        >>> resource.Table("people")
        EncryptedTable('people')
        >>> resource.Table("audit")
        dynamodb.Table(name='audit')
    """

    _resource: "DynamoDBServiceResource"

    def __init__(
        self,
        resource: Boto3Object,
        *,
        configs: Mapping[str, TableConfig],
        plaintext_tables: PlaintextTables = (),
    ) -> None:
        client = dynamodb_client(resource)
        if client is resource:
            raise ConfigError("A client is not a resource", hint='Pass boto3.resource("dynamodb")')
        if not hasattr(resource, "tables"):
            raise ConfigError(
                f"An object of the type {type(resource).__name__} is not a boto3 resource of DynamoDB",
                hint='Pass boto3.resource("dynamodb"); a Table is wrapped by EncryptedTable',
            )
        self._requests = Requests(configs, plaintext_tables)
        copied_client = encrypting_copy(client, self._requests, python_values=True)
        resource_class: Any = type(resource)
        self._plain_resource: Any = resource
        self._resource = resource_class(client=copied_client)
        # boto3-stubs declares a variable, and a variable's type is invariant; nobody assigns this one.
        tables = EncryptedTablesCollection(self._resource.tables, self._wrap)
        self.tables: EncryptedTablesCollection = tables  # pyright: ignore[reportIncompatibleVariableOverride]

    if not TYPE_CHECKING:  # boto3-stubs declares `meta` as a variable, which a property may not override

        @property
        def meta(self) -> Any:
            """The metadata of boto3's resource; its client encrypts and takes Python values."""
            return self._resource.meta

    def Table(self, name: str) -> EncryptedTable:  # noqa: N802 boto3's name
        """Return a table by its name: boto3's Table for a plaintext table, otherwise an EncryptedTable.

        Operations on items of an `EncryptedTable` that is not configured are refused.
        """
        return self._wrap(self._resource.Table(name))

    # A type checker sees an EncryptedTable as boto3-stubs' Table with another constructor, so boto3's own
    # Table has every member of the declared type.
    def _wrap(self, table: "Table") -> EncryptedTable:
        if self._requests.is_plaintext(table.name):
            return self._plain_resource.Table(table.name)
        return EncryptedTable.from_encrypting_table(table, self._requests.find_config(table.name))

    def batch_get_item(
        self, **kwargs: "Unpack[BatchGetItemInputServiceResourceBatchGetItemTypeDef]"
    ) -> "BatchGetItemOutputServiceResourceTypeDef":
        """Read items of several tables by their keys; see boto3's `batch_get_item`."""
        return self._resource.batch_get_item(**kwargs)

    def batch_write_item(
        self, **kwargs: "Unpack[BatchWriteItemInputServiceResourceBatchWriteItemTypeDef]"
    ) -> "BatchWriteItemOutputServiceResourceTypeDef":
        """Write items to several tables; see boto3's `batch_write_item`."""
        return self._resource.batch_write_item(**kwargs)

    def create_table(
        self, **kwargs: "Unpack[CreateTableInputServiceResourceCreateTableTypeDef]"
    ) -> EncryptedTable:
        """Create a table; see boto3's `create_table`."""
        return self._wrap(self._resource.create_table(**kwargs))

    def get_available_subresources(self) -> Sequence[str]:
        """Return the names of the resource's sub-resources."""
        return self._resource.get_available_subresources()

    def __repr__(self) -> str:
        return f"EncryptedResource(region={self.meta.client.meta.region_name!r})"
