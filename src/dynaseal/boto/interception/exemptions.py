"""Calls that a client makes without encryption although it encrypts: those of the library's key store.

A key store's table is not configured, and its records are wrapped by KMS. Where every client of a session
encrypts, the key store's client does too, and without an exemption its calls would be refused.
"""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

EXEMPT: ContextVar[bool] = ContextVar("dynaseal-exempt", default=False)
"""Whether calls are exempt now."""


@contextmanager
def without_encryption() -> Generator[None, None, None]:
    """Exempt the calls of this thread or task, as long as the context is open."""
    token = EXEMPT.set(True)
    try:
        yield
    finally:
        EXEMPT.reset(token)
