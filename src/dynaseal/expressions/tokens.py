"""Splitting an expression into tokens, the first phase of reading it.

- Names start with a letter; any other name needs a `#placeholder`. Keywords may have any case, functions not.
- DynamoDB itself refuses reserved words: they do not change what an expression touches.
- An expression has at most 4 KB, so that the later phases work on a bounded number of tokens.

Source: DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions" and "Service,
account, and table quotas"; where the guide is silent, what DynamoDB Local
does.
"""

import re
from enum import Enum
from typing import NamedTuple

from dynaseal.expressions.refusals import refuse

MAX_EXPRESSION_BYTES = 4096

_TOKEN = re.compile(
    r"""(?P<NAME>[A-Za-z][A-Za-z0-9_]*)
      | (?P<NAME_PLACEHOLDER>\#[A-Za-z0-9_]+)
      | (?P<VALUE_PLACEHOLDER>:[A-Za-z0-9_]+)
      | (?P<INDEX>0|[1-9][0-9]*)
      | (?P<SYMBOL><>|<=|>=|[=<>(),.\[\]+-])
      | (?P<SPACE>[ \t\r\n]+)
      | (?P<OTHER>.)""",
    re.VERBOSE | re.DOTALL,
)


class Kind(Enum):
    """The kinds of tokens in an expression."""

    NAME = "NAME"
    NAME_PLACEHOLDER = "NAME_PLACEHOLDER"
    VALUE_PLACEHOLDER = "VALUE_PLACEHOLDER"
    INDEX = "INDEX"
    SYMBOL = "SYMBOL"
    OTHER = "OTHER"
    END = "END"


class Token(NamedTuple):
    """One token: its kind, its characters and their position."""

    kind: Kind
    text: str
    start: int


_KINDS = {kind.value: kind for kind in Kind}


def tokenize(text: str, parameter: str) -> list[Token]:
    """Split an expression into tokens; the last one is of the kind END.

    A character that no token begins with is a token of the kind OTHER, which no grammar has.

    Args:
        text: The expression.
        parameter: The request parameter that it came in, for messages.

    Raises:
        InvalidExpressionError: the expression is longer than 4 KB.

    Example:
        >>> [token.text for token in tokenize("size(tags) >= :n", "FilterExpression")]
        ['size', '(', 'tags', ')', '>=', ':n', '']
    """
    if len(text) > MAX_EXPRESSION_BYTES or len(text.encode("utf-8", "replace")) > MAX_EXPRESSION_BYTES:
        size = len(text.encode("utf-8", "replace"))
        refuse(
            parameter,
            f"it is longer than {MAX_EXPRESSION_BYTES} bytes",
            f"Expression size has exceeded the maximum allowed size; expression size: {size}",
        )
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        group = match.lastgroup
        if group is not None and group != "SPACE":
            tokens.append(Token(_KINDS[group], match.group(), match.start()))
    tokens.append(Token(Kind.END, "", len(text)))
    return tokens


def is_in_brackets(condition: str, parameter: str) -> bool:
    """Return whether one pair of brackets holds a whole condition.

    Args:
        condition: The condition.
        parameter: The request parameter that it came in, for messages.

    Example:
        >>> is_in_brackets("(a = :v)", "FilterExpression"), is_in_brackets("(a) = (:v)", "FilterExpression")
        (True, False)
    """
    symbols = [token.text for token in tokenize(condition, parameter)[:-1]]
    depth = 0
    for position, symbol in enumerate(symbols):
        depth += (symbol == "(") - (symbol == ")")
        if depth == 0:
            return symbol == ")" and position == len(symbols) - 1
    return False
