"""The lab's time: the machine's clock, moved forward to try out rotation, deletion and expiry."""

from datetime import UTC, datetime, timedelta

from dynaseal_lab.record_store import InMemoryRecordStore, Key, RecordStore

_SECONDS_AHEAD: Key = ("seconds-ahead",)
_FURTHEST = timedelta(days=100 * 365)


def machine_time() -> datetime:
    """Return the machine's own time in UTC, by which signatures are dated."""
    return datetime.now(UTC)


class LabClock:
    """The machine's clock plus an advance, which is stored.

    The clock only goes forward, also across restarts on a state folder, so dates in earlier replies never lie
    in the future. Signatures are not checked by this clock but by the machine's, because clients sign with
    theirs.

    Example:
        >>> clock = LabClock()
        >>> before = clock.now()
        >>> clock.advance(timedelta(days=91))
        >>> clock.now() - before > timedelta(days=91)
        True
    """

    def __init__(self, record_store: RecordStore | None = None) -> None:
        self._records = (record_store or InMemoryRecordStore()).mapping("clock", float)
        self._ahead = timedelta(seconds=self._records.get(_SECONDS_AHEAD, 0.0))

    @property
    def ahead(self) -> timedelta:
        """How far the lab's time is ahead of the machine's."""
        return self._ahead

    def now(self) -> datetime:
        """Return the lab's time in UTC."""
        return machine_time() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move the lab's time forward.

        Raises:
            ValueError: `by` is negative, or the lab's time would be more than 100 years ahead.
        """
        if by < timedelta(0):
            raise ValueError("The lab's clock only goes forward")
        if self._ahead + by > _FURTHEST:
            raise ValueError(f"The lab's clock goes at most {_FURTHEST.days} days ahead")
        self._ahead += by
        self._records[_SECONDS_AHEAD] = self._ahead.total_seconds()
