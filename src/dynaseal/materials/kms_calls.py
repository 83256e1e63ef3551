"""Counts the KMS calls that each item encryptor makes, by operation and key.

- The code that calls KMS counts each call just before making it. Refused calls count; a client's own retries
  do not.
- A call counts for the `KmsCalls` in whose `recording` block it is made, however many keyrings and materials
  managers lie between. So none of them passes a counter on, and two encryptors that share a keyring have
  separate counts.
- If every item needs a call, a hierarchical keyring would need far fewer. That hint is logged once per
  encryptor. It counts calls and not items, because an item may need several, one for each key.
- The number of counts is limited, however many keys items name.
"""

import logging
from collections import Counter
from contextvars import ContextVar, Token
from threading import Lock
from types import TracebackType
from typing import NamedTuple

from dynaseal.core.quoting import shown
from dynaseal.materials import forks

MANY_CALLS = 10
"""After this many calls that each served one item, the hint is logged."""
MAX_COUNTED = 256
"""How many pairs of operation and key have counts of their own: a discovery keyring calls KMS with whatever
key an item names."""
OTHER_KEYS = "other keys"
"""The key under which calls with all further keys are counted."""

_logger = logging.getLogger("dynaseal")


class KmsCall(NamedTuple):
    """An operation and the key that it was called with; each such pair has a count of its own."""

    operation: str
    key_id: str


class KmsCalls:
    """The counts of one encryptor; safe for use by many threads.

    Args:
        owner: Whose calls these are, for the log, such as `table people`.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._lock = Lock()
        self._calls: Counter[KmsCall] = Counter()
        self._per_item = 0
        forks.register(self)

    def reset_after_fork(self) -> None:
        """Start with a lock that no other thread holds; the counts stay."""
        self._lock = Lock()

    def total(self) -> Counter[KmsCall]:
        """Return a copy of the counts."""
        with self._lock:
            return self._calls.copy()

    def recording(self) -> "_Recording":
        """Return a context manager that counts the KMS calls made within its block."""
        return _Recording(self)

    def add(self, call: KmsCall, *, per_item: bool) -> None:
        """Count a call.

        Args:
            call: The operation and the key.
            per_item: Whether every item needs a call like this one.
        """
        with self._lock:
            is_counted = call in self._calls or len(self._calls) < MAX_COUNTED
            self._calls[call if is_counted else KmsCall(call.operation, OTHER_KEYS)] += 1
            self._per_item += per_item
            many = per_item and self._per_item == MANY_CALLS
        if many:
            _logger.warning(
                "%s: %d KMS calls that each served one item, the last one %s on %s; a hierarchical keyring "
                "makes one call for many items",
                self._owner,
                MANY_CALLS,
                call.operation,
                shown(call.key_id),
                extra={
                    "dynaseal_event": "many-kms-calls",
                    "dynaseal_kms_calls": MANY_CALLS,
                    "dynaseal_operation": call.operation,
                    "dynaseal_key_id": shown(call.key_id),
                },
            )


_current: ContextVar[KmsCalls | None] = ContextVar("dynaseal_kms_calls", default=None)


class _Recording:
    """Makes a `KmsCalls` the current one. A class: a generator would take several times as long per item."""

    __slots__ = ("_calls", "_token")

    def __init__(self, calls: KmsCalls) -> None:
        self._calls = calls

    def __enter__(self) -> None:
        self._token: Token[KmsCalls | None] = _current.set(self._calls)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        _current.reset(self._token)


def count(operation: str, key_id: str, *, per_item: bool = False) -> None:
    """Count a call that is about to be made, if a `recording` block is open.

    Args:
        operation: The operation, such as `Decrypt`.
        key_id: The key.
        per_item: Whether every item needs a call like this one.
    """
    calls = _current.get()
    if calls is not None:
        calls.add(KmsCall(operation, key_id), per_item=per_item)
