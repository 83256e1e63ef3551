"""Requests as `ministack` needs them: numbers in one form, and the refusals that it does not make itself.

* DynamoDB stores a number, not how it was written: 1, 1.0 and 1e0 are one key. `ministack` compares what was
  written, so every number in a request is replaced by its shortest form.
* An update expression may use each clause once, and no path twice or inside another. Expressions, and the
  names and values of placeholders, may be missing but not empty.

The messages are those of the native engine, which follows AWS's recorded answers.
"""

import json
import re
from decimal import Decimal

from dynaseal_lab.dynamodb.json_values import as_object
from dynaseal_lab.dynamodb.partiql import with_numbers
from dynaseal_lab.dynamodb.request_checks import EXPRESSIONS, parts_with_expressions, parts_with_statements
from dynaseal_lab.dynamodb.update_expressions import mistake
from dynaseal_lab.model import Fault, Params

# In JSON a quotation mark inside a string has a backslash before it, so these match members of objects only.
_NUMBER = re.compile(rb'("N"\s*:\s*")([^"\\]*)(")')
_NUMBER_SET = re.compile(rb'("NS"\s*:\s*\[)([^\]]*)(\])')
_MEMBER_OF_SET = re.compile(rb'(")([^"\\]*)(")')
_DECIMAL = re.compile(r"[+-]?(?:\d{1,200}\.?\d{0,200}|\.\d{1,200})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_SHORTEST = re.compile(rb"-?[1-9]\d{0,37}|0")
_LARGEST_EXPONENT = 125
_SMALLEST_EXPONENT = -130
_PREAMBLE = "1 validation error detected: "
_PLACEHOLDERS = ("ExpressionAttributeNames", "ExpressionAttributeValues")


def corrected(body: bytes, *, single_write: bool) -> bytes:
    """Return a request's body with its numbers in one form.

    Args:
        body: The request's JSON.
        single_write: Whether it writes one item; AWS gives errors of these a preamble.

    Raises:
        Fault: ValidationException for an expression that DynamoDB refuses.
    """
    if b"Expression" in body:
        _check_expressions(json.loads(body), _PREAMBLE if single_write else "")
    if b'"N"' in body:
        body = _NUMBER.sub(_in_shortest_form, body)
    if b'"NS"' in body:
        body = _NUMBER_SET.sub(_set_in_shortest_form, body)
    if b'Statement"' in body:
        params = json.loads(body)
        for part in parts_with_statements(params):
            part["Statement"] = with_numbers(part["Statement"], shortest_form)
        body = json.dumps(params).encode()
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


def _check_expressions(params: Params, preamble: str) -> None:
    for part in parts_with_expressions(params):
        present = [name for name in EXPRESSIONS if part.get(name) is not None]
        for name in present:
            if part[name] == "":
                before = "" if name == "UpdateExpression" else preamble
                raise _invalid(f"{before}Invalid {name}: The expression can not be empty;")
        reason = "must not be empty" if present else "can only be specified when using expressions"
        for member in _PLACEHOLDERS:
            if part.get(member) == {}:
                raise _invalid(f"{preamble}{member} {reason}")
        if expression := part.get("UpdateExpression"):
            found = mistake(expression, as_object(part.get("ExpressionAttributeNames") or {}))
            if found is not None:
                before = "" if found.startswith("Syntax") else preamble
                raise _invalid(f"{before}Invalid UpdateExpression: {found}")


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message)
