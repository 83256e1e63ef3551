"""Parsing conditions, filters, key conditions and projections; each is compiled once and cached.

- NOT binds tighter than AND, AND tighter than OR; comparisons, BETWEEN, IN and functions bind tightest.
- Operators are kept on a stack, so that brackets and NOTs nest without recursion.
- Brackets that DynamoDB calls redundant are accepted, since they change nothing.

Source: DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions".
"""

from dataclasses import dataclass
from functools import lru_cache

from dynaseal.expressions.reader import CONDITION_FUNCTIONS, CONDITION_KEYWORDS, TokenReader
from dynaseal.expressions.refusals import (
    misplaced_function,
    path_required,
    unknown_function,
    wrong_number_of_operands,
)
from dynaseal.expressions.tree import (
    COMPARATORS,
    And,
    Between,
    Compare,
    Condition,
    Function,
    In,
    Not,
    Operand,
    Or,
    Path,
    Size,
    Value,
    leaves,
    operands,
)

CACHED_EXPRESSIONS = 1024
MAX_IN_OPTIONS = 100
_PRECEDENCE = {"(": 0, "OR": 1, "AND": 2, "NOT": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionExpression:
    """A condition, filter or key condition, and what it touches.

    Attributes:
        text: The expression.
        condition: Its tree.
        paths: Every document path in it, in order.
        value_paths: The paths whose attribute's value matters. That leaves out attributes that are only
            tested for existence; but whether something within an attribute exists depends on its value.
        values: Every value placeholder in it, in order.
        operators: How many operators and functions it has.
        has_redundant_brackets: Whether it has brackets that DynamoDB refuses as redundant.
    """

    text: str
    condition: Condition
    paths: tuple[Path, ...]
    value_paths: tuple[Path, ...]
    values: tuple[Value, ...]
    operators: int
    has_redundant_brackets: bool


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def parse_condition(text: str, parameter: str = "ConditionExpression") -> ConditionExpression:
    """Compile a condition, filter or key condition expression.

    Args:
        text: The expression.
        parameter: The request parameter that it came in, for messages.

    Raises:
        UnsupportedOperationError: DynamoDB would refuse its grammar or size; the message says where.

    Example:
        >>> expression = parse_condition("attribute_exists(a) AND #b.c[2] > :v", "FilterExpression")
        >>> [str(path) for path in expression.paths], [str(path) for path in expression.value_paths]
        (['a', '#b.c[2]'], ['#b.c[2]'])
    """
    reader = TokenReader(text, parameter, CONDITION_KEYWORDS)
    condition = _ConditionParser(reader).parse()
    paths, value_paths, values = _paths_and_values(condition)
    return ConditionExpression(
        text=text,
        condition=condition,
        paths=paths,
        value_paths=value_paths,
        values=values,
        operators=reader.operators - reader.nots,
        has_redundant_brackets=reader.has_redundant_brackets,
    )


def _paths_and_values(
    condition: Condition,
) -> tuple[tuple[Path, ...], tuple[Path, ...], tuple[Value, ...]]:
    """Return what a `ConditionExpression` has as `paths`, `value_paths` and `values`."""
    paths: list[Path] = []
    value_paths: list[Path] = []
    values: list[Value] = []
    for leaf in leaves(condition):
        existence_only = isinstance(leaf, Function) and leaf.tests_existence_only
        for operand in operands(leaf):
            inner = operand.operand if isinstance(operand, Size) else operand
            if isinstance(inner, Value):
                values.append(inner)
            else:
                paths.append(inner)
                if not (existence_only and len(inner.steps) == 1):
                    value_paths.append(inner)
    return tuple(paths), tuple(value_paths), tuple(values)


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def parse_projection(text: str, parameter: str = "ProjectionExpression") -> tuple[Path, ...]:
    """Compile a projection expression to its paths.

    Raises:
        UnsupportedOperationError: DynamoDB would refuse its grammar or size; the message says where.

    Example:
        >>> [str(path) for path in parse_projection("a, #b.c[2]")]
        ['a', '#b.c[2]']
    """
    reader = TokenReader(text, parameter, frozenset())
    paths = [reader.path()]
    while reader.take_symbol(","):
        paths.append(reader.path())
    reader.end()
    return tuple(paths)


class _ConditionParser:
    """Parses one condition.

    `_parts` is the stack of what has been read completely, and `_waiting` that of the brackets and operators
    whose right side has not been.
    """

    def __init__(self, reader: TokenReader) -> None:
        self._reader = reader
        self._parts: list[Condition | Operand] = []
        self._waiting: list[str] = []
        self._open_brackets = 0

    def parse(self) -> Condition:
        reader = self._reader
        while True:
            self._read_part()
            while self._read_suffix():
                pass
            if reader.keyword not in ("AND", "OR"):
                break
            self._join(reader.take().text.upper())
        if self._open_brackets:
            reader.fail("')'")
        reader.end()
        self._reduce(_PRECEDENCE["OR"])
        return self._condition()

    def _read_part(self) -> None:
        """Read the brackets and NOTs in front of a part, and the part."""
        reader = self._reader
        while True:
            if reader.take_symbol("("):
                self._waiting.append("(")
                self._open_brackets += 1
            elif reader.keyword == "NOT":
                reader.take()
                reader.count_operator(2)
                reader.nots += 1
                self._waiting.append("NOT")
            else:
                break
        if reader.at_function() and reader.token.text != "size" and reader.keyword is None:
            self._parts.append(self._function())
        else:
            self._parts.append(reader.operand())

    def _read_suffix(self) -> bool:
        """Read a closing bracket or an operator with its operands; return whether there was one."""
        reader = self._reader
        if self._open_brackets and reader.take_symbol(")"):
            self._close_bracket()
            return True
        if reader.at_symbol(*COMPARATORS):
            left = self._operand()
            comparator = reader.take().text
            reader.count_operator()
            self._parts.append(Compare(comparator, left, reader.operand()))
            return True
        if reader.keyword == "BETWEEN":
            self._parts.append(self._between())
            return True
        if reader.keyword == "IN":
            self._parts.append(self._in())
            return True
        return False

    def _close_bracket(self) -> None:
        if self._waiting[-1] != "(":  # otherwise the brackets may contain an operand: (a) = :v
            self._reduce(_PRECEDENCE["OR"])
        self._waiting.pop()
        self._open_brackets -= 1

    def _join(self, operator: str) -> None:
        self._reader.count_operator()
        self._reduce(_PRECEDENCE[operator])
        if isinstance(self._parts[-1], Path | Value | Size):
            self._reader.reject(
                f"{operator} joins conditions, and {self._parts[-1]} is not a condition",
                self._reader.syntax_error(self._reader.position - 1),
            )
        self._waiting.append(operator)

    def _reduce(self, precedence: int) -> None:
        """Apply the operators on the stack that bind at least as tightly."""
        while self._waiting and _PRECEDENCE[self._waiting[-1]] >= precedence:
            operator = self._waiting.pop()
            right = self._condition()
            if operator == "NOT":
                self._parts.append(Not(right))
            else:
                self._parts.append(_joined(And if operator == "AND" else Or, self._condition(), right))

    def _condition(self) -> Condition:
        part = self._parts.pop()
        if isinstance(part, Size):
            self._reader.reject(f"{part} is not a condition", misplaced_function("size"))
        if isinstance(part, Path | Value):
            self._reader.fail("a comparison")
        return part

    def _operand(self) -> Operand:
        part = self._parts.pop()
        if isinstance(part, Function):
            self._reader.reject(f"{part} is a condition, not an operand", misplaced_function(part.name))
        if not isinstance(part, Path | Value | Size):
            self._reader.fail("AND, OR or the end")
        return part

    def _between(self) -> Between:
        reader = self._reader
        operand = self._operand()
        reader.take()
        reader.count_operator()
        low = reader.operand()
        if reader.keyword != "AND":
            reader.fail("AND")
        reader.take()
        return Between(operand, low, reader.operand())

    def _in(self) -> In:
        reader = self._reader
        operand = self._operand()
        reader.take()
        reader.count_operator()
        reader.expect("(")
        options = self._operand_list()
        if len(options) > MAX_IN_OPTIONS:
            reader.reject(
                f"IN has more than {MAX_IN_OPTIONS} operands",
                f"The IN operator is provided with too many operands; number of operands: {len(options)}",
            )
        return In(operand, options)

    def _function(self) -> Function:
        reader = self._reader
        name = reader.take().text
        if name not in CONDITION_FUNCTIONS:
            reader.reject(
                f"there is no function {name} (function names are in lower case)",
                unknown_function(name),
            )
        reader.count_operator()
        reader.expect("(")
        arguments = self._operand_list()
        if len(arguments) != CONDITION_FUNCTIONS[name]:
            reader.reject(
                f"{name} takes {CONDITION_FUNCTIONS[name]} operands, not {len(arguments)}",
                wrong_number_of_operands(name, len(arguments)),
            )
        function = Function(name, arguments)
        if function.tests_existence_only and not isinstance(arguments[0], Path):
            reader.reject(f"{name} requires a document path", path_required(name))
        return function

    def _operand_list(self) -> tuple[Operand, ...]:
        reader = self._reader
        operand_list = [reader.operand()]
        while reader.take_symbol(","):
            operand_list.append(reader.operand())
        reader.expect(")")
        return tuple(operand_list)


def _joined(kind: type[And] | type[Or], left: Condition, right: Condition) -> And | Or:
    branches: list[Condition] = []
    for side in (left, right):
        branches.extend(side.conditions if isinstance(side, kind) else (side,))
    return kind(tuple(branches))
