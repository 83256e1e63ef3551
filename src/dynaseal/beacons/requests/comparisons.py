"""Where attributes stand in the expressions of a search, parsed once per expression and cached.

- A comparison is a document path, an operator and the values that the path is compared with.
- At each place the expression needs a path's value, to compare it with values or in another way, or only
  whether the path exists, or its size or type, which a beacon does not have.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from dynaseal.expressions import parse_condition
from dynaseal.expressions.parse import CACHED_EXPRESSIONS, ConditionExpression
from dynaseal.expressions.tree import (
    And,
    Between,
    Compare,
    Condition,
    Function,
    Leaf,
    Not,
    Operand,
    Or,
    Path,
    Size,
    Span,
    Value,
    operands,
)

KEY_CONDITION = "KeyConditionExpression"
FILTER = "FilterExpression"
PROJECTION = "ProjectionExpression"
NAMES = "ExpressionAttributeNames"
VALUES = "ExpressionAttributeValues"

BETWEEN = "BETWEEN"
IN = "IN"
CONTAINS = "contains"
BEGINS_WITH = "begins_with"
ORDERINGS = frozenset({"<", "<=", ">", ">="})
EQUALITIES = frozenset({"=", "<>", IN})

_COMPARING_FUNCTIONS = frozenset({CONTAINS, BEGINS_WITH})
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Use(Enum):
    """What an expression needs from a path."""

    COMPARED = "a comparison with values"
    EXISTENCE = "existence"
    SIZE_OR_TYPE = "size or type"
    OTHER = "its value in another way"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A path that is compared with values.

    Attributes:
        path: The path.
        operator: A comparator, BETWEEN, IN, `contains` or `begins_with`.
        values: The values.
        is_negated: Whether it is below an odd number of NOTs.
        is_required: Whether every item that the expression matches fulfils it: it is below AND only.
    """

    path: Path
    operator: str
    values: tuple[Value, ...]
    is_negated: bool
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One occurrence of a path in an expression.

    Attributes:
        path: The path.
        use: What the expression needs from it.
        operator: The operator or function that it is an operand of.
        is_negated: Whether it is below an odd number of NOTs.
        equal_path: The other path, if the condition is that two paths are equal.
        comparison: The comparison with values that it is the path of.
    """

    path: Path
    use: Use
    operator: str
    is_negated: bool
    equal_path: Path | None
    comparison: Comparison | None


@dataclass(frozen=True, slots=True)
class SearchExpression:
    """A key condition or filter, and what it needs from attributes.

    Attributes:
        parameter: The request parameter that holds it.
        condition: The parsed expression.
        comparisons: In the order of the expression.
        places: Every place where a path stands, in the order of the expression.
    """

    parameter: str
    condition: ConditionExpression
    comparisons: tuple[Comparison, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class _LeafInContext:
    leaf: Leaf
    is_negated: bool
    is_required: bool


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def parse_search_expression(expression: str, parameter: str) -> SearchExpression:
    """Parse a key condition or filter and collect its comparisons and places.

    Raises:
        UnsupportedOperationError: DynamoDB would refuse its grammar or size.

    Example:
        >>> parsed = parse_search_expression("begins_with(city, :c) AND NOT :n = age", "FilterExpression")
        >>> [(str(c.path), c.operator, str(c.values[0]), c.is_negated) for c in parsed.comparisons]
        [('city', 'begins_with', ':c', False), ('age', '=', ':n', True)]
    """
    condition = parse_condition(expression, parameter)
    comparisons: list[Comparison] = []
    places: list[Place] = []
    for each in _leaves_in_context(condition.condition):
        comparison = _comparison(each)
        if comparison is not None:
            comparisons.append(comparison)
        places += _places(each, comparison)
    return SearchExpression(parameter, condition, tuple(comparisons), tuple(places))


def replace_spans(expression: str, replacements: Iterable[tuple[Span, str]]) -> str:
    """Return an expression in which each span is replaced; no two spans may overlap."""
    pieces: list[str] = []
    position = 0
    for (start, end), replacement in sorted(replacements):
        pieces += (expression[position:start], replacement)
        position = end
    return "".join([*pieces, expression[position:]])


def _leaves_in_context(condition: Condition) -> Iterator[_LeafInContext]:
    """Yield the conditions below every AND, OR and NOT, in the order of the expression."""
    waiting: list[tuple[Condition, bool, bool]] = [(condition, False, True)]
    while waiting:
        node, is_negated, is_required = waiting.pop()
        if isinstance(node, And | Or):
            is_required = is_required and isinstance(node, And)
            waiting += [(branch, is_negated, is_required) for branch in reversed(node.conditions)]
        elif isinstance(node, Not):
            waiting.append((node.condition, not is_negated, False))
        else:
            yield _LeafInContext(node, is_negated, is_required)


def _comparison(each: _LeafInContext) -> Comparison | None:
    found = _compared(each.leaf)
    if found is None:
        return None
    path, operator, values = found
    return Comparison(
        path=path,
        operator=operator,
        values=values,
        is_negated=each.is_negated,
        is_required=each.is_required,
    )


def _compared(leaf: Leaf) -> tuple[Path, str, tuple[Value, ...]] | None:
    """Return a path, its operator and the values that it is compared with; None for any other condition."""
    if isinstance(leaf, Compare):
        return _either_way(leaf.left, leaf.comparator, leaf.right)
    if isinstance(leaf, Function):
        if leaf.name not in _COMPARING_FUNCTIONS:
            return None
        first, second = leaf.arguments
        # contains(:v, path) and begins_with(:v, path) ask something else, so the path must come first.
        return (
            (first, leaf.name, (second,)) if isinstance(first, Path) and isinstance(second, Value) else None
        )
    if not isinstance(leaf.operand, Path):
        return None
    others = operands(leaf)[1:]
    values = tuple(operand for operand in others if isinstance(operand, Value))
    if len(values) < len(others):
        return None
    return leaf.operand, BETWEEN if isinstance(leaf, Between) else IN, values


def _either_way(first: Operand, operator: str, second: Operand) -> tuple[Path, str, tuple[Value, ...]] | None:
    if isinstance(first, Path) and isinstance(second, Value):
        return first, operator, (second,)
    if isinstance(first, Value) and isinstance(second, Path):
        return second, _TURNED.get(operator, operator), (first,)
    return None


def _places(each: _LeafInContext, comparison: Comparison | None) -> Iterator[Place]:
    """Yield the places of one condition."""
    leaf = each.leaf
    operator = _operator(leaf)
    for operand in operands(leaf):
        path = operand.operand if isinstance(operand, Size) else operand
        if isinstance(path, Path):
            use = Use.SIZE_OR_TYPE if isinstance(operand, Size) else _use(path, leaf, comparison)
            compared = comparison if use is Use.COMPARED else None
            yield Place(
                path=path,
                use=use,
                operator=operator,
                is_negated=each.is_negated,
                equal_path=_equal_path(path, leaf),
                comparison=compared,
            )


def _use(path: Path, leaf: Leaf, comparison: Comparison | None) -> Use:
    if comparison is not None and comparison.path is path:
        return Use.COMPARED
    if isinstance(leaf, Function) and leaf.tests_existence_only:
        return Use.EXISTENCE
    if isinstance(leaf, Function) and leaf.name == "attribute_type":
        return Use.SIZE_OR_TYPE
    return Use.OTHER


def _operator(leaf: Leaf) -> str:
    if isinstance(leaf, Compare):
        return leaf.comparator
    if isinstance(leaf, Function):
        return leaf.name
    return BETWEEN if isinstance(leaf, Between) else IN


def _equal_path(path: Path, leaf: Leaf) -> Path | None:
    """Return the path that another one is equal to, if a condition says so of two paths."""
    if not isinstance(leaf, Compare) or leaf.comparator != "=":
        return None
    other = leaf.right if leaf.left is path else leaf.left
    return other if isinstance(other, Path) else None
