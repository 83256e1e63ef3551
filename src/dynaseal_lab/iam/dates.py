"""Dates of conditions: W3C's forms of ISO 8601, of any year, and seconds since 1970.

IAM reads them leniently: a part that is missing is its smallest value, one digit does for two, the letter T
may be small. A text with neither a T nor a hyphen is seconds.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from decimal import Decimal
from functools import lru_cache

_LONGEST = 9_223_372_036_854_775_807
_DAY = 86_400
_ISO = re.compile(
    r"(?P<year>-?\d{1,9})(?:-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?"
    r"(?:[Tt](?:(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}(?:\.\d{1,9})?))?)?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<off_hour>\d{2})(?::?(?P<off_minute>\d{2}))?)?)?)?",
    re.ASCII,
)
_RANGES = {
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 60),
    "off_hour": (0, 23),
    "off_minute": (0, 59),
}


@lru_cache(maxsize=4096)
def seconds(text: str) -> Decimal:
    """A date as seconds since 1970.

    Raises:
        ValueError: It is none.

    Example:
        >>> seconds("1970-01-02T00:00:00Z"), seconds("1970-01-01T02:00:00+01:00"), seconds("90")
        (Decimal('86400'), Decimal('3600'), Decimal('90'))
    """
    if not set(text) & set("tT-"):
        if not (text.isascii() and text.isdigit()) or int(text) > _LONGEST:
            raise ValueError(f"Not a date: {text}")
        return Decimal(text)
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError(f"Not a date: {text}")
    part = {name: _within(name, value, text) for name, value in found.groupdict().items() if name != "sign"}
    offset = (part["off_hour"] * 3600 + part["off_minute"] * 60) * (-1 if found["sign"] == "-" else 1)
    days = _days(int(found["year"]), int(part["month"]), int(part["day"]))
    return days * _DAY + part["hour"] * 3600 + part["minute"] * 60 + part["second"] - offset


def _within(name: str, value: str | None, text: str) -> Decimal:
    least, most = _RANGES.get(name, (None, None))
    number = Decimal(value) if value is not None else Decimal(least or 0)
    if least is not None and most is not None and not least <= number <= most:
        raise ValueError(f"Not a date: {text}")
    return number


def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the proleptic Gregorian calendar; a year starts in March to end with leap days.

    Example:
        >>> _days(1970, 1, 1), _days(2000, 3, 1), _days(1969, 12, 31)
        (0, 11017, -1)
    """
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719_469
