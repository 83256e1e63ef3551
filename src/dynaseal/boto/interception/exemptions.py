"""Requests that a client sends without encryption although it encrypts: those of the library's key store.

A key store's table is not configured, and its records are wrapped by KMS. Where every client of a session
encrypts, the key store's client does too, and without an exemption its requests would be refused.

An exemption is for one request, and for no other that is made while it is under way: a program's own handlers
of botocore's events may call clients that encrypt, in the same thread, and may start tasks.
"""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any


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
