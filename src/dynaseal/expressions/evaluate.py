"""Evaluating a condition on an item's plaintext values as DynamoDB does.

- A missing attribute equals nothing: only `<>`, `attribute_not_exists` and NOT are true for it.
- Evaluation makes one Python call per level of the tree, so that an expression at DynamoDB's limits stays
  within Python's recursion limit.

Source: DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions"; where the
guide is silent, what DynamoDB Local does.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from dynaseal.attributes import AttributeValue
from dynaseal.errors import UnsupportedOperationError
from dynaseal.expressions.operators import begins_with, contains, equal, find, order, size
from dynaseal.expressions.parse import ConditionExpression
from dynaseal.expressions.tree import And, Between, Compare, Function, In, Not, Operand, Or, Path, Size


class Bindings(NamedTuple):
    """What an expression is evaluated on: the item, and the values of its placeholders."""

    item: Mapping[str, AttributeValue]
    names: Mapping[str, str]
    values: Mapping[str, AttributeValue]


def matches(
    expression: ConditionExpression,
    item: Mapping[str, AttributeValue],
    names: Mapping[str, str] | None = None,
    values: Mapping[str, AttributeValue] | None = None,
) -> bool:
    """Return whether a condition is true for an item.

    Args:
        expression: The compiled condition.
        item: The item, values as botocore's client has them.
        names: The request's ExpressionAttributeNames.
        values: The request's ExpressionAttributeValues.

    Raises:
        UnsupportedOperationError: a placeholder is not defined, or an N value is not a number.

    Example:
        >>> from dynaseal.expressions.parse import parse_condition
        >>> condition = parse_condition("size(tags) > :n OR NOT city = :city")
        >>> matches(condition, {"city": {"S": "Bern"}}, None, {":n": {"N": "1"}, ":city": {"S": "Bern"}})
        False
    """
    bindings = Bindings(item, names or {}, values or {})
    return _evaluate(expression.condition, bindings)


def _value(operand: Operand, bindings: Bindings) -> AttributeValue | None:
    if isinstance(operand, Path):
        return find(bindings.item, resolve_strictly(operand, bindings.names))
    if isinstance(operand, Size):
        return size(_value(operand.operand, bindings))
    if operand.name not in bindings.values:
        raise UnsupportedOperationError(
            f"An expression uses {operand.name}, which ExpressionAttributeValues does not define"
        )
    return bindings.values[operand.name]


def resolve_strictly(path: Path, names: Mapping[str, str]) -> tuple[str | int, ...]:
    """Return a path's steps with placeholders replaced.

    Raises:
        UnsupportedOperationError: `names` does not define one of them.
    """
    for step in path.steps:
        if isinstance(step, str) and step.startswith("#") and step not in names:
            raise UnsupportedOperationError(
                f"An expression uses {step}, which ExpressionAttributeNames does not define"
            )
    return tuple(names.get(step, step) if isinstance(step, str) else step for step in path.steps)


def _evaluate(condition: Any, bindings: Bindings) -> bool:
    return _EVALUATORS[type(condition)](condition, bindings)


def _compare(node: Compare, bindings: Bindings) -> bool:
    right, left = _value(node.right, bindings), _value(node.left, bindings)
    if node.comparator == "=":
        return equal(left, right)
    if node.comparator == "<>":
        return not equal(left, right)
    position = order(left, right)
    return position is not None and position in _POSITIONS[node.comparator]


def _between(node: Between, bindings: Bindings) -> bool:
    value = _value(node.operand, bindings)
    above, below = order(value, _value(node.low, bindings)), order(value, _value(node.high, bindings))
    return above is not None and below is not None and above >= 0 >= below


def _in(node: In, bindings: Bindings) -> bool:
    value = _value(node.operand, bindings)
    return any(equal(value, _value(option, bindings)) for option in node.options)


def _function(node: Function, bindings: Bindings) -> bool:
    first, *rest = (_value(argument, bindings) for argument in node.arguments)
    if node.name == "attribute_exists":
        return first is not None
    if node.name == "attribute_not_exists":
        return first is None
    if node.name == "attribute_type":
        return first is not None and rest[0] is not None and rest[0].get("S") in first
    return (begins_with if node.name == "begins_with" else contains)(first, rest[0])


def _not(node: Not, bindings: Bindings) -> bool:
    return not _EVALUATORS[type(node.condition)](node.condition, bindings)


def _and(node: And, bindings: Bindings) -> bool:
    for condition in node.conditions:  # noqa: SIM110 a generator would need a second frame per level
        if not _EVALUATORS[type(condition)](condition, bindings):
            return False
    return True


def _or(node: Or, bindings: Bindings) -> bool:
    for condition in node.conditions:  # noqa: SIM110 a generator would need a second frame per level
        if _EVALUATORS[type(condition)](condition, bindings):
            return True
    return False


_POSITIONS = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}
_EVALUATORS: dict[type, Callable[[Any, Bindings], bool]] = {
    Compare: _compare,
    Between: _between,
    In: _in,
    Function: _function,
    Not: _not,
    And: _and,
    Or: _or,
}
