"""Numbers in one form: DynamoDB stores a number, not how it was written, so 1, 1.0 and 1e0 are one key."""

import re
from decimal import Decimal

# In JSON a quotation mark inside a string has a backslash before it, so these match members of objects only.
_NUMBER = re.compile(rb'("N"\s*:\s*")([^"\\]*)(")')
_NUMBER_SET = re.compile(rb'("NS"\s*:\s*\[)([^\]]*)(\])')
_MEMBER_OF_SET = re.compile(rb'(")([^"\\]*)(")')
_DECIMAL = re.compile(r"[+-]?(?:\d{1,200}\.?\d{0,200}|\.\d{1,200})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SHORTEST = re.compile(rb"-?[1-9]\d{0,37}|0")
_LARGEST_EXPONENT = 125
_SMALLEST_EXPONENT = -130


def with_shortest_numbers(body: bytes) -> bytes:
    """Return the JSON of a request about items, with each number in its shortest form.

    Example:
        >>> with_shortest_numbers(b'{"Key":{"pk":{"N":"1.0"}}}')
        b'{"Key":{"pk":{"N":"1"}}}'
    """
    if b'"N"' in body:
        body = _NUMBER.sub(_in_shortest_form, body)
    if b'"NS"' in body:
        body = _NUMBER_SET.sub(_set_in_shortest_form, body)
    return body


def shortest_form(number: str) -> str:
    """Return a number as DynamoDB returns it; what is not a number that it can store is left unchanged.

    Example:
        >>> [shortest_form(number) for number in ("1.0", "1e2", "-0.50", "1e999", "abc")]
        ['1', '100', '-0.5', '1e999', 'abc']
    """
    if not _DECIMAL.fullmatch(number):
        return number
    value = Decimal(number)
    if not value:
        return "0"
    if not _SMALLEST_EXPONENT <= value.adjusted() <= _LARGEST_EXPONENT:
        return number
    plain = f"{value:f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def _in_shortest_form(match: re.Match[bytes]) -> bytes:
    before, number, after = match.groups()
    if _SHORTEST.fullmatch(number):
        return match.group()
    return before + shortest_form(number.decode()).encode() + after


def _set_in_shortest_form(match: re.Match[bytes]) -> bytes:
    before, numbers, after = match.groups()
    return before + _MEMBER_OF_SET.sub(_in_shortest_form, numbers) + after
