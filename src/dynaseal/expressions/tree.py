"""The tree of an expression, made of frozen nodes.

- It has the placeholders of names and values (`#name`, `:value`), so that one tree serves every request with
  the same expression.
- `AND` and `OR` have all their branches in one node, so that a long chain of them does not make a deep tree.
- Paths and values have their position in the expression, which rewriting it needs; equality ignores it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Span = tuple[int, int]
"""Where a part of an expression begins and ends."""

COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: an attribute's name, then names of map members and indexes of list elements."""

    steps: tuple[str | int, ...]
    span: Span = field(default=(0, 0), compare=False)

    def root(self, names: Mapping[str, str]) -> str:
        """Return the name of the attribute at which the path starts."""
        first = str(self.steps[0])
        return names.get(first, first)

    def __str__(self) -> str:
        parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.steps)
        return "".join(parts)[1:]


@dataclass(frozen=True, slots=True)
class Value:
    """A value, given by a placeholder."""

    name: str
    span: Span = field(default=(0, 0), compare=False)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Size:
    """`size(operand)`, a number."""

    operand: "Path | Value"

    def __str__(self) -> str:
        return f"size({self.operand})"


Operand = Path | Value | Size


@dataclass(frozen=True, slots=True)
class Compare:
    """`left = right` and the other five comparators."""

    comparator: str
    left: Operand
    right: Operand

    def __str__(self) -> str:
        return f"{self.left} {self.comparator} {self.right}"


@dataclass(frozen=True, slots=True)
class Between:
    """`operand BETWEEN low AND high`, both ends included."""

    operand: Operand
    low: Operand
    high: Operand

    def __str__(self) -> str:
        return f"{self.operand} BETWEEN {self.low} AND {self.high}"


@dataclass(frozen=True, slots=True)
class In:
    """`operand IN (option, ...)`."""

    operand: Operand
    options: tuple[Operand, ...]

    def __str__(self) -> str:
        return f"{self.operand} IN ({', '.join(map(str, self.options))})"


@dataclass(frozen=True, slots=True)
class Function:
    """A function that is a condition: `attribute_exists`, `begins_with`, `contains` and their like."""

    name: str
    arguments: tuple[Operand, ...]

    @property
    def tests_existence_only(self) -> bool:
        """Whether the result depends only on the argument's existence, and not on its value."""
        return self.name in {"attribute_exists", "attribute_not_exists"}

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


@dataclass(frozen=True, slots=True)
class Not:
    """`NOT condition`."""

    condition: "Condition"

    def __str__(self) -> str:
        return f"NOT {_bracketed(self.condition)}"


@dataclass(frozen=True, slots=True)
class And:
    """Conditions that must all be true."""

    conditions: tuple["Condition", ...]

    def __str__(self) -> str:
        return " AND ".join(map(_bracketed, self.conditions))


@dataclass(frozen=True, slots=True)
class Or:
    """Conditions of which at least one must be true."""

    conditions: tuple["Condition", ...]

    def __str__(self) -> str:
        return " OR ".join(map(_bracketed, self.conditions))


Leaf = Compare | Between | In | Function
"""A condition that has no conditions in it."""

Condition = Leaf | Not | And | Or


def _bracketed(condition: Condition) -> str:
    return f"({condition})" if isinstance(condition, And | Or) else str(condition)


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Yield the conditions below every AND, OR and NOT, in the order of the expression."""
    waiting: list[Condition] = [condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, And | Or):
            waiting.extend(reversed(node.conditions))
        elif isinstance(node, Not):
            waiting.append(node.condition)
        else:
            yield node


def operands(leaf: Leaf) -> tuple[Operand, ...]:
    """Return the operands of one condition, in the order of the expression."""
    if isinstance(leaf, Compare):
        return (leaf.left, leaf.right)
    if isinstance(leaf, Between):
        return (leaf.operand, leaf.low, leaf.high)
    if isinstance(leaf, In):
        return (leaf.operand, *leaf.options)
    return leaf.arguments
