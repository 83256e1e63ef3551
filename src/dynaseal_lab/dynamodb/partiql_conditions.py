"""The partitions that a PartiQL statement is limited to, by its conditions or by the item that it inserts.

Only conditions that must all hold limit it: `pk = 'x'` or `pk IN [...]`, joined by AND, in brackets or not.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dynaseal_lab.dynamodb.partiql_tokens import Token, closing_brackets, whole_item, with_depth


def required_values(where: Sequence[Token], key: str) -> list[Any] | None:
    """Return the values to which a condition limits the key; None where it does not limit it."""
    found = (_values_of(condition, key) for condition in _required_conditions(where))
    return [value for values in found for value in values] or None


def inserted_values(tokens: Sequence[Token], key: str) -> list[Any] | None:
    """Return each value that an inserted item gives the key; None where one is not a literal or parameter."""
    if len(tokens) == 1:
        item = whole_item(tokens[0])
        return [item[key]] if key in item else None
    members = list(with_depth(tokens))
    values: list[Any] = []
    for (token, depth), (colon, _), (value, _), (end, _) in zip(
        members, members[1:], members[2:], members[3:], strict=False
    ):
        if depth == 1 and token.kind != "other" and token.text == key and colon.says(":"):
            if value.value is None or not (end.says(",") or end.says("}")):
                return None
            values.append(value.value)
    return values or None


def _required_conditions(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield the conditions that must all hold, also those in brackets; none where an OR joins them.

    Brackets are skipped, not descended into, so that deep nesting takes neither time nor stack.
    """
    closing = closing_brackets(tokens)
    ranges = [(0, len(tokens))]
    while ranges:
        start, end = ranges.pop()
        while start < end and tokens[start].says("(") and closing.get(start) == end - 1:
            start, end = start + 1, end - 1
        operands = _operands_of_and(tokens, closing, start, end)
        if len(operands) == 1:
            yield tokens[start:end]
        else:
            ranges.extend(reversed(operands))


def _operands_of_and(
    tokens: Sequence[Token], closing: Mapping[int, int], start: int, end: int
) -> list[tuple[int, int]]:
    """Return where the operands of AND are between two positions, outside brackets; none beside an OR."""
    operands: list[tuple[int, int]] = []
    between, position = False, start
    while position < end:
        token = tokens[position]
        if token.says("OR"):
            return []
        if token.says("BETWEEN"):
            between = True
        elif token.says("AND") and between:
            between = False  # this AND is between the limits of BETWEEN
        elif token.says("AND"):
            operands.append((start, position))
            start = position + 1
        position = closing.get(position, position) + 1
    return [*operands, (start, end)]


def _values_of(condition: Sequence[Token], key: str) -> list[Any]:
    """Return the values to which one condition limits the key; none where it is not such a condition."""
    if len(condition) < 3:
        return []
    first, operator, second = condition[:3]
    if len(condition) == 3 and operator.says("="):
        for name, value in ((first, second), (second, first)):
            if name.may_be_name and name.text == key and value.value is not None:
                return [value.value]
    if operator.says("IN") and first.may_be_name and first.text == key:
        return _values_in_list(condition[2:])
    return []


def _values_in_list(tokens: Sequence[Token]) -> list[Any]:
    """Return the values of a list in brackets; none where it has anything else than values."""
    members = tokens[1:-1]
    if not tokens[0].says("[") and not tokens[0].says("("):
        return []
    if any(token.value is None and not token.says(",") for token in members):
        return []
    return [token.value for token in members if token.value is not None]
