"""The lab's time: the wall clock, which may be moved forward to rehearse rotation, deletion and expiry."""

from datetime import UTC, datetime, timedelta


def wall() -> datetime:
    """The machine's own time in UTC; signatures are dated by it."""
    return datetime.now(UTC)


class LabClock:
    """The wall clock plus what it was moved.

    Example:
        >>> clock = LabClock()
        >>> before = clock.now()
        >>> clock.advance(timedelta(days=91))
        >>> clock.now() - before > timedelta(days=91)
        True
    """

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The lab's time in UTC."""
        return wall() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Move the lab's time forward.

        Raises:
            ValueError: `by` is negative: time that was handed out stays true.
        """
        if by < timedelta(0):
            raise ValueError("The lab's clock only goes forward")
        self._ahead += by
