"""Numbers of the older format, in the three spellings that it needs.

- `exact`: every digit, as DynamoDB stores it. This is what is encrypted.
- `signed_by_python`: rounded to 28 digits, and minus zero kept. The older Python library signs this, so an
  item that it must be able to read has to be signed over the same.
- `signed_by_java`: every digit, and no minus before zero.

The older Python library rounds in the thread's decimal context, which is 28 digits unless a program changed
it; the rounding here does not depend on the thread.
"""

from decimal import (
    MAX_EMAX,
    MAX_PREC,
    MIN_EMIN,
    ROUND_HALF_EVEN,
    Clamped,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
    Overflow,
    Rounded,
    Underflow,
)
from typing import Any

from dynaseal.core.numbers import MAX_EXPONENT, MIN_EXPONENT, normalize

# DynamoDB's limits, and the errors that boto3 raises beyond them.
_DYNAMODB = Context(
    prec=38,
    Emin=-128,
    Emax=126,
    rounding=ROUND_HALF_EVEN,
    traps=[Clamped, Overflow, Inexact, Rounded, Underflow, InvalidOperation],
)
_PYTHON_SIGNATURE = Context(prec=28, rounding=ROUND_HALF_EVEN)
_UNLIMITED = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation])


def stored(value: Any) -> Decimal:
    """Return a number with the digits that count.

    DynamoDB gives large numbers back without an exponent: zeros at the end are not among them.

    Raises:
        decimal.DecimalException: it is not a number that DynamoDB stores.
    """
    number = _UNLIMITED.create_decimal(value)
    if not number.is_finite():
        raise InvalidOperation("DynamoDB stores only finite numbers")
    return _DYNAMODB.create_decimal(number.normalize(_UNLIMITED))


def exact(value: Any) -> str:
    """Format a number with all its digits.

    Raises:
        decimal.DecimalException: it is not a number that DynamoDB stores.
    """
    return f"{_DYNAMODB.plus(stored(value)):f}"


def signed_by_python(value: Any) -> str:
    """Format a number as the older Python library signs it.

    Raises:
        decimal.DecimalException: it is not a number that DynamoDB stores.
    """
    return f"{stored(value).normalize(_PYTHON_SIGNATURE):f}"


def signed_by_java(value: Any) -> str:
    """Format a number as the Java client signs it.

    Raises:
        ValueError: it is not a number that DynamoDB stores.
    """
    return normalize(str(value))


def read(text: str) -> str:
    """Format a decrypted number in plain decimals, with all its digits.

    Raises:
        decimal.InvalidOperation: it is not a number.
        ValueError: its size is beyond DynamoDB's: an exponent of a few bytes must not become a long string.
    """
    number = _UNLIMITED.create_decimal(text)
    if not number.is_finite():
        raise ValueError("a number that is not finite")
    if number and not MIN_EXPONENT <= number.adjusted() <= MAX_EXPONENT:
        raise ValueError("a number beyond DynamoDB's range")
    return f"{number.normalize(_UNLIMITED):f}"
