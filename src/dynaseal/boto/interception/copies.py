"""A copy of a client that encrypts and shares the original's connections and credentials."""

from collections.abc import Callable
from typing import Any

from dynaseal.boto.interception.attach import check_not_encrypting, convert_python_values, register, unwrapped
from dynaseal.boto.interception.client_copies import copied_client
from dynaseal.boto.interception.handlers import Handler
from dynaseal.boto.interception.requests import Requests


def encrypting_copy(
    client: Any,
    requests: Requests,
    *,
    python_values: bool,
    wrap: Callable[[Handler], Handler] = unwrapped,
) -> Any:
    """Return a client that encrypts and shares another's connections and credentials; the other is unchanged.

    The copy has the event handlers that the client has now; ones registered on it later are not seen. All
    events of the copy's calls are emitted on the copy's emitter, `copy.meta.events`.

    Args:
        client: The client.
        requests: Prepares the copy's requests.
        python_values: Whether the copy takes and returns Python values, as the client of a boto3 resource
            does, or wire values.
        wrap: Returns what is registered in place of a handler that may have to wait.

    Raises:
        ConfigError: the client encrypts already.
    """
    check_not_encrypting(client.meta.events, "client")
    copied = copied_client(client)
    register(copied, requests, wrap)
    convert_python_values(copied, enabled=python_values)
    return copied
