"""Spans of time as a person types them: `+91d`, `+12h`, `+1d12h30m`."""

import re
from datetime import timedelta

_SPAN = re.compile(
    r"\+?(?=\d)(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?", re.ASCII
)


def duration(text: str) -> timedelta:
    """The span that `text` writes.

    Raises:
        ValueError: It writes none, or one longer than time is measured.

    Example:
        >>> duration("+1d12h")
        datetime.timedelta(days=1, seconds=43200)
    """
    found = _SPAN.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no span of time; write +91d, +12h, +30m, +90s or +1d12h")
    try:
        return timedelta(**{unit: int(number) for unit, number in found.groupdict(default="0").items()})
    except OverflowError as error:
        raise ValueError(f"{text!r} is longer than time is measured") from error
