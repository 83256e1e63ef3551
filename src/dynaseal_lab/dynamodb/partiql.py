"""What authorisation needs from a PartiQL statement: the verb, the table, attributes and partitions.

The engine executes statements. This parser reads just enough of them and refuses what it does not understand,
comments included. A SELECT that is not limited to partitions may reach every item, and then
`dynamodb:FullTableScan` is true.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from dynaseal_lab.dynamodb.json_values import as_object
from dynaseal_lab.dynamodb.partiql_conditions import inserted_values, required_values
from dynaseal_lab.dynamodb.partiql_tokens import Token, tokens_of, whole_item, with_depth
from dynaseal_lab.model import Fault

Verb = Literal["Select", "Insert", "Update", "Delete"]

_CLAUSES = frozenset({"SET", "REMOVE", "WHERE", "RETURNING", "ORDER"})
_OPERATORS = frozenset({"AND", "BETWEEN", "IN", "IS", "NOT", "OR"})
_KEYWORDS = _CLAUSES | _OPERATORS | {"ASC", "BY", "DESC", "FALSE", "MISSING", "NULL", "TRUE"}
_VERBS: Mapping[str, Verb] = {"SELECT": "Select", "INSERT": "Insert", "UPDATE": "Update", "DELETE": "Delete"}


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
            return inserted_values(self.inserted, partition_key)
        return required_values(self.where, partition_key)


def parse_statement(statement: str, parameters: Sequence[Any]) -> Statement:
    """Parse a statement.

    Args:
        statement: The statement.
        parameters: The attribute values that replace its question marks, in order.

    Raises:
        Fault: ValidationException where the table or the verb is not found, or where there is a comment.
    """
    tokens = tokens_of(statement, parameters)
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
        yield from as_object(whole_item(tokens[0]))
    for (token, depth), (after, _) in pairwise(with_depth(tokens)):
        if depth == 1 and token.kind != "other" and after.says(":"):
            yield token.text


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


def _invalid(message: str) -> Fault:
    return Fault("ValidationException", message)
