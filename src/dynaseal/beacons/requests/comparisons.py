"""What an expression asks of attributes: its comparisons, found once a text and kept.

- A comparison is a document path, an operator and the values that the path is compared with.
- A path is asked for its value, or only whether it is there, or for its size or type, which a beacon does not
  have.
"""

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

BETWEEN = "BETWEEN"
IN = "IN"
CONTAINS = "contains"
BEGINS_WITH = "begins_with"
ORDERINGS = frozenset({"<", "<=", ">", ">="})
EQUALITIES = frozenset({"=", "<>", IN})

_COMPARING_FUNCTIONS = frozenset({CONTAINS, BEGINS_WITH})

Leaf = Compare | Between | In | Function


class Use(Enum):
    """What of a path an expression needs."""

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
class Question:
    """An expression by what it asks.

    Attributes:
        parameter: The request parameter that it came in.
        expression: The compiled expression.
        comparisons: In the order of the text.
        uses: Every path in it, and what of it is needed.
    """

    parameter: str
    expression: ConditionExpression
    comparisons: tuple[Comparison, ...]
    uses: tuple[tuple[Path, Use], ...]


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def question(text: str, parameter: str) -> Question:
    """Compile an expression to what it asks.

    Raises:
        UnsupportedOperationError: DynamoDB would refuse its grammar or size.

    Example:
        >>> asked = question("begins_with(city, :c) AND :n = age", "FilterExpression")
        >>> [(str(c.path), c.operator, str(c.values[0])) for c in asked.comparisons]
        [('city', 'begins_with', ':c'), ('age', '=', ':n')]
    """
    expression = parse_condition(text, parameter)
    comparisons: list[Comparison] = []
    uses: list[tuple[Path, Use]] = []
    for leaf in leaves(expression.condition):
        comparison = _comparison(leaf)
        if comparison is not None:
            comparisons.append(comparison)
        uses += [use for operand in operands(leaf) for use in _use(leaf, operand)]
    return Question(parameter, expression, tuple(comparisons), tuple(uses))


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


def _values(*found: Operand) -> tuple[Value, ...]:
    return tuple(operand for operand in found if isinstance(operand, Value))


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
