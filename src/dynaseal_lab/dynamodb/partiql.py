"""What authorisation needs from a PartiQL statement: the verb, the table, attributes and partitions.

The engine executes statements. This parser reads just enough of them and refuses what it does not understand,
comments included. A statement is limited to partitions only where conditions joined by AND say so (`pk = 'x'`
or `pk IN [...]`). Any other statement may reach every item, and then `dynamodb:FullTableScan` is true.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

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
_CLAUSES = frozenset({"SET", "REMOVE", "WHERE", "RETURNING", "ORDER"})
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
    """One statement; `selected`, `where` and `inserted` are the tokens of its clauses."""

    verb: Verb
    table: str
    index: str | None
    selected: tuple[Token, ...]
    where: tuple[Token, ...]
    inserted: tuple[Token, ...]

    def partitions(self, partition_key: str) -> list[Any] | None:
        """Return the partition key values that the statement is limited to; None where it is not limited."""
        if self.verb == "Insert":
            return _inserted_value(self.inserted, partition_key)
        if any(token.says("OR") or token.says("NOT") for token in self.where):
            return None
        return _required_values(self.where, partition_key)


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
    where = _clause(tokens, rest, "WHERE")
    return Statement(
        verb=verb,
        table=table,
        index=index,
        selected=tuple(tokens[1 : start - 1]) if verb == "Select" else (),
        where=where,
        inserted=_clause(tokens, rest, "VALUE"),
    )


def with_numbers(statement: str, rewrite: Callable[[str], str]) -> str:
    """Return a statement with its number literals rewritten."""

    def replace(match: re.Match[str]) -> str:
        number = match["number"]
        return match[0] if number is None else match[0].replace(number, rewrite(number))

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


def _required_values(where: Sequence[Token], key: str) -> list[Any] | None:
    for position, token in enumerate(where[:-2]):
        if not token.may_be_name or token.text != key or (position and where[position - 1].text == "."):
            continue
        if where[position + 1].says("=") and where[position + 2].value is not None:
            return [where[position + 2].value]
        if where[position + 1].says("IN"):
            return _values_in_list(where[position + 2 :])
    return None


def _values_in_list(tokens: Sequence[Token]) -> list[Any] | None:
    values: list[Any] = []
    if not tokens or tokens[0].kind != "other" or tokens[0].text not in {"[", "("}:
        return None
    for token in tokens[1:]:
        if token.text in {"]", ")"} and token.kind == "other":
            return values
        if token.value is not None:
            values.append(token.value)
        elif token.text != ",":
            return None
    return None


def _inserted_value(tokens: Sequence[Token], key: str) -> list[Any] | None:
    """Return the key's value at the first level of the inserted tuple."""
    depth = 0
    for position, token in enumerate(tokens):
        depth += {"{": 1, "[": 1, "<<": 1, "}": -1, "]": -1, ">>": -1}.get(token.text, 0)
        named = token.kind in {"string", "quoted"} and token.text == key
        if depth == 1 and named and position + 2 < len(tokens) and tokens[position + 1].text == ":":
            value = tokens[position + 2].value
            return None if value is None else [value]
    return None


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message)
