"""What authorisation needs from a PartiQL statement: the verb, the table, attributes and partitions.

The engine executes statements. This parser reads just enough of them and refuses what it does not understand,
comments included. A statement is limited to partitions only where conditions joined by AND say so (`pk = 'x'`
or `pk IN [...]`). Any other SELECT may reach every item, and then `dynamodb:FullTableScan` is true.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from dynaseal_lab.dynamodb.json_values import as_object
from dynaseal_lab.model import Fault

Verb = Literal["Select", "Insert", "Update", "Delete"]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<quoted>"(?:[^"]|"")*")
    | (?P<string>'(?:[^']|'')*')
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<other>--|/\*|<<|>>|<=|>=|<>|\S)
    )""",
    re.VERBOSE | re.DOTALL,
)
_TABLE_ARN = re.compile(r'"arn:[^"]*:table/[^"/]+"')
_BRACKETS = {"(": 1, "[": 1, "{": 1, "<<": 1, ")": -1, "]": -1, "}": -1, ">>": -1}
_CLAUSES = frozenset({"SET", "REMOVE", "WHERE", "RETURNING", "ORDER"})
_OPERATORS = frozenset({"AND", "BETWEEN", "IN", "IS", "NOT", "OR"})
_KEYWORDS = _CLAUSES | _OPERATORS | {"ASC", "BY", "DESC", "FALSE", "MISSING", "NULL", "TRUE"}
_VERBS: Mapping[str, Verb] = {"SELECT": "Select", "INSERT": "Insert", "UPDATE": "Update", "DELETE": "Delete"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a name, a literal or a sign of a statement; `text` is without quotes."""

    kind: Literal["quoted", "string", "number", "word", "other"]
    text: str
    value: Any = None
    """The attribute value of a literal or parameter: `{"S": "x"}`."""

    def says(self, word: str) -> bool:
        """Return whether this is the keyword or sign `word`."""
        return self.kind in {"word", "other"} and self.text.upper() == word

    @property
    def may_be_name(self) -> bool:
        """Whether this may name a table or attribute."""
        return self.kind in {"quoted", "word"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement.

    Args:
        verb: What it does.
        table: The table, by name or ARN.
        index: The index that it reads in place of the table.
        attributes: The top-level attributes that it names.
        selects_all: Whether it reads whole items.
        where: The tokens of its condition.
        inserted: The tokens of the item that it inserts.
    """

    verb: Verb
    table: str
    index: str | None
    attributes: tuple[str, ...]
    selects_all: bool
    where: tuple[Token, ...]
    inserted: tuple[Token, ...]

    def partitions(self, partition_key: str) -> list[Any] | None:
        """Return the partition key values that the statement is limited to; None where it is not limited."""
        if self.verb == "Insert":
            return _inserted_values(self.inserted, partition_key)
        found = (_values_of(condition, partition_key) for condition in _required_conditions(self.where))
        return [value for values in found for value in values] or None


def parse_statement(statement: str, parameters: Sequence[Any]) -> Statement:
    """Parse a statement.

    Args:
        statement: The statement.
        parameters: The attribute values that replace its question marks, in order.

    Raises:
        Fault: ValidationException where the table or the verb is not found, or where there is a comment.
    """
    tokens = _tokens(statement, parameters)
    if tokens and tokens[0].says("EXISTS"):
        tokens = tokens[2:-1]
    if any(token.kind == "other" and token.text in {"--", "/*"} for token in tokens):
        raise _invalid("Statement wasn't well formed, can't be processed: comments are not supported")
    verb = _VERBS.get(tokens[0].text.upper()) if tokens else None
    if verb is None:
        raise _invalid("Statement wasn't well formed, can't be processed: Unexpected keyword")
    start = _table_position(tokens, verb)
    table, index, rest = _path(tokens, start)
    # A name would be in double quotes; a second WHERE could hide the one that the engine goes by.
    if sum(token.says("WHERE") for token in tokens) > 1:
        raise _invalid("Statement wasn't well formed, can't be processed: Unexpected keyword")
    selected = tokens[1 : start - 1] if verb == "Select" else []
    inserted = tokens[rest + 1 :] if verb == "Insert" else []
    clauses = () if verb == "Insert" else _before(tokens[rest:], "RETURNING")
    attributes = (*_selected_names(selected), *_inserted_names(inserted), *_names(clauses))
    return Statement(
        verb=verb,
        table=table,
        index=index,
        attributes=tuple(dict.fromkeys(attributes)),
        selects_all=any(token.says("*") for token in selected),
        where=_clause(tokens, rest, "WHERE"),
        inserted=tuple(inserted),
    )


def with_numbers(statement: str, rewrite: Callable[[str], str]) -> str:
    """Return a statement with its number literals rewritten."""

    def replace(match: re.Match[str]) -> str:
        number = match["number"]
        return match[0] if number is None else match[0].replace(number, rewrite(number))

    return _TOKEN.sub(replace, statement)


def with_table_names(statement: str, rename: Callable[[str], str]) -> str:
    """Return a statement with other names in place of the ARNs of tables, which are in double quotes."""

    def replace(match: re.Match[str]) -> str:
        quoted = match["quoted"]
        if quoted is None or not _TABLE_ARN.fullmatch(quoted):
            return match[0]
        return match[0].replace(quoted, f'"{rename(quoted[1:-1])}"')

    return _TOKEN.sub(replace, statement)


def _tokens(statement: str, parameters: Sequence[Any]) -> list[Token]:
    tokens: list[Token] = []
    values = iter(parameters)
    for match in _TOKEN.finditer(statement):
        kind, raw = match.lastgroup, match.group().strip()
        if kind == "quoted":
            tokens.append(Token("quoted", raw[1:-1].replace('""', '"')))
        elif kind == "string":
            inner = raw[1:-1].replace("''", "'")
            tokens.append(Token("string", inner, {"S": inner}))
        elif kind == "number":
            tokens.append(Token("number", raw, {"N": raw}))
        elif kind == "word":
            tokens.append(Token("word", raw))
        else:
            tokens.append(Token("other", raw, next(values, None) if raw == "?" else None))
    return tokens


def _table_position(tokens: Sequence[Token], verb: Verb) -> int:
    if verb == "Update":
        return 1
    keyword = "INTO" if verb == "Insert" else "FROM"
    for position, token in enumerate(tokens):
        if token.says(keyword) and token.kind == "word":
            return position + 1
    raise _invalid(f"Statement wasn't well formed, can't be processed: Expected {keyword}")


def _path(tokens: Sequence[Token], start: int) -> tuple[str, str | None, int]:
    """Return the table and the index at `start`, and the position after them."""
    if start >= len(tokens) or not tokens[start].may_be_name:
        raise _invalid("Statement wasn't well formed, can't be processed: Expected a table name")
    if start + 2 < len(tokens) and tokens[start + 1].text == "." and tokens[start + 2].may_be_name:
        return tokens[start].text, tokens[start + 2].text, start + 3
    return tokens[start].text, None, start + 1


def _before(tokens: Sequence[Token], word: str) -> Sequence[Token]:
    return tokens[: next((end for end, token in enumerate(tokens) if token.says(word)), len(tokens))]


def _selected_names(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield the attributes that a SELECT lists; some engines take a string for a name there."""
    for before, token in pairwise([Token("other", ""), *tokens]):
        if (token.may_be_name or token.kind == "string") and not before.says("."):
            yield token.text


def _names(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield the attributes in conditions and changes: neither keywords, functions, keys of maps nor steps."""
    end = Token("other", "")
    for before, token, after in zip([end, *tokens], tokens, [*tokens[1:], end], strict=False):
        is_word = token.kind == "word" and token.text.upper() not in _KEYWORDS and not after.says("(")
        if (is_word or token.kind == "quoted") and not before.says(".") and not after.says(":"):
            yield token.text


def _inserted_names(tokens: Sequence[Token]) -> Iterator[str]:
    """Yield the attributes of an inserted item."""
    if len(tokens) == 1:
        yield from as_object(_whole_item(tokens[0]))
    for (token, depth), (after, _) in pairwise(_with_depth(tokens)):
        if depth == 1 and token.kind != "other" and after.says(":"):
            yield token.text


def _whole_item(token: Token) -> Any:
    """Return the item that one parameter holds."""
    return as_object(token.value or {}).get("M") or {}


def _clause(tokens: Sequence[Token], start: int, word: str) -> tuple[Token, ...]:
    for position in range(start, len(tokens)):
        if tokens[position].says(word):
            ends = (
                end
                for end in range(position + 1, len(tokens))
                if tokens[end].kind == "word" and tokens[end].text.upper() in _CLAUSES
            )
            return tuple(tokens[position + 1 : next(ends, len(tokens))])
    return ()


def _with_depth(tokens: Sequence[Token]) -> Iterator[tuple[Token, int]]:
    """Yield each token with the number of brackets around it; a bracket is not inside itself."""
    depth = 0
    for token in tokens:
        change = _BRACKETS.get(token.text, 0) if token.kind == "other" else 0
        depth += min(change, 0)
        yield token, depth
        depth += max(change, 0)


def _required_conditions(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield the conditions that must all hold, also those in brackets; none where an OR joins them.

    Brackets are skipped, not descended into, so that deep nesting takes neither time nor stack.
    """
    closing = _closing_brackets(tokens)
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


def _closing_brackets(tokens: Sequence[Token]) -> dict[int, int]:
    """Return the position of each opening bracket's closing one, by the opening one's position."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for position, token in enumerate(tokens):
        change = _BRACKETS.get(token.text, 0) if token.kind == "other" else 0
        if change > 0:
            opened.append(position)
        elif change < 0 and opened:
            closing[opened.pop()] = position
    return closing


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


def _inserted_values(tokens: Sequence[Token], key: str) -> list[Any] | None:
    """Return each value that an inserted item gives the key; None where one is not a literal or parameter."""
    if len(tokens) == 1:
        item = _whole_item(tokens[0])
        return [item[key]] if key in item else None
    members = list(_with_depth(tokens))
    values: list[Any] = []
    for (token, depth), (colon, _), (value, _), (end, _) in zip(
        members, members[1:], members[2:], members[3:], strict=False
    ):
        if depth == 1 and token.kind != "other" and token.text == key and colon.says(":"):
            if value.value is None or not (end.says(",") or end.says("}")):
                return None
            values.append(value.value)
    return values or None


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message)
