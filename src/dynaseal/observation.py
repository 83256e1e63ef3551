"""Passes calls of KMS and repeated updates on to an observer, which takes no noticeable time beside them.

There is at most one observer in a process; `dynaseal.otel` is one. Without it, nothing is recorded.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Observer(Protocol):
    """Records calls of KMS and repeated updates, in the thread that makes them."""

    def kms_call(self, operation: str, key_id: str) -> AbstractContextManager[object]:
        """Return a context manager in whose block a call of KMS is made; its failure passes through."""
        ...

    def update_repeated(self) -> None:
        """Record that an update is to be tried again, because another writer was faster."""
        ...


_observers: list[Observer] = []


def set_observer(observer: Observer | None) -> None:
    """Make this the process's observer; None for none."""
    _observers[:] = [] if observer is None else [observer]


def observed_kms_call(operation: str, key_id: str) -> AbstractContextManager[object]:
    """Return the context manager in whose block a call of KMS is made."""
    for observer in _observers:
        return observer.kms_call(operation, key_id)
    return nullcontext()


def update_repeated() -> None:
    """Record with the observer that an update is to be tried again."""
    for observer in _observers:
        observer.update_repeated()
