"""What the expressions of a search need from attributes, parsed once per expression and cached.

- A comparison is a document path, an operator and the values that the path is compared with.
- An expression needs a path's value, or only whether the path exists, or its size or type, which a beacon
  does not have.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from dynaseal.expressions import parse_condition
from dynaseal.expressions.parse import CACHED_EXPRESSIONS, ConditionExpression
from dynaseal.expressions.tree import (
    Between,
    Compare,
    Function,
    In,
    Operand,
    Path,
    Size,
    Value,
    leaves,
    operands,
)

KEY_CONDITION = "KeyConditionExpression"
FILTER = "FilterExpression"
NAMES = "ExpressionAttributeNames"
VALUES = "ExpressionAttributeValues"

BETWEEN = "BETWEEN"
IN = "IN"
CONTAINS = "contains"
BEGINS_WITH = "begins_with"
ORDERINGS = frozenset({"<", "<=", ">", ">="})
EQUALITIES = frozenset({"=", "<>", IN})

_COMPARING_FUNCTIONS = frozenset({CONTAINS, BEGINS_WITH})

Leaf = Compare | Between | In | Function
Span = tuple[int, int]


class Use(Enum):
    """What an expression needs from a path."""

    VALUE = "value"
    EXISTENCE = "existence"
    SIZE_OR_TYPE = "size or type"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A path that is compared with values."""

    path: Path
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class SearchExpression:
    """A key condition or filter, and what it needs from attributes.

    Attributes:
        parameter: The request parameter that holds it.
        condition: The parsed expression.
        comparisons: In the order of the expression.
        uses: Every path in it, and what the expression needs from that path.
    """

    parameter: str
    condition: ConditionExpression
    comparisons: tuple[Comparison, ...]
    uses: tuple[tuple[Path, Use], ...]


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def parse_search_expression(expression: str, parameter: str) -> SearchExpression:
    """Parse a key condition or filter and collect its comparisons.

    Raises:
        UnsupportedOperationError: DynamoDB would refuse its grammar or size.

    Example:
        >>> parsed = parse_search_expression("begins_with(city, :c) AND :n = age", "FilterExpression")
        >>> [(str(c.path), c.operator, str(c.values[0])) for c in parsed.comparisons]
        [('city', 'begins_with', ':c'), ('age', '=', ':n')]
    """
    condition = parse_condition(expression, parameter)
    comparisons: list[Comparison] = []
    uses: list[tuple[Path, Use]] = []
    for leaf in leaves(condition.condition):
        comparison = _comparison(leaf)
        if comparison is not None:
            comparisons.append(comparison)
        uses += [use for operand in operands(leaf) for use in _use(leaf, operand)]
    return SearchExpression(parameter, condition, tuple(comparisons), tuple(uses))


def replace_spans(expression: str, replacements: Iterable[tuple[Span, str]]) -> str:
    """Return an expression in which each span is replaced; no two spans may overlap."""
    pieces: list[str] = []
    position = 0
    for (start, end), replacement in sorted(replacements):
        pieces += (expression[position:start], replacement)
        position = end
    return "".join([*pieces, expression[position:]])


def _comparison(leaf: Leaf) -> Comparison | None:
    if isinstance(leaf, Compare):
        return _either_way(leaf.left, leaf.comparator, leaf.right)
    if isinstance(leaf, Function):
        if leaf.name not in _COMPARING_FUNCTIONS:
            return None
        first, second = leaf.arguments
        return _either_way(first, leaf.name, second)
    if not isinstance(leaf.operand, Path):
        return None
    if isinstance(leaf, Between):
        return Comparison(leaf.operand, BETWEEN, _values(leaf.low, leaf.high))
    return Comparison(leaf.operand, IN, _values(*leaf.options))


def _either_way(first: Operand, operator: str, second: Operand) -> Comparison | None:
    if isinstance(first, Path) and isinstance(second, Value):
        return Comparison(first, operator, (second,))
    if isinstance(first, Value) and isinstance(second, Path):
        return Comparison(second, operator, (first,))
    return None


def _values(*candidates: Operand) -> tuple[Value, ...]:
    return tuple(operand for operand in candidates if isinstance(operand, Value))


def _use(leaf: Leaf, operand: Operand) -> list[tuple[Path, Use]]:
    if isinstance(operand, Size):
        return [(operand.operand, Use.SIZE_OR_TYPE)] if isinstance(operand.operand, Path) else []
    if not isinstance(operand, Path):
        return []
    if isinstance(leaf, Function) and leaf.tests_existence_only:
        return [(operand, Use.EXISTENCE)]
    if isinstance(leaf, Function) and leaf.name == "attribute_type":
        return [(operand, Use.SIZE_OR_TYPE)]
    return [(operand, Use.VALUE)]
