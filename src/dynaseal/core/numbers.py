"""DynamoDB's numbers as strings: which strings are numbers, and the one normal form of each number.

- A number has at most 38 significant digits and, unless it is zero, a magnitude from 1e-130 to 9.9...e125.
- Its normal form has no exponent, no plus sign, no zero that could be left out, and no minus before zero.

Source: specification `ddb-attribute-serialization.md`, "Number"; which strings are numbers at the edges
of the grammar follows AWS's releases, as the vectors do.
"""

import re

# Most numbers are in normal form already; this recognises the common ones without taking them apart.
is_normal = re.compile(r"0|-?[1-9][0-9]{0,17}(?:\.[0-9]{0,18}[1-9])?|-?[1-9][0-9]{0,37}").fullmatch
# The quantifiers are possessive (`*+`): without a decimal point, `whole` and `part` could otherwise share the
# digits in every way, which takes quadratic time.
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?=\.?[0-9])(?P<whole>[0-9]*+)\.?(?P<part>[0-9]*+)(?:[eE](?P<exponent>[+-]?[0-9]++))?"
).fullmatch

MAX_DIGITS = 38
MAX_EXPONENT = 125
MIN_EXPONENT = -130


def normalize(number: str) -> str:
    """Return a DynamoDB number in its normal form.

    Args:
        number: The content of an `N` value.

    Returns:
        The normal form. DynamoDB returns the same, but writes some numbers with an exponent.

    Raises:
        ValueError: it is not a number, or not one that DynamoDB can store. The message says which, and does
            not show the number.

    Example:
        >>> normalize("+01.50e2"), normalize("-0.0"), normalize("1E-3")
        ('150', '0', '0.001')
    """
    if is_normal(number):
        return number
    match = _NUMBER(number)
    if match is None:
        raise ValueError("a string that is not a number")
    whole, part, exponent = match["whole"], match["part"], match["exponent"] or "0"
    digits = (whole + part).lstrip("0")
    if not digits:
        return "0"
    # The decimal point's position, counted from the first significant digit.
    point = len(whole) - (len(whole) + len(part) - len(digits)) + _bounded(exponent)
    digits = digits.rstrip("0")
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number with more than 38 significant digits")
    if point - 1 > MAX_EXPONENT:
        raise ValueError("a number too large for DynamoDB")
    if point - 1 < MIN_EXPONENT:
        raise ValueError("a number too small for DynamoDB")
    return ("-" if match["sign"] == "-" else "") + _format(digits, point)


def with_exponent(number: str) -> str:
    """Write the zeros at the end of a whole number of more than 38 digits as an exponent.

    boto3 takes them for digits, of which a number may have 38.

    Args:
        number: A number in its normal form.

    Example:
        >>> with_exponent("-15" + "0" * 40), with_exponent("1500")
        ('-15E40', '1500')
    """
    if len(number) <= MAX_DIGITS or "." in number:
        return number
    digits = number.rstrip("0")
    return f"{digits}E{len(number) - len(digits)}" if len(digits) < len(number) else number


def _bounded(exponent: str) -> int:
    """Read an exponent; more than nine digits become 10**12, so that millions of digits cost nothing."""
    sign = -1 if exponent[0] == "-" else 1
    magnitude = exponent.lstrip("+-").lstrip("0")
    return sign * int(magnitude or "0") if len(magnitude) <= 9 else sign * 10**12


def _format(digits: str, point: int) -> str:
    if point <= 0:
        return "0." + "0" * -point + digits
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return digits[:point] + "." + digits[point:]
