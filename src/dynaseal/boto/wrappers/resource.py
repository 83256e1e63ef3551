"""EncryptedResource: a boto3 DynamoDB resource that encrypts, beside the one it is made from."""

from collections.abc import Iterator, Mapping
from typing import Any

from dynaseal.boto.interception.attach import client_of, encrypting_twin, speak_python
from dynaseal.boto.wrappers.table import EncryptedTable
from dynaseal.config import TableConfig
from dynaseal.errors import ConfigError


class EncryptedResource:
    """A boto3 DynamoDB resource whose items are encrypted on the way out and decrypted on the way in.

    Args:
        resource: A boto3 resource of DynamoDB. It is not changed.
        configs: Table names (or ARNs) and the tables' configurations.

    Raises:
        ConfigError: `resource` is no resource of DynamoDB, or two entries of `configs` mean one table.

    Example:
        >>> import boto3
        >>> resource = EncryptedResource(boto3.resource("dynamodb", region_name="us-west-2"), configs={})
        >>> resource.Table("people").name
        'people'
    """

    def __init__(self, resource: Any, *, configs: Mapping[str, TableConfig]) -> None:
        client = client_of(resource)
        if client is resource:
            raise ConfigError("A client is no resource", hint='Give boto3.resource("dynamodb")')
        twin = encrypting_twin(client, configs)
        speak_python(twin, wanted=True)
        self._resource = type(resource)(client=twin)
        self.tables = EncryptedTablesCollection(self._resource.tables)

    @property
    def meta(self) -> Any:
        """The metadata of boto3's resource; its client encrypts and takes Python values."""
        return self._resource.meta

    def Table(self, name: str) -> EncryptedTable:  # noqa: N802 boto3's name
        """Give a table by its name; one that is not configured is read and written as it is."""
        return EncryptedTable.over(self._resource.Table(name))

    def batch_get_item(self, **kwargs: Any) -> dict[str, Any]:
        """Read items of several tables by their keys; see boto3's `batch_get_item`."""
        return self._resource.batch_get_item(**kwargs)

    def batch_write_item(self, **kwargs: Any) -> dict[str, Any]:
        """Write items to several tables; see boto3's `batch_write_item`."""
        return self._resource.batch_write_item(**kwargs)

    def create_table(self, **kwargs: Any) -> EncryptedTable:
        """Create a table; see boto3's `create_table`."""
        return EncryptedTable.over(self._resource.create_table(**kwargs))

    def get_available_subresources(self) -> list[str]:
        """Give the names of the resource's sub-resources."""
        return self._resource.get_available_subresources()

    def __repr__(self) -> str:
        return f"EncryptedResource(region={self.meta.client.meta.region_name!r})"


class EncryptedTablesCollection:
    """The tables of a resource, as boto3's collection gives them.

    Args:
        collection: boto3's collection of an encrypting resource.
    """

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    def __iter__(self) -> Iterator[EncryptedTable]:
        return map(EncryptedTable.over, self._collection)

    def all(self) -> "EncryptedTablesCollection":
        """Give every table."""
        return EncryptedTablesCollection(self._collection.all())

    def filter(self, **kwargs: Any) -> "EncryptedTablesCollection":
        """Give the tables that ListTables gives for these parameters."""
        return EncryptedTablesCollection(self._collection.filter(**kwargs))

    def limit(self, count: int) -> "EncryptedTablesCollection":
        """Give at most `count` tables."""
        return EncryptedTablesCollection(self._collection.limit(count))

    def page_size(self, count: int) -> "EncryptedTablesCollection":
        """Ask for `count` tables at a time."""
        return EncryptedTablesCollection(self._collection.page_size(count))

    def pages(self) -> Iterator[list[EncryptedTable]]:
        """Give the tables page by page."""
        for page in self._collection.pages():
            yield [EncryptedTable.over(table) for table in page]
