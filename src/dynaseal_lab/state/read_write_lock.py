"""A lock that many tasks share, or one task holds alone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class ReadWriteLock:
    """A lock with two modes, for tasks of one event loop.

    Tasks that ask for it alone go first: once one waits, no further task comes in to share it.
    """

    def __init__(self) -> None:
        self._sharing = 0
        self._may_share = asyncio.Event()
        self._may_share.set()
        self._nobody_shares = asyncio.Event()
        self._nobody_shares.set()
        self._alone = asyncio.Lock()

    @asynccontextmanager
    async def shared(self) -> AsyncGenerator[None]:
        """Hold the lock together with others."""
        while not self._may_share.is_set():
            await self._may_share.wait()
        self._sharing += 1
        self._nobody_shares.clear()
        try:
            yield
        finally:
            self._sharing -= 1
            if self._sharing == 0:
                self._nobody_shares.set()

    @asynccontextmanager
    async def exclusive(self) -> AsyncGenerator[None]:
        """Hold the lock alone, after everybody who shares it has left."""
        async with self._alone:
            self._may_share.clear()
            try:
                await self._nobody_shares.wait()
                yield
            finally:
                self._may_share.set()
