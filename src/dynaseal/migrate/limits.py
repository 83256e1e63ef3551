"""Capacity per second: how fast a migration may read and write, and how it yields to throttling.

DynamoDB says in its replies what a request consumed. A request is sent if the balance is not negative, and
pays afterwards. So one large request can overdraw the balance once, and the average stays at the limit.

When DynamoDB throttles, the rate is halved, from what was consumed lately if there is no limit. It then grows
again, by a tenth every few seconds, up to the limit.
"""

import time
from collections.abc import Callable
from threading import Lock

_GROWTH = 1.1
_GROWS_AFTER = 5.0
_LEAST_RATE = 1.0
_HALVES_AFTER = 1.0
_NOTHING = 1e-6
"""A balance this close to zero is zero: waiting for a rounding error might never end."""


class UnitLimit:
    """Limits one kind of capacity units; safe for use by many threads.

    Args:
        units_per_second: The limit; None for no limit until DynamoDB throttles.
        clock: Returns the time in seconds.
        sleep: Waits for a number of seconds.

    Attributes:
        consumed: How many units were consumed so far.
    """

    def __init__(
        self,
        units_per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = units_per_second
        self._rate = units_per_second
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._balance = 0.0
        self._updated = self._started = clock()
        self._changed = clock() - _HALVES_AFTER
        self.consumed = 0.0

    @property
    def rate(self) -> float | None:
        """How many units may be consumed per second now; None for no limit."""
        return self._rate

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        while True:
            with self._lock:
                delay = self._delay()
            if delay <= 0:
                return
            self._sleep(delay)

    def spend(self, units: float) -> None:
        """Count what a request consumed."""
        with self._lock:
            self._delay()
            self._balance -= units
            self.consumed += units

    def slow_down(self) -> None:
        """Halve the rate, because DynamoDB throttled a request; at most once per second."""
        with self._lock:
            now = self._clock()
            if now - self._changed < _HALVES_AFTER:
                return
            lately = self.consumed / max(now - self._started, 1.0)
            self._rate = max(_LEAST_RATE, (lately if self._rate is None else self._rate) / 2)
            self._changed = now

    def _delay(self) -> float:
        """Add what the time since the last call allows, and return how long the next request has to wait."""
        now = self._clock()
        elapsed, self._updated = now - self._updated, now
        if self._rate is None:
            self._balance = 0.0
            return 0.0
        if self._rate != self._limit and now - self._changed >= _GROWS_AFTER:
            self._rate = min(self._rate * _GROWTH, self._limit or float("inf"))
            self._changed = now
        # At most one second's worth is saved up.
        self._balance = min(self._balance + elapsed * self._rate, self._rate)
        return max(0.0, -self._balance / self._rate) if self._balance < -_NOTHING else 0.0
