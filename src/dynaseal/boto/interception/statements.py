"""PartiQL: a statement names its tables inside a string, so they are found in it before it is sent.

- A statement on a configured table is refused: PartiQL would bypass encryption.
- A statement on another table is refused too, unless the table is one of the plaintext tables.
- A statement whose tables cannot be found is refused.

A statement is split into tokens, so that a table's name inside a string or a comment does not count. A table
is named after FROM, INTO, JOIN or UPDATE. A quoted name is case-sensitive. A bare name is compared with the
names of configured tables without regard to case, because DynamoDB may fold it.

Source: DynamoDB Developer Guide, "PartiQL select, update, insert and delete statements for DynamoDB";
PartiQL specification, section 3 (literals and identifiers).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

from dynaseal.boto.interception.table_names import table_name
from dynaseal.boto.interception.tables import Tables
from dynaseal.errors import UnsupportedOperationError

_TOKEN = re.compile(
    r"""
      (?P<blank> \s+ | --[^\r\n]* | /\*.*?\*/ )
    | (?P<literal> '(?:[^']|'')*' | `[^`]*` )
    | "(?P<quoted> (?:[^"]|"")* )"
    | (?P<bare> [\w$]+(?:-[\w$]+)* )
    | (?P<symbol> [^'"`] )
    """,
    re.VERBOSE | re.DOTALL,
)
_BEFORE_A_TABLE = frozenset({"FROM", "INTO", "JOIN", "UPDATE"})
_AFTER_TABLES = frozenset(
    {
        "CROSS",
        "FULL",
        "GROUP",
        "HAVING",
        "INNER",
        "JOIN",
        "LEFT",
        "LIMIT",
        "ON",
        "ORDER",
        "REMOVE",
        "RETURNING",
    }
    | {"RIGHT", "SET", "VALUE", "VALUES", "WHERE"}
)
_FIRST_WORDS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "EXISTS", "FROM", "REPLACE", "UPSERT"})


class _Token(NamedTuple):
    kind: str
    string: str

    @property
    def is_name(self) -> bool:
        return self.kind in ("quoted", "bare")

    def is_word(self, word: str) -> bool:
        return self.kind == "bare" and self.string.upper() == word

    def is_symbol(self, symbol: str) -> bool:
        return self.kind == "symbol" and self.string == symbol


_END = _Token("end", "")


def refuse_statements(tables: Tables, operation: str, request: Mapping[str, Any]) -> None:
    """Refuse a PartiQL request unless all its statements are on plaintext tables.

    Raises:
        UnsupportedOperationError: one of its statements is on another table, or its tables cannot be found.
    """
    named = [_tables_of(statement) for statement in _statements(request)]
    for names in named:
        for name in names or ():
            _refuse_configured(tables, operation, name)
    for names in named:
        if not names:
            raise UnsupportedOperationError(
                f"{operation} has a PartiQL statement whose tables cannot be found in it",
                hint="Use PutItem, GetItem, Query and similar operations, or a client without encryption",
            )
        for name in names:
            if not tables.is_plaintext(name.string):
                tables.refuse_unknown(operation, name.string)


def _refuse_configured(tables: Tables, operation: str, table: _Token) -> None:
    name = table_name(table.string)
    for configured in tables.names:
        is_bare_match = table.kind == "bare" and name.casefold() == configured.casefold()
        if name == configured or is_bare_match:
            raise UnsupportedOperationError(
                f"{operation} has a PartiQL statement that names the table {configured!r}, which is "
                "configured for encryption: PartiQL would write and read its items without it",
                hint="Use PutItem, GetItem, Query and similar operations, or a client without encryption",
            )


def _statements(request: Mapping[str, Any]) -> Iterable[str]:
    if "Statement" in request:
        yield _checked(request["Statement"])
    for member in ("Statements", "TransactStatements"):
        for entry in request.get(member) or ():
            yield _checked(entry.get("Statement"))


def _checked(statement: Any) -> str:
    if not isinstance(statement, str):
        raise TypeError("A PartiQL statement must be a string")
    return statement


def _tables_of(statement: str) -> list[_Token] | None:
    """Return the names that a statement has in places of tables, or None if it is not understood."""
    tokens = _tokens(statement)
    if not tokens or tokens[0].kind != "bare" or tokens[0].string.upper() not in _FIRST_WORDS:
        return None
    names: list[_Token] = []
    for index, token in enumerate(tokens):
        if token.kind == "bare" and token.string.upper() in _BEFORE_A_TABLE:
            found = list(_tables_at(tokens, index + 1))
            if not found or _END in found:
                return None
            names += found
    return names


def _tables_at(tokens: Sequence[_Token], start: int) -> Iterator[_Token]:
    """Yield the tables of a list that begins at an index: `people`, or `"people"."by-city" AS p, other`.

    The last one yielded is `_END` if the list goes on in a way that is not known here.
    """
    after = chain(tokens[start:], repeat(_END))
    token = next(after)
    while token.is_name:
        yield token
        token = next(after)
        while token.is_symbol("."):  # the table's index
            next(after)
            token = next(after)
        if token.is_word("AS"):
            next(after)
            token = next(after)
        elif token.is_name and not _ends_tables(token):  # an alias without AS
            token = next(after)
        if _ends_tables(token):
            return
        if not token.is_symbol(","):
            break
        token = next(after)
    yield _END


def _ends_tables(token: _Token) -> bool:
    """Return whether a token is known to come after the tables of a statement or of a part of it."""
    is_word = token.kind == "bare" and token.string.upper() in _AFTER_TABLES
    return is_word or token == _END or token.is_symbol(")") or token.is_symbol(";")


def _tokens(statement: str) -> list[_Token] | None:
    """Return a statement's tokens without blanks, or None if a string or a comment has no end."""
    tokens: list[_Token] = []
    position = 0
    while position < len(statement):
        match = _TOKEN.match(statement, position)
        if match is None:
            return None
        kind = str(match.lastgroup)
        if kind != "blank":
            string = match.group(kind)
            tokens.append(_Token(kind, string.replace('""', '"') if kind == "quoted" else string))
        position = match.end()
    return tokens
