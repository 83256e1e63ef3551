"""A cache of branch keys and beacon keys: bounded, shared by threads and keyrings, one load at a time a key.

- An entry is used until its TTL ends and never after; jitter only shortens it. A keyring with a shorter TTL
  than the one that loaded an entry goes by its own.
- While one caller loads an entry the others wait for it and share what comes, value or failure. A failure is
  not kept: the next caller loads again.
- In the grace period before an entry ends, one caller loads it anew while the others go on with it. Where
  that load fails, the entry serves until its end, and is tried again after the retry interval.
- Beyond its capacity the cache forgets what was not used for longest.

Source: specification `storm-tracking-cryptographic-materials-cache.md`,
`local-cryptographic-materials-cache.md`; other than those, a waiting caller never sleeps and polls.
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

from dynaseal.errors import ConfigError, DynasealError

_T = TypeVar("_T")
_logger = logging.getLogger("dynaseal")


@dataclass(slots=True)
class _Entry:
    value: Any
    loaded: float
    ends: float
    retry_at: float = -inf


class BranchKeyCache:
    """Keeps branch keys and beacon keys for their TTL. Give one to several keyrings to share it.

    Keyrings share entries if they have the same key store; two key stores' keys never mix.

    Args:
        capacity: How many keys it keeps at most.
        jitter: The part of a TTL, from 0 up to but not including 1, by which it is shortened at most, at
            random, so that many programs that began together do not go on asking KMS together.
        grace_seconds: So long before its end one caller loads an entry anew, and a failure of that does not
            matter; 0 for no such period.
        retry_seconds: So long after a failed load in the grace period it is tried again.
        clock: Gives seconds; only differences count.
        random: Gives numbers from 0 up to but not including 1.

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
        if capacity < 1 or not 0 <= jitter < 1 or grace_seconds < 0 or retry_seconds <= 0:
            raise ConfigError(
                "A cache needs a capacity of at least 1, a jitter from 0 to below 1, a grace period that is "
                "not negative and a retry interval above 0"
            )
        self.grace_seconds = grace_seconds
        self._capacity = capacity
        self._jitter = jitter
        self._retry = retry_seconds
        self._clock = clock
        self._random = random
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()
        self._loading: dict[Hashable, Future[Any]] = {}

    def __repr__(self) -> str:
        return f"BranchKeyCache({len(self._entries)} of {self._capacity})"

    def get(self, key: Hashable, ttl_seconds: float, load: Callable[[], _T]) -> _T:
        """Give what is kept under `key`, or load it.

        Args:
            key: What is wanted, from which key store.
            ttl_seconds: The caller's own limit on the age of what it gets.
            load: Fetches it; called without any lock held, by one caller at a time for a key.

        Raises:
            DynasealError: what `load` raised, here or in the caller that this one waited for.
        """
        while True:
            with self._lock:
                entry = self._usable(key, ttl_seconds)
                loading = self._loading.get(key)
                if entry is not None and (loading is not None or not self._is_due(entry, ttl_seconds)):
                    return entry.value
                if loading is None:
                    own = self._loading[key] = Future[Any]()
                    break
            try:
                return loading.result()
            except CancelledError:
                # That load ended in something else than a failure to load, such as an interrupt.
                continue
        return self._load(key, ttl_seconds, load, own, entry)

    def _load(
        self,
        key: Hashable,
        ttl_seconds: float,
        load: Callable[[], _T],
        own: Future[Any],
        entry: _Entry | None,
    ) -> _T:
        try:
            value = load()
        except DynasealError as error:
            own.set_exception(error)
            if entry is None or not self._serves_on(key, entry, ttl_seconds):
                raise
            _logger.warning("A key could not be loaded anew, the cached one serves until its TTL: %s", error)
            return entry.value
        else:
            self._keep(key, value, ttl_seconds)
            own.set_result(value)
            return value
        finally:
            with self._lock:
                del self._loading[key]
            # Lets the waiting go if nothing was set; otherwise it does nothing.
            own.cancel()

    def _usable(self, key: Hashable, ttl_seconds: float) -> _Entry | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        now = self._clock()
        if now >= entry.ends:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry if now < entry.loaded + ttl_seconds else None

    def _is_due(self, entry: _Entry, ttl_seconds: float) -> bool:
        if not self.grace_seconds:
            return False
        ends = min(entry.ends, entry.loaded + ttl_seconds)
        return self._clock() >= max(ends - self.grace_seconds, entry.retry_at)

    def _serves_on(self, key: Hashable, entry: _Entry, ttl_seconds: float) -> bool:
        with self._lock:
            entry.retry_at = self._clock() + self._retry
            return self._usable(key, ttl_seconds) is entry

    def _keep(self, key: Hashable, value: Any, ttl_seconds: float) -> None:
        with self._lock:
            now = self._clock()
            ends = now + ttl_seconds * (1 - self._jitter * self._random())
            self._entries[key] = _Entry(value, now, ends)
            self._entries.move_to_end(key)
            # Of those not used for longest, the ended ones too: their keys need not lie about.
            while len(self._entries) > 1:
                oldest = next(iter(self._entries.values()))
                if len(self._entries) <= self._capacity and oldest.ends > now:
                    break
                self._entries.popitem(last=False)
