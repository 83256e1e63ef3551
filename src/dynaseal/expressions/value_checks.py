"""DynamoDB's checks of the values of placeholders: what an attribute value may be.

Source: what DynamoDB Local answers; its messages are given word for word, odd spacing included, but without
values.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from dynaseal.attributes import AttributeValue
from dynaseal.expressions.operators import SET_ELEMENTS
from dynaseal.expressions.refusals import refuse_request

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,9})?").fullmatch
_INVALID = "One or more parameter values were invalid: "
_EMPTY_SETS = {
    "SS": "An string set  may not be empty",
    "NS": "An number set  may not be empty",
    "BS": "Binary sets should not be empty",
}
MAX_NESTING = 32
"""How many levels DynamoDB allows: of a value, and of an item, whose first level is the item itself."""
TOO_DEEP = "Nesting Levels have exceeded supported limits"
_TOO_DEEP = f"{TOO_DEEP}: Attributes in the item have nested levels beyond supported limit"
PRECISION = "DynamoDB only supports precision up to 38 digits"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
_DIGITS, _LARGEST_EXPONENT, _SMALLEST_EXPONENT = 38, 125, -130


def check_values(values: Mapping[str, AttributeValue]) -> None:
    """Check the values of a request's ExpressionAttributeValues.

    Raises:
        InvalidExpressionError: DynamoDB would refuse one; the error has its message.

    Example:
        >>> check_values({":v": {"L": [{"NS": ["1", "2"]}]}})
    """
    for placeholder, value in values.items():
        is_too_deep = nesting(value) > MAX_NESTING
        problem = _TOO_DEEP if is_too_deep else next(_problems(value), None)
        if problem is not None:
            refuse_request(
                f"ExpressionAttributeValues contains invalid value: {problem} for key {placeholder}"
            )


def number_problem(number: Decimal) -> str | None:
    """Return DynamoDB's words for a number that it cannot store, or None if it can."""
    if not number:
        return None
    if number.adjusted() > _LARGEST_EXPONENT:
        return OVERFLOW
    if number.adjusted() < _SMALLEST_EXPONENT:
        return UNDERFLOW
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return PRECISION if len(digits) > _DIGITS else None


def nesting(value: AttributeValue) -> int:
    """Return how many lists and maps a value has inside one another, itself included.

    Example:
        >>> nesting({"L": [{"M": {}}, {"S": "a"}]})
        2
    """
    deepest, level = 0, [value]
    while containers := [each for each in level if "L" in each or "M" in each]:
        deepest += 1
        level = [
            member
            for container in containers
            for member in (container["L"] if "L" in container else container["M"].values())
        ]
    return deepest


def _problems(value: AttributeValue) -> Iterator[str]:
    """Yield what is wrong with a value, in any depth."""
    if not value:
        yield "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        return
    if len(value) > 1:
        yield (
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "
            "supported datatypes"
        )
        return
    ((kind, content),) = value.items()
    if kind == "N":
        yield from _number_problems(content)
    elif kind == "NULL" and content is False:
        yield f"{_INVALID}Null attribute value types must have the value of true"
    elif kind in SET_ELEMENTS:
        yield from _set_problems(kind, content)
    elif kind == "L":
        for element in content:
            yield from _problems(element)
    elif kind == "M":
        if "" in content:
            yield "Empty attribute name"
        for member in content.values():
            yield from _problems(member)


def _number_problems(content: str) -> Iterator[str]:
    if not _NUMBER(content):
        yield "A value provided cannot be converted into a number"
        return
    problem = number_problem(Decimal(content))
    if problem is not None:
        yield problem


def _set_problems(kind: str, members: Sequence[Any]) -> Iterator[str]:
    if not members:
        yield _INVALID + _EMPTY_SETS[kind]
        return
    if kind == "NS":
        for member in members:
            yield from _number_problems(member)
        if len(set(map(Decimal, members))) < len(members):
            yield "Input collection contains duplicates"
    elif kind == "BS" and len(set(map(bytes, members))) < len(members):
        yield f"{_INVALID}Input collection of type BS contains duplicates."
    elif kind == "SS" and len(set(members)) < len(members):
        yield f"{_INVALID}Input collection [...] contains duplicates"
