"""Parsing update expressions into clauses and the paths that they touch; each is compiled once and cached.

- SET, REMOVE, ADD and DELETE may occur once each, in any order; keywords in any case, functions in lower
  case.
- A right side is an operand, or the sum or difference of two operands. Functions nest, sums do not.
- Only functions are read by recursion, and those nest at most 32 deep; brackets are counted.

Source: DynamoDB Developer Guide, "Update expressions"; where the guide is silent, what DynamoDB Local does.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from dynaseal.expressions.parse import CACHED_EXPRESSIONS
from dynaseal.expressions.reader import CONDITION_FUNCTIONS, UPDATE_KEYWORDS, TokenReader
from dynaseal.expressions.refusals import (
    path_required,
    too_many_operators,
    unknown_function,
    wrong_number_of_operands,
)
from dynaseal.expressions.tokens import Kind
from dynaseal.expressions.tree import Path, Value

MAX_FUNCTION_NESTING = 32
_FUNCTIONS = {"if_not_exists": 2, "list_append": 2}


@dataclass(frozen=True, slots=True)
class IfNotExists:
    """`if_not_exists(path, otherwise)`: the path's value, or the other operand's if it has none."""

    path: Path
    otherwise: "SetOperand"


@dataclass(frozen=True, slots=True)
class ListAppend:
    """`list_append(first, second)`: the elements of both."""

    first: "SetOperand"
    second: "SetOperand"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left + right` or `left - right`, of numbers."""

    sign: str
    left: "SetOperand"
    right: "SetOperand"


SetOperand = Path | Value | IfNotExists | ListAppend
SetSource = SetOperand | Arithmetic


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateExpression:
    """What an update expression does, clause by clause.

    Attributes:
        text: The expression.
        sets: Paths and what they are set to.
        removes: Paths that are removed.
        adds: Paths and the numbers or sets that are added to them.
        deletes: Paths and the sets whose members are taken from them.
        paths: Every path in it, on either side, in order.
        values: Every value placeholder in it, in order.
        operators: How many operators and functions it has; actions are not counted.
        has_redundant_brackets: Whether it has brackets that DynamoDB refuses as redundant.
    """

    text: str
    sets: tuple[tuple[Path, SetSource], ...]
    removes: tuple[Path, ...]
    adds: tuple[tuple[Path, Value], ...]
    deletes: tuple[tuple[Path, Value], ...]
    paths: tuple[Path, ...]
    values: tuple[Value, ...]
    operators: int
    has_redundant_brackets: bool


@lru_cache(maxsize=CACHED_EXPRESSIONS)
def parse_update(text: str, parameter: str = "UpdateExpression") -> UpdateExpression:
    """Compile an update expression.

    Args:
        text: The expression.
        parameter: The request parameter that it came in, for messages.

    Raises:
        UnsupportedOperationError: DynamoDB would refuse its grammar or size; the message says where.

    Example:
        >>> expression = parse_update("SET a.b = if_not_exists(c, :zero) + :one REMOVE #d")
        >>> [str(path) for path in expression.paths]
        ['a.b', 'c', '#d']
    """
    return _UpdateParser(reader=TokenReader(text, parameter, UPDATE_KEYWORDS)).parse()


@dataclass(slots=True, kw_only=True)
class _UpdateParser:
    """Parses one update, and collects its clauses."""

    reader: TokenReader
    sets: list[tuple[Path, SetSource]] = field(default_factory=list[tuple[Path, SetSource]])
    removes: list[Path] = field(default_factory=list[Path])
    adds: list[tuple[Path, Value]] = field(default_factory=list[tuple[Path, Value]])
    deletes: list[tuple[Path, Value]] = field(default_factory=list[tuple[Path, Value]])
    paths: list[Path] = field(default_factory=list[Path])
    values: list[Value] = field(default_factory=list[Value])

    def parse(self) -> UpdateExpression:
        reader = self.reader
        seen: set[str] = set()
        while reader.token.kind is not Kind.END or not seen:
            clause = reader.keyword
            if clause is None:
                reader.fail("SET, REMOVE, ADD or DELETE")
            repeated = clause in seen
            reader.take()
            self._action(clause)
            while reader.take_symbol(","):
                self._action(clause)
            if repeated:  # only now: DynamoDB reports an error within the clause first
                reader.reject(
                    f"it has two {clause} clauses",
                    f'The "{clause}" section can only be used once in an update expression;',
                )
            seen.add(clause)
        return UpdateExpression(
            text=reader.text,
            sets=tuple(self.sets),
            removes=tuple(self.removes),
            adds=tuple(self.adds),
            deletes=tuple(self.deletes),
            paths=tuple(self.paths),
            values=tuple(self.values),
            operators=reader.operators,
            has_redundant_brackets=reader.has_redundant_brackets,
        )

    def _action(self, clause: str) -> None:
        reader = self.reader
        path = self._path()
        if clause == "SET":
            reader.expect("=")
            self.sets.append((path, self._source()))
        elif clause == "REMOVE":
            self.removes.append(path)
        else:
            target = self.adds if clause == "ADD" else self.deletes
            target.append((path, self._value()))

    def _path(self) -> Path:
        path = self.reader.path()
        self.paths.append(path)
        return path

    def _value(self) -> Value:
        value = self.reader.value()
        self.values.append(value)
        return value

    def _source(self) -> SetSource:
        """Read what a path is set to: an operand, a sum or a difference, in any number of brackets."""
        reader = self.reader
        brackets = reader.take_opening_brackets()
        source: SetSource = self._operand(0)
        # Brackets that are still open enclose the whole sum or difference.
        brackets = self._close(brackets)
        if reader.at_symbol("+", "-"):
            sign = reader.take().text
            reader.count_operator()
            right_brackets = reader.take_opening_brackets()
            source = Arithmetic(sign, source, self._operand(0))
            if self._close(right_brackets):
                reader.fail("')'")
        if self._close(brackets):
            reader.fail("')'")
        return source

    def _close(self, brackets: int) -> int:
        """Read as many closing brackets as there are, and return how many of these are still open."""
        while brackets and self.reader.take_symbol(")"):
            brackets -= 1
        return brackets

    def _operand(self, depth: int) -> SetOperand:
        """Read an operand, in any number of brackets, inside as many functions as `depth` says."""
        reader = self.reader
        brackets = reader.take_opening_brackets()
        operand: SetOperand
        if reader.token.kind is Kind.VALUE_PLACEHOLDER:
            operand = self._value()
        elif not reader.at_function():
            operand = self._path()
        else:
            operand = self._function(depth)
        reader.expect_closing_brackets(brackets)
        return operand

    def _function(self, depth: int) -> SetOperand:
        reader = self.reader
        name = reader.take().text
        if depth == MAX_FUNCTION_NESTING:
            reader.reject(
                f"its functions nest deeper than {MAX_FUNCTION_NESTING}",
                too_many_operators(),
            )
        if name not in _FUNCTIONS:
            reader.reject(
                f"there is no function {name} in an update",
                f"The function is not allowed in an update expression; function: {name}"
                if name == "size" or name in CONDITION_FUNCTIONS
                else unknown_function(name),
            )
        reader.count_operator()
        reader.expect("(")
        operands = [self._operand(depth + 1)]
        while reader.take_symbol(","):
            operands.append(self._operand(depth + 1))
        reader.expect(")")
        if len(operands) != _FUNCTIONS[name]:
            reader.reject(
                f"{name} takes {_FUNCTIONS[name]} operands, not {len(operands)}",
                wrong_number_of_operands(name, len(operands)),
            )
        first, second = operands
        if name == "list_append":
            return ListAppend(first, second)
        if not isinstance(first, Path):
            reader.reject(f"{name} requires a document path", path_required(name))
        return IfNotExists(first, second)
