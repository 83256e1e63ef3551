"""Where a lab's records are kept, as its services see it: shelves by kind, in memory or in a folder.

Rules:
- A shelf is a mapping from a key of texts to a frozen record; a record is replaced whole.
- A service puts records on its shelves and knows nothing of files. Before an answer is sent, the front door
  waits until everything is `settled`: what was acknowledged is safe.
- What a shelf is told that is not `prompt` (when a key was last used) may be written a moment later.
"""

from collections import deque
from collections.abc import Iterator, MutableMapping
from typing import Protocol, TypeVar

R = TypeVar("R")
Key = tuple[str, ...]


class Log(Protocol[R]):
    """Records in the order in which they came, the oldest dropped beyond a capacity."""

    def append(self, record: R, /) -> None:
        """Add a record."""
        ...

    def __iter__(self) -> Iterator[R]:
        """The records, oldest first."""
        ...


class Shelves(Protocol):
    """Opens shelves, and says when what was put on them is safe."""

    def open(self, kind: str, record: type[R], *, prompt: bool = True) -> MutableMapping[Key, R]:
        """The shelf of this kind, with what was put on it before.

        Args:
            kind: A name of its own for each shelf.
            record: The type of its records.
            prompt: Whether an answer waits until a change to it is safe.
        """
        ...

    def log(self, kind: str, record: type[R], capacity: int) -> Log[R]:
        """The log of this kind; never waited for."""
        ...

    async def settled(self) -> None:
        """Wait until every prompt change so far is safe."""
        ...


class InMemory:
    """Shelves that end with the process."""

    def open(self, kind: str, record: type[R], *, prompt: bool = True) -> MutableMapping[Key, R]:  # noqa: ARG002 - the protocol's arguments; memory needs none of them
        """An empty dictionary."""
        return {}

    def log(self, kind: str, record: type[R], capacity: int) -> Log[R]:  # noqa: ARG002 - as above
        """An empty queue."""
        return deque(maxlen=capacity)

    async def settled(self) -> None:
        """Nothing to wait for."""
