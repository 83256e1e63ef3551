"""Requests that a client sends without encryption although it encrypts: those of the library's key store.

A key store's table is not configured, and its records are wrapped by KMS. Where every client of a session
encrypts, the key store's client does too, and without an exemption its requests would be refused.

An exemption is for one request, or for a client that this library has made for itself. It is not for other
requests that are made meanwhile: a program's own handlers of botocore's events may call clients that encrypt,
in the same thread, and may start tasks.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

EXEMPT_KEY = "dynaseal-exempt"
"""The member of a request's context that says that it is sent without encryption."""


class Exemption:
    """The exemption of one request, until a client has taken it or the call has ended.

    Args:
        operation: The operation.
        request: The request, as it is passed to the client.
    """

    def __init__(self, operation: str, request: Mapping[str, Any]) -> None:
        self._operation = operation
        self._request = request
        self.is_open = True

    def take(self, operation: str, request: Mapping[str, Any]) -> bool:
        """Return whether a request is the exempt one; the exemption is then used up."""
        if not self.is_open or operation != self._operation or request != self._request:
            return False
        self.is_open = False
        return True


EXEMPTION: ContextVar[Exemption | None] = ContextVar("dynaseal-exemption", default=None)
"""The exemption that is open now."""


@contextmanager
def without_encryption(operation: str, request: Mapping[str, Any]) -> Generator[None, None, None]:
    """Let the next equal request of this thread or task be sent without encryption, once.

    Args:
        operation: The operation.
        request: The request, as it is passed to the client.
    """
    exemption = Exemption(operation, request)
    token = EXEMPTION.set(exemption)
    try:
        yield
    finally:
        EXEMPTION.reset(token)
        exemption.is_open = False  # a task or thread that was started meanwhile has a copy of the context


def exempt_client(client: Any) -> Any:
    """Let all requests of a client be sent without encryption, and return the client.

    Args:
        client: A DynamoDB client that this library has made for itself, in a session that may be attached.
    """
    client.meta.events.register_first(
        "provide-client-params.dynamodb", _exempt_request, unique_id="dynaseal-exempt-client"
    )
    return client


def _exempt_request(context: dict[str, Any], **_: Any) -> None:
    context[EXEMPT_KEY] = True
