"""Time to live: expired items are deleted once per minute, and when the lab's clock is moved.

On AWS it may take days. Only the native engine goes by the lab's clock; the others go by the machine's.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from dynaseal_lab.clock import LabClock

INTERVAL = 60.0
"""Seconds between two deletions."""


class ExpiringEngine(Protocol):
    """An engine that deletes expired items when it is asked to."""

    async def expire(self, seconds_ahead: float) -> None:
        """Delete the items whose time to live has passed.

        Args:
            seconds_ahead: How far the lab's clock is ahead of the machine's.
        """
        ...


@dataclass(frozen=True, slots=True)
class Expiry:
    """Deletes the expired items of an engine, if it has to be asked to."""

    engine: ExpiringEngine | None
    clock: LabClock

    async def run(self) -> None:
        """Delete expired items at every interval, until the task is cancelled."""
        while self.engine is not None:
            await asyncio.sleep(INTERVAL)
            await self.expire()

    async def expire(self) -> None:
        """Delete the items that have expired by the lab's clock."""
        if self.engine is not None:
            await self.engine.expire(self.clock.ahead.total_seconds())
