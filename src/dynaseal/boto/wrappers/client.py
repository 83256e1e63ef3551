"""EncryptedClient: a DynamoDB client that encrypts, made from one that does not.

A type checker sees `EncryptedClient` as boto3-stubs' `DynamoDBClient` with another constructor, as
`dynaseal.boto.wrappers.table` explains.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dynaseal.boto.interception.attach import (
    Boto3Object,
    dynamodb_client,
)
from dynaseal.boto.interception.copies import encrypting_copy
from dynaseal.boto.interception.plaintext_tables import PlaintextTables
from dynaseal.boto.interception.requests import Requests
from dynaseal.boto.wrappers.holders import ClientHolder, NotCopyable
from dynaseal.config import TableConfig

if TYPE_CHECKING:
    from typing import Literal, overload

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.literals import PaginatorName
    from mypy_boto3_dynamodb.paginator import (
        ListBackupsPaginator,
        ListBulkOperationsPaginator,
        ListTablesPaginator,
        ListTagsOfResourcePaginator,
        QueryPaginator,
        ScanPaginator,
    )
else:
    DynamoDBClient = ClientHolder


class EncryptedPaginator(NotCopyable):
    """A paginator whose pages are decrypted; made by `EncryptedClient.get_paginator`.

    Args:
        paginator: The paginator that botocore has for an encrypting client.
    """

    def __init__(self, paginator: Any) -> None:
        self._paginator = paginator

    @property
    def result_keys(self) -> Any:
        """The members of a page that hold what is listed."""
        return self._paginator.result_keys

    def paginate(self, *args: Any, **kwargs: Any) -> Any:
        """Return botocore's page iterator for a request; it has `build_full_result` and `search`."""
        return self._paginator.paginate(*args, **kwargs)


if TYPE_CHECKING:

    class EncryptedQueryPaginator(QueryPaginator, EncryptedPaginator):
        """The paginator of Query, as a type checker sees it."""

    class EncryptedScanPaginator(ScanPaginator, EncryptedPaginator):
        """The paginator of Scan, as a type checker sees it."""


class EncryptedClient(DynamoDBClient):
    """A DynamoDB client whose items are encrypted on the way out, and verified and decrypted on the way in.

    It has the methods of botocore's client. Calls about tables pass through. A request that cannot be made
    safe, or on items of a table that is neither configured nor listed as a plaintext table, is refused before
    it is sent. The client passed in is not changed.

    Args:
        client: A botocore client of DynamoDB.
        configs: Table names (or ARNs) and the tables' configurations.
        plaintext_tables: Names (or ARNs) of other tables that may be used, without encryption;
            `ALL_OTHER_TABLES` allows every one.
        expect_standard_dictionaries: True for Python values, as the client of a boto3 resource takes them;
            False for wire values such as `{"S": "x"}`.

    Raises:
        ConfigError: `client` is not a client of DynamoDB, or the tables are not named as
            described above.

    Example:
        >>> import boto3
        >>> from dynaseal import AttributeActions, RawAesKeyring, TableConfig
        >>> config = TableConfig(
        ...     "people", "pk",
        ...     attribute_actions=AttributeActions(),
        ...     keyring=RawAesKeyring("payroll", "2026", bytes(32)),
        ... )
        >>> client = boto3.client("dynamodb", region_name="us-west-2")
        >>> encrypted = EncryptedClient(client, configs={"people": config}, plaintext_tables=["audit"])
        >>> encrypted.meta.region_name
        'us-west-2'
    """

    _client: Any

    def __init__(
        self,
        client: Boto3Object,
        *,
        configs: Mapping[str, TableConfig],
        plaintext_tables: PlaintextTables = (),
        expect_standard_dictionaries: bool = False,
    ) -> None:
        self._client = encrypting_copy(
            dynamodb_client(client),
            Requests(configs, plaintext_tables),
            python_values=expect_standard_dictionaries,
        )

    if TYPE_CHECKING:

        @overload
        def get_paginator(self, operation_name: Literal["list_backups"]) -> ListBackupsPaginator: ...
        @overload
        def get_paginator(
            self, operation_name: Literal["list_bulk_operations"]
        ) -> ListBulkOperationsPaginator: ...
        @overload
        def get_paginator(self, operation_name: Literal["list_tables"]) -> ListTablesPaginator: ...
        @overload
        def get_paginator(
            self, operation_name: Literal["list_tags_of_resource"]
        ) -> ListTagsOfResourcePaginator: ...
        @overload
        def get_paginator(self, operation_name: Literal["query"]) -> EncryptedQueryPaginator: ...
        @overload
        def get_paginator(self, operation_name: Literal["scan"]) -> EncryptedScanPaginator: ...
        # boto3-stubs lists the names of PaginatorName; where it is not installed, any string is accepted.
        @overload
        def get_paginator(self, operation_name: PaginatorName) -> Any: ...

    # That last overload is one more than boto3-stubs has; it changes nothing of those above it.
    def get_paginator(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, operation_name: str
    ) -> Any:
        """Return the `EncryptedPaginator` of an operation by its method's name, such as `query` or `scan`."""
        return EncryptedPaginator(self._client.get_paginator(operation_name))
