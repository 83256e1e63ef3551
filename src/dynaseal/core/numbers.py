"""DynamoDB's numbers as text: which spellings are numbers, and the one normal form of each.

- A number has at most 38 significant digits and, unless it is zero, a magnitude from 1e-130 to 9.9...e125.
- Its normal form has no exponent, no plus sign, no zero that could be left out, and no minus before zero.

Source: specification `ddb-attribute-serialization.md`, "Number"; the edges of the grammar are those of AWS's
releases, held by the vectors.
"""

import re

# Most numbers are in normal form already; these spellings of it are recognised without taking them apart.
is_normal = re.compile(r"0|-?[1-9][0-9]{0,17}(?:\.[0-9]{0,18}[1-9])?|-?[1-9][0-9]{0,37}").fullmatch
# Possessive: without a point, whole and part would share the digits in every way, in quadratic time.
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?=\.?[0-9])(?P<whole>[0-9]*+)\.?(?P<part>[0-9]*+)(?:[eE](?P<exponent>[+-]?[0-9]++))?"
).fullmatch

MAX_DIGITS = 38
MAX_EXPONENT = 125
MIN_EXPONENT = -130


def normalize(text: str) -> str:
    """Spell a DynamoDB number in its normal form.

    Args:
        text: The number as an `N` value has it.

    Returns:
        The normal form, which DynamoDB itself would give back up to its exponents.

    Raises:
        ValueError: `text` is no number, or one that DynamoDB does not hold; the message says which, without
            the number.

    Example:
        >>> normalize("+01.50e2"), normalize("-0.0"), normalize("1E-3")
        ('150', '0', '0.001')
    """
    if is_normal(text):
        return text
    match = _NUMBER(text)
    if match is None:
        raise ValueError("not a number")
    whole, part, exponent = match["whole"], match["part"], match["exponent"] or "0"
    digits = (whole + part).lstrip("0")
    if not digits:
        return "0"
    # Where the decimal point stands, counted from the first significant digit.
    point = len(whole) - (len(whole) + len(part) - len(digits)) + _bounded(exponent)
    digits = digits.rstrip("0")
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number of more than 38 significant digits")
    if point - 1 > MAX_EXPONENT:
        raise ValueError("a number too large for DynamoDB")
    if point - 1 < MIN_EXPONENT:
        raise ValueError("a number too small for DynamoDB")
    return ("-" if match["sign"] == "-" else "") + _spell(digits, point)


def _bounded(exponent: str) -> int:
    """Turn the digits of an exponent into a number, without the cost of one of millions of digits."""
    sign = -1 if exponent[0] == "-" else 1
    magnitude = exponent.lstrip("+-").lstrip("0")
    return sign * int(magnitude or "0") if len(magnitude) <= 9 else sign * 10**12


def _spell(digits: str, point: int) -> str:
    if point <= 0:
        return "0." + "0" * -point + digits
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return digits[:point] + "." + digits[point:]
