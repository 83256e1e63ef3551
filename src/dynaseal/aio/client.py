"""EncryptedClient over aiobotocore.

A type checker sees `EncryptedClient` as types-aiobotocore's `DynamoDBClient` with another constructor. Where
these types are not installed, its methods take and return Any.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from dynaseal.aio.handlers import on_loop
from dynaseal.boto.interception.attach import Boto3Object, dynamodb_client
from dynaseal.boto.interception.copies import encrypting_copy
from dynaseal.boto.interception.plaintext_tables import PlaintextTables
from dynaseal.boto.interception.requests import Requests
from dynaseal.boto.wrappers.client import EncryptedPaginator
from dynaseal.boto.wrappers.holders import ClientHolder
from dynaseal.config import TableConfig

if TYPE_CHECKING:
    from typing import Literal, overload

    from types_aiobotocore_dynamodb.client import DynamoDBClient
    from types_aiobotocore_dynamodb.paginator import QueryPaginator, ScanPaginator
else:
    DynamoDBClient = ClientHolder

if TYPE_CHECKING:

    class EncryptedQueryPaginator(QueryPaginator, EncryptedPaginator):
        """The paginator of Query, as a type checker sees it."""

    class EncryptedScanPaginator(ScanPaginator, EncryptedPaginator):
        """The paginator of Scan, as a type checker sees it."""


class EncryptedClient(DynamoDBClient):
    """An aiobotocore client that encrypts items on the way out, and verifies and decrypts them on the way in.

    The operations, their arguments and what they refuse are those of `dynaseal.EncryptedClient`; each returns
    a coroutine. Closing it closes the client passed in, whose connections it shares.

    Args:
        client: An aiobotocore client of DynamoDB. It is not changed.
        configs: Table names (or ARNs) and the tables' configurations.
        plaintext_tables: Names (or ARNs) of other tables that may be used, without encryption;
            `ALL_OTHER_TABLES` allows every one.
        expect_standard_dictionaries: True for Python values, False for wire values such as `{"S": "x"}`.

    Raises:
        ConfigError: `client` is not an asynchronous client of DynamoDB, or the tables are not named as
            described above.
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
            wrap=on_loop,
        )

    async def __aenter__(self) -> Self:
        """Return the client itself: the client passed in is open already."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the client passed in, as `close` does."""
        await self._client.close()

    if TYPE_CHECKING:

        @overload
        def get_paginator(self, operation_name: Literal["query"]) -> EncryptedQueryPaginator: ...
        @overload
        def get_paginator(self, operation_name: Literal["scan"]) -> EncryptedScanPaginator: ...
        @overload
        def get_paginator(self, operation_name: str) -> Any: ...

    def get_paginator(  # pyright: ignore[reportIncompatibleMethodOverride] one overload more
        self, operation_name: str
    ) -> Any:
        """Return the paginator of an operation by its method's name; its pages are read with `async for`."""
        return EncryptedPaginator(self._client.get_paginator(operation_name))
