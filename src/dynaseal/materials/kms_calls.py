"""Counts calls of KMS, by operation and key, for whoever made them necessary.

- What asks KMS counts each call just before it makes it, refused ones too, not a client's own retries.
- A call counts for the recorder in whose `recording` it is made, wherever in between the keyring lies. So no
  keyring and no materials manager hands a counter on, and two encryptors that share a keyring count apart.
- A call that is made once an item is worth a hint: many of them under one key are logged once.
"""

import logging
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from threading import Lock
from typing import NamedTuple, TypeVar

MANY_CALLS = 10
"""So many calls, one an item, bring the hint."""

_Argument = TypeVar("_Argument")
_Result = TypeVar("_Result")
_logger = logging.getLogger("dynaseal")


class KmsCall(NamedTuple):
    """What is counted apart."""

    operation: str
    key_id: str


class KmsCalls:
    """One recorder; safe for use by many threads.

    Args:
        whose: For the log, such as `table people`.
    """

    def __init__(self, whose: str) -> None:
        self._whose = whose
        self._lock = Lock()
        self._calls: Counter[KmsCall] = Counter()
        self._per_item = 0

    def total(self) -> Counter[KmsCall]:
        """Give the numbers up to now: a copy."""
        with self._lock:
            return self._calls.copy()

    def recording(self, work: Callable[[_Argument], _Result], argument: _Argument) -> _Result:
        """Do `work` with its argument, and count the KMS calls that it makes."""
        token = _current.set(self)
        try:
            return work(argument)
        finally:
            _current.reset(token)

    def add(self, call: KmsCall, *, per_item: bool) -> None:
        """Count a call.

        Args:
            call: The operation and the key.
            per_item: Whether every item needs such a call.
        """
        with self._lock:
            self._calls[call] += 1
            self._per_item += per_item
            many = per_item and self._per_item == MANY_CALLS
        if many:
            _logger.warning(
                "%s: %d calls of KMS for %d items, the last %s on %s; a hierarchical keyring would make it 1",
                self._whose,
                MANY_CALLS,
                MANY_CALLS,
                call.operation,
                call.key_id,
            )


_current: ContextVar[KmsCalls | None] = ContextVar("dynaseal_kms_calls", default=None)


def count(operation: str, key_id: str, *, per_item: bool = False) -> None:
    """Count a call that is about to be made, for the recorder of this context, if it has one."""
    recorder = _current.get()
    if recorder is not None:
        recorder.add(KmsCall(operation, key_id), per_item=per_item)
