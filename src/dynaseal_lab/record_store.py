"""Where the lab's services store their records: in memory, or in a state folder.

Rules:
- The records of one kind are a mapping from a key (a tuple of strings) to a frozen dataclass. A record is
  never changed in place: it is replaced.
- A service knows nothing of files. Before a reply is sent, `AwsApi` awaits `settled()`, so a change that was
  acknowledged survives a crash.
- Where losing the last half second is harmless (when an access key was last used), a service says
  `reply_waits=False`: the change is written a moment later and no reply waits for it.
"""

from collections import deque
from collections.abc import Iterator, MutableMapping
from typing import Protocol, TypeVar

R = TypeVar("R")
Key = tuple[str, ...]


class Log(Protocol[R]):
    """Records in the order in which they were added; beyond its capacity the oldest are dropped."""

    def append(self, record: R, /) -> None:
        """Add a record."""
        ...

    def __iter__(self) -> Iterator[R]:
        """Iterate over the records, oldest first."""
        ...


class RecordStore(Protocol):
    """Stores records by kind, and knows when changes to them are safe."""

    def mapping(self, kind: str, record: type[R], *, reply_waits: bool = True) -> MutableMapping[Key, R]:
        """Return the records of one kind, including those stored before the lab was last stopped.

        Args:
            kind: The kind's name; each kind is opened once.
            record: The type of its records.
            reply_waits: Whether replies wait until a change to these records is safe.
        """
        ...

    def log(self, kind: str, record: type[R], capacity: int) -> Log[R]:
        """Return the log of one kind; replies never wait for it."""
        ...

    async def settled(self) -> None:
        """Wait until every change that replies wait for is safe."""
        ...


class InMemoryRecordStore:
    """Records that are gone when the process ends."""

    def mapping(self, kind: str, record: type[R], *, reply_waits: bool = True) -> MutableMapping[Key, R]:  # noqa: ARG002 - the protocol's arguments; memory needs none of them
        """Return an empty dictionary."""
        return {}

    def log(self, kind: str, record: type[R], capacity: int) -> Log[R]:  # noqa: ARG002 - as above
        """Return an empty queue."""
        return deque(maxlen=capacity)

    async def settled(self) -> None:
        """Return at once: nothing in memory has to be waited for."""
