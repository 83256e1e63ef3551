"""The tokens of a PartiQL statement, and statements with some of them rewritten."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dynaseal_lab.dynamodb.json_values import as_object

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


def tokens_of(statement: str, parameters: Sequence[Any]) -> list[Token]:
    """Return a statement's tokens; each question mark has the next parameter as its value."""
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


def with_depth(tokens: Sequence[Token]) -> Iterator[tuple[Token, int]]:
    """Yield each token with the number of brackets around it; a bracket is not inside itself."""
    depth = 0
    for token in tokens:
        change = _BRACKETS.get(token.text, 0) if token.kind == "other" else 0
        depth += min(change, 0)
        yield token, depth
        depth += max(change, 0)


def closing_brackets(tokens: Sequence[Token]) -> dict[int, int]:
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


def whole_item(token: Token) -> Any:
    """Return the item that one parameter holds."""
    return as_object(token.value or {}).get("M") or {}
