"""A bounded cache of branch keys and beacon keys, shared by threads and keyrings; one load per key at a time.

- An entry is used until its TTL ends and never after that; jitter only shortens the TTL. A keyring with a
  shorter TTL than the keyring that loaded an entry uses the entry for its own TTL only. If the clock was set
  back to before an entry was loaded, the entry is loaded again.
- While one caller loads an entry, the others wait for it and share its value or its failure. A failure is not
  cached: the next caller loads again.
- In the grace period before an entry's end, one caller loads it again while the others still use it. If that
  load fails, the entry is used until its end, and the load is tried again after the retry interval.
- When the cache is full, it drops the entry that has not been used for the longest time.

Source: specification `storm-tracking-cryptographic-materials-cache.md`,
`local-cryptographic-materials-cache.md`. In contrast to those, a waiting caller does not poll.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from math import inf
from random import random as any_fraction
from threading import Lock
from typing import Any, TypeVar

from dynaseal import drivers
from dynaseal.core.arguments import ProcessBound, check_callables, check_integers, check_numbers
from dynaseal.errors import ConfigError, DynasealError
from dynaseal.materials import forks

_T = TypeVar("_T")
_logger = logging.getLogger("dynaseal")
_OWNER = "A BranchKeyCache"


@dataclass(slots=True)
class _Entry:
    value: Any
    loaded: float
    ends: float
    retry_at: float = -inf


class _Load(Future[Any]):
    """A load in progress, and its driver."""

    def __init__(self) -> None:
        super().__init__()
        self.driver = drivers.current()


class BranchKeyCache(ProcessBound):
    """Caches branch keys and beacon keys for their TTL. Several keyrings can share one.

    Keyrings share entries if they have the same key store; the keys of different key stores never mix.

    Args:
        capacity: The largest number of keys in the cache.
        jitter: The largest part of a TTL, from 0 up to but not including 1, by which it is shortened at
            random, so that programs that were started together do not always call KMS together.
        grace_seconds: How long before its end, in seconds, an entry is loaded again. A failure of that load
            does no harm. 0 for no such period.
        retry_seconds: How long after a failed load in the grace period, in seconds, it is tried again.
        clock: Returns seconds; only differences matter.
        random: Returns numbers from 0 up to but not including 1.

    Raises:
        ConfigError: a number is out of range.
    """

    def __init__(
        self,
        capacity: int = 1000,
        *,
        jitter: float = 0.0,
        grace_seconds: float = 0.0,
        retry_seconds: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = any_fraction,
    ) -> None:
        check_integers(_OWNER, capacity=capacity)
        check_numbers(_OWNER, jitter=jitter, grace_seconds=grace_seconds, retry_seconds=retry_seconds)
        check_callables(_OWNER, clock=clock, random=random)
        if capacity < 1 or not 0 <= jitter < 1 or grace_seconds < 0 or retry_seconds <= 0:
            raise ConfigError(
                "A cache's capacity must be at least 1, its jitter at least 0 and below 1, its grace period "
                "at least 0 and its retry interval above 0"
            )
        self.grace_seconds = grace_seconds
        self._capacity = capacity
        self._jitter = jitter
        self._retry = retry_seconds
        self._clock = clock
        self._random = random
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._loading: dict[Hashable, _Load] = {}
        forks.register(self)

    def reset_after_fork(self) -> None:
        """Forget the loads in progress, which no thread of this process will end; cached keys stay."""
        self._lock = Lock()
        self._entries = OrderedDict(self._entries)
        self._loading = {}

    def __repr__(self) -> str:
        return f"BranchKeyCache({len(self._entries)} of {self._capacity})"

    def get(self, key: Hashable, ttl_seconds: float, load: Callable[[], _T]) -> _T:
        """Return the value that is cached under a key, or load it.

        Args:
            key: Identifies the value, including its key store.
            ttl_seconds: How old, in seconds, the value may be for this caller.
            load: Fetches the value. It is called by one caller at a time for each key, and without a lock.

        Raises:
            DynasealError: `load` raised it, here or in the caller for which this one waited.
        """
        while True:
            with self._lock:
                entry = self._usable(key, ttl_seconds)
                loading = self._loading.get(key)
                if loading is not None and not loading.driver.is_running():
                    loading = None  # its event loop was left before the reply came
                if entry is not None and (loading is not None or not self._is_due(entry, ttl_seconds)):
                    return entry.value
                if loading is None:
                    future = self._loading[key] = _Load()
                    break
            if drivers.would_never_end(loading.driver):
                # A task of this thread's event loop is loading it, and this caller blocks the loop.
                return load()
            try:
                return drivers.wait(loading, loading.driver)
            except CancelledError:
                # That load was interrupted by something other than a failure, such as KeyboardInterrupt, or
                # its event loop was left: try again.
                continue
        return self._load(key, ttl_seconds, load, future, entry)

    def find(self, key: Hashable, ttl_seconds: float) -> Any:
        """Return the value that is cached under a key, or None if it is missing or due to be loaded again.

        Args:
            key: Identifies the value, including its key store.
            ttl_seconds: How old, in seconds, the value may be for this caller.
        """
        with self._lock:
            entry = self._usable(key, ttl_seconds)
            return None if entry is None or self._is_due(entry, ttl_seconds) else entry.value

    def _load(
        self,
        key: Hashable,
        ttl_seconds: float,
        load: Callable[[], _T],
        future: _Load,
        entry: _Entry | None,
    ) -> _T:
        """Load a value for this caller and for those that wait for `future`."""
        try:
            value = load()
        except DynasealError as error:
            future.set_exception(error)
            if entry is None or not self._is_still_usable(key, entry, ttl_seconds):
                raise
            _logger.warning(
                "A key could not be loaded again; the cached one is used until its TTL ends: %s",
                error,
                extra={"dynaseal_event": "key-reload-failed", "dynaseal_error": error.code},
            )
            return entry.value
        else:
            self._store(key, value, ttl_seconds)
            future.set_result(value)
            return value
        finally:
            with self._lock:
                # After a fork within `load`, or if this load had stopped, it is not there any more.
                if self._loading.get(key) is future:
                    del self._loading[key]
            # If neither a result nor a failure was set, this wakes the waiting callers; otherwise it does
            # nothing.
            future.cancel()

    def _usable(self, key: Hashable, ttl_seconds: float) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        now = self._clock()
        # If the clock was set back, it does not tell how old the entry is.
        if not entry.loaded <= now < entry.ends:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry if now < entry.loaded + ttl_seconds else None

    def _is_due(self, entry: _Entry, ttl_seconds: float) -> bool:
        if not self.grace_seconds:
            return False
        ends = min(entry.ends, entry.loaded + ttl_seconds)
        return self._clock() >= max(ends - self.grace_seconds, entry.retry_at)

    def _is_still_usable(self, key: Hashable, entry: _Entry, ttl_seconds: float) -> bool:
        with self._lock:
            entry.retry_at = self._clock() + self._retry
            return self._usable(key, ttl_seconds) is entry

    def _store(self, key: Hashable, value: Any, ttl_seconds: float) -> None:
        with self._lock:
            now, fraction = self._clock(), self._random()
            check_numbers(_OWNER, **{"clock()": now, "random()": fraction})
            ends = now + ttl_seconds * (1 - self._jitter * fraction)
            self._entries[key] = _Entry(value, now, ends)
            self._entries.move_to_end(key)
            # Also drops entries that have ended, as long as they are the oldest: their keys need not stay in
            # memory.
            while len(self._entries) > 1:
                oldest = next(iter(self._entries.values()))
                if len(self._entries) <= self._capacity and oldest.ends > now:
                    break
                self._entries.popitem(last=False)
