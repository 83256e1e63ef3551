"""Dates in conditions: W3C's forms of ISO 8601, of any year, or seconds since 1970.

IAM reads them leniently: a missing part has its smallest value, one digit is enough where two are usual, and
the letters T and Z may be lower case. A string with neither a T nor a hyphen is a number of seconds.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from decimal import Decimal
from functools import lru_cache

_LARGEST = 9_223_372_036_854_775_807
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
def seconds(date: str) -> Decimal:
    """Return a date as seconds since 1970.

    Raises:
        ValueError: The string is not a date.

    Example:
        >>> seconds("1970-01-02T00:00:00Z"), seconds("1970-01-01T02:00:00+01:00"), seconds("90")
        (Decimal('86400'), Decimal('3600'), Decimal('90'))
    """
    if not set(date) & set("tT-"):
        if not (date.isascii() and date.isdigit()) or int(date) > _LARGEST:
            raise ValueError(f"Not a date: {date}")
        return Decimal(date)
    parts = _ISO.fullmatch(date)
    if parts is None:
        raise ValueError(f"Not a date: {date}")
    part = {name: _number(name, digits, date) for name, digits in parts.groupdict().items() if name != "sign"}
    offset = (part["off_hour"] * 3600 + part["off_minute"] * 60) * (-1 if parts["sign"] == "-" else 1)
    days = _days(int(parts["year"]), int(part["month"]), int(part["day"]))
    return days * _DAY + part["hour"] * 3600 + part["minute"] * 60 + part["second"] - offset


def _number(name: str, digits: str | None, date: str) -> Decimal:
    least, most = _RANGES.get(name, (None, None))
    number = Decimal(digits) if digits is not None else Decimal(least or 0)
    if least is not None and most is not None and not least <= number <= most:
        raise ValueError(f"Not a date: {date}")
    return number


def _days(year: int, month: int, day: int) -> int:
    """Return the days from 1970-01-01 to a date in the proleptic Gregorian calendar.

    Years are counted from March, so that the leap day is the last day of a year and shifts no other.

    Example:
        >>> _days(1970, 1, 1), _days(2000, 3, 1), _days(1969, 12, 31)
        (0, 11017, -1)
    """
    year, month = (year, month - 3) if month > 2 else (year - 1, month + 9)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719_469
