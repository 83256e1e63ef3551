"""The lab's time: the wall clock, which may be moved forward to rehearse rotation, deletion and expiry."""

from datetime import UTC, datetime, timedelta

from dynaseal_lab.record_store import InMemoryRecordStore, Key, RecordStore

_AHEAD: Key = ("seconds-ahead",)
_FURTHEST = timedelta(days=100 * 365)


def wall() -> datetime:
    """The machine's own time in UTC; signatures are dated by it."""
    return datetime.now(UTC)


class LabClock:
    """The wall clock plus what it was moved, which the record store keeps.

    Time that was handed out stays true, so the clock only goes forward; in a state folder, across restarts
    too. Signatures are dated by the wall clock whatever this one says: clients live in real time.

    Example:
        >>> clock = LabClock()
        >>> before = clock.now()
        >>> clock.advance(timedelta(days=91))
        >>> clock.now() - before > timedelta(days=91)
        True
    """

    def __init__(self, record_store: RecordStore | None = None) -> None:
        self._records = (record_store or InMemoryRecordStore()).mapping("clock", float)
        self._ahead = timedelta(seconds=self._records.get(_AHEAD, 0.0))

    @property
    def ahead(self) -> timedelta:
        """How far it was moved."""
        return self._ahead

    def now(self) -> datetime:
        """The lab's time in UTC."""
        return wall() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move the lab's time forward.

        Raises:
            ValueError: `by` is negative, or the time would lie beyond what dates can say.
        """
        if by < timedelta(0):
            raise ValueError("The lab's clock only goes forward")
        if self._ahead + by > _FURTHEST:
            raise ValueError(f"The lab's clock goes at most {_FURTHEST.days} days ahead")
        self._ahead += by
        self._records[_AHEAD] = self._ahead.total_seconds()
