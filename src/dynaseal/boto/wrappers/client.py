"""EncryptedClient: a DynamoDB client that encrypts, beside the one it is made from."""

from collections.abc import Iterator, Mapping
from typing import Any

from dynaseal.boto.interception.attach import client_of, encrypting_twin, speak_python
from dynaseal.config import TableConfig
from dynaseal.errors import UnsupportedOperationError

_PASSED = frozenset({"can_paginate", "close", "exceptions", "get_waiter", "meta", "waiter_names"})


class EncryptedClient:
    """A DynamoDB client whose items are encrypted on the way out, and verified and decrypted on the way in.

    It has the methods of botocore's client. A table that is not configured, and calls about tables, pass
    through; a request that cannot be made safe is refused before it is sent. The client given is not changed.

    Args:
        client: A botocore client of DynamoDB.
        configs: Table names (or ARNs) and the tables' configurations.
        expect_standard_dictionaries: True for Python values, as the client of a boto3 resource takes them;
            False for wire values such as `{"S": "x"}`.

    Raises:
        ConfigError: `client` is no client of DynamoDB, or two entries of `configs` mean one table.

    Example:
        >>> import boto3
        >>> client = boto3.client("dynamodb", region_name="us-west-2")
        >>> encrypted = EncryptedClient(client, configs={})
        >>> encrypted.meta.region_name
        'us-west-2'
    """

    def __init__(
        self,
        client: Any,
        *,
        configs: Mapping[str, TableConfig],
        expect_standard_dictionaries: bool = False,
    ) -> None:
        self._twin = encrypting_twin(client_of(client), configs)
        speak_python(self._twin, wanted=expect_standard_dictionaries)

    def get_paginator(self, operation_name: str) -> "EncryptedPaginator":
        """Give the paginator of an operation by its method's name, such as `query` or `scan`."""
        return EncryptedPaginator(self._twin.get_paginator(operation_name))

    def generate_presigned_url(self, *_: Any, **__: Any) -> str:
        """Refuse: whoever uses the URL would bypass encryption.

        Raises:
            UnsupportedOperationError: always.
        """
        raise UnsupportedOperationError(
            "generate_presigned_url is not supported: the reply to such a URL would not be decrypted",
            hint="Make the call itself with this client",
        )

    def __getattr__(self, name: str) -> Any:
        twin = self.__dict__.get("_twin")
        if twin is not None and (name in _PASSED or name in twin.meta.method_to_api_mapping):
            return getattr(twin, name)
        raise AttributeError(
            f"EncryptedClient has no attribute {name!r}: it passes on DynamoDB's operations only"
        )

    def __dir__(self) -> Iterator[str]:
        yield from {*super().__dir__(), *_PASSED, *self._twin.meta.method_to_api_mapping}

    def __repr__(self) -> str:
        return f"EncryptedClient(region={self._twin.meta.region_name!r})"


class EncryptedPaginator:
    """A paginator whose pages are decrypted; made by `EncryptedClient.get_paginator`.

    Args:
        paginator: botocore's paginator of an encrypting client.
    """

    def __init__(self, paginator: Any) -> None:
        self._paginator = paginator

    @property
    def result_keys(self) -> Any:
        """The members of a page that hold what is listed."""
        return self._paginator.result_keys

    def paginate(self, **kwargs: Any) -> Any:
        """Give botocore's page iterator for a request, with `build_full_result` and `search`."""
        return self._paginator.paginate(**kwargs)
