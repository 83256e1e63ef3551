"""Which operations of DynamoDB carry no items, and may pass without encryption.

Everything else is refused.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from dynaseal.core import operations

# An export passes here, although `core.operations` leaves it out because its filter must be checked for
# beacons: the older format has none. Source: DynamoDB's API reference.
ABOUT_TABLES = operations.ABOUT_TABLES | {
    "DeleteResourcePolicy",
    "ExportTableToPointInTime",
    "GetResourcePolicy",
    "PutResourcePolicy",
    "UpdateKinesisStreamingDestination",
}

_CLIENT_METHODS = frozenset({"can_paginate", "close", "get_waiter"})
_TABLE_METHODS = frozenset(
    {
        "delete",
        "get_available_subresources",
        "load",
        "reload",
        "update",
        "wait_until_exists",
        "wait_until_not_exists",
    }
)
_RESOURCE_METHODS = frozenset({"create_table", "get_available_subresources"})


def of_client(client: Any, name: str) -> Any:
    """Return an attribute of a client that may be used without encryption.

    Returns:
        The client's own attribute; for a method that could carry items, a function that refuses to be called.

    Raises:
        AttributeError: the client does not have it.
    """
    attribute = getattr(client, name)
    operation = client.meta.method_to_api_mapping.get(name)
    return _passed(name, attribute, is_safe=operation in ABOUT_TABLES or name in _CLIENT_METHODS)


def of_table(table: Any, name: str) -> Any:
    """Return an attribute of a Table that may be used without encryption; see `of_client`."""
    return _passed(name, getattr(table, name), is_safe=name in _TABLE_METHODS)


def of_resource(resource: Any, name: str) -> Any:
    """Return an attribute of a resource that may be used without encryption; see `of_client`."""
    return _passed(name, getattr(resource, name), is_safe=name in _RESOURCE_METHODS)


def _passed(name: str, attribute: Any, *, is_safe: bool) -> Any:
    # Classes and plain objects pass: nothing is sent by using them.
    return attribute if is_safe or isinstance(attribute, type) or not callable(attribute) else refusal(name)


def refusal(name: str) -> Callable[..., NoReturn]:
    """Return a method that refuses to be called."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(
            f'"{name}" is not supported: its items would not be encrypted. Use put_item, batch_write_item '
            "and the methods that read, or a client without encryption if nothing secret is sent"
        )

    return refuse
