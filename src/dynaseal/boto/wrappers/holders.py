"""What the wrappers of boto3's objects are at run time: they hold such an object, and pass on its attributes.

Wrappers cannot be copied or pickled: they hold connections, credentials and keys.
"""

from collections.abc import Iterator
from typing import Any, NoReturn, SupportsIndex

from dynaseal.errors import UnsupportedOperationError

_PASSED_ON = frozenset({"can_paginate", "close", "exceptions", "get_waiter", "meta", "waiter_names"})


class NotCopyable:
    """A base class of the wrappers: `copy`, `deepcopy` and `pickle` say what to do instead."""

    def __reduce_ex__(self, _protocol: SupportsIndex) -> NoReturn:
        name = type(self).__name__
        raise TypeError(
            f"An {name} cannot be copied or pickled: it holds connections, credentials and keys. Share it "
            "between threads as boto3's own object may be shared, and make one in each process"
        )


class ClientHolder(NotCopyable):
    """Holds a client in `_client`, and passes on DynamoDB's operations and a few other attributes."""

    _client: Any

    def generate_presigned_url(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a program that uses the URL would bypass encryption.

        Raises:
            UnsupportedOperationError: always.
        """
        raise UnsupportedOperationError(
            "generate_presigned_url is not supported: the reply to such a URL would not be decrypted",
            hint="Make the call itself with this client",
        )

    def __getattr__(self, name: str) -> Any:
        client = self.__dict__.get("_client")
        if client is not None and (name in _PASSED_ON or name in client.meta.method_to_api_mapping):
            return getattr(client, name)
        raise AttributeError(
            f"EncryptedClient has no attribute {name!r}: it passes on DynamoDB's operations only"
        )

    def __dir__(self) -> Iterator[str]:
        yield from {*super().__dir__(), *_PASSED_ON, *self._client.meta.method_to_api_mapping}

    def __repr__(self) -> str:
        return f"EncryptedClient(region={self._client.meta.region_name!r})"


class TableHolder(NotCopyable):
    """Holds a Table in `_table`, and passes on its public attributes."""

    _table: Any

    def __getattr__(self, name: str) -> Any:
        table = self.__dict__.get("_table")
        if table is not None and not name.startswith("_") and hasattr(table, name):
            return getattr(table, name)
        raise AttributeError(f"EncryptedTable has no attribute {name!r}: it has those of boto3's Table only")

    def __dir__(self) -> Iterator[str]:
        yield from {*super().__dir__(), *(name for name in dir(self._table) if not name.startswith("_"))}

    def __repr__(self) -> str:
        return f"EncryptedTable({self._table.name!r})"
