"""What authorisation needs from a PartiQL statement: the verb, the table, attributes and partitions.

The engine executes statements. This parser reads just enough of them and refuses what it does not understand,
comments included. A statement is limited to partitions only where conditions joined by AND say so (`pk = 'x'`
or `pk IN [...]`). Any other statement may reach every item, and then `dynamodb:FullTableScan` is true.
"""

import re
from collections.abc import Mapping, Sequence
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
    def name(self) -> bool:
        """Whether this may name a table or attribute."""
        return self.kind in {"quoted", "word"}


@dataclass(frozen=True, slots=True)
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
        return _demanded(self.where, partition_key)


def parse_statement(text: str, parameters: Sequence[Any]) -> Statement:
    """Parse a statement.

    Args:
        text: the statement.
        parameters: the attribute values that replace its question marks, in order.

    Raises:
        Fault: ValidationException where the table or the verb is not found, or where there is a comment.
    """
    found = _tokens(text, parameters)
    if found and found[0].says("EXISTS"):
        found = found[2:-1]
    if any(token.kind == "other" and token.text in {"--", "/*"} for token in found):
        raise _invalid("Statement wasn't well formed, can't be processed: comments are not supported")
    verb = _VERBS.get(found[0].text.upper()) if found else None
    if verb is None:
        raise _invalid("Statement wasn't well formed, can't be processed: Unexpected keyword")
    start = _table_position(found, verb)
    table, index, rest = _path(found, start)
    where = _clause(found, rest, "WHERE")
    return Statement(
        verb=verb,
        table=table,
        index=index,
        selected=tuple(found[1 : start - 1]) if verb == "Select" else (),
        where=where,
        inserted=_clause(found, rest, "VALUE"),
    )


def _tokens(text: str, parameters: Sequence[Any]) -> list[Token]:
    found: list[Token] = []
    values = iter(parameters)
    for match in _TOKEN.finditer(text):
        kind, raw = match.lastgroup, match.group().strip()
        if kind == "quoted":
            found.append(Token("quoted", raw[1:-1].replace('""', '"')))
        elif kind == "string":
            inner = raw[1:-1].replace("''", "'")
            found.append(Token("string", inner, {"S": inner}))
        elif kind == "number":
            found.append(Token("number", raw, {"N": raw}))
        elif kind == "word":
            found.append(Token("word", raw))
        else:
            found.append(Token("other", raw, next(values, None) if raw == "?" else None))
    return found


def _table_position(found: Sequence[Token], verb: Verb) -> int:
    if verb == "Update":
        return 1
    before = "INTO" if verb == "Insert" else "FROM"
    for place, token in enumerate(found):
        if token.says(before) and token.kind == "word":
            return place + 1
    raise _invalid(f"Statement wasn't well formed, can't be processed: Expected {before}")


def _path(found: Sequence[Token], start: int) -> tuple[str, str | None, int]:
    """Return the table and the index at `start`, and the position after them."""
    if start >= len(found) or not found[start].name:
        raise _invalid("Statement wasn't well formed, can't be processed: Expected a table name")
    if start + 2 < len(found) and found[start + 1].text == "." and found[start + 2].name:
        return found[start].text, found[start + 2].text, start + 3
    return found[start].text, None, start + 1


def _clause(found: Sequence[Token], start: int, word: str) -> tuple[Token, ...]:
    for place in range(start, len(found)):
        if found[place].says(word):
            ends = (
                end
                for end in range(place + 1, len(found))
                if found[end].kind == "word" and found[end].text.upper() in _CLAUSES
            )
            return tuple(found[place + 1 : next(ends, len(found))])
    return ()


def _demanded(where: Sequence[Token], key: str) -> list[Any] | None:
    for place, token in enumerate(where[:-2]):
        if not token.name or token.text != key or (place and where[place - 1].text == "."):
            continue
        if where[place + 1].says("=") and where[place + 2].value is not None:
            return [where[place + 2].value]
        if where[place + 1].says("IN"):
            return _values_in_list(where[place + 2 :])
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
    for place, token in enumerate(tokens):
        depth += {"{": 1, "[": 1, "<<": 1, "}": -1, "]": -1, ">>": -1}.get(token.text, 0)
        named = token.kind in {"string", "quoted"} and token.text == key
        if depth == 1 and named and place + 2 < len(tokens) and tokens[place + 1].text == ":":
            value = tokens[place + 2].value
            return None if value is None else [value]
    return None


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message)
