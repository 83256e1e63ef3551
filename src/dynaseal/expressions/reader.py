"""Reading tokens and operands, for all three grammars.

- Nothing here is recursive, whatever the expression: brackets around an operand are counted.
- The limits on paths are DynamoDB's: 32 steps, indexes below 2**31. DynamoDB itself enforces its limit of 300
  operators, which AWS's libraries do not check either. The limit here is twice that, with a NOT counted as
  two, so that a tree has at most 300 levels.
"""

from dataclasses import dataclass, field
from typing import NoReturn

from dynaseal.expressions.refusals import (
    misplaced_function,
    refuse,
    too_many_operators,
    unknown_function,
    wrong_operand_type,
)
from dynaseal.expressions.tokens import Kind, Token, tokenize
from dynaseal.expressions.tree import Operand, Path, Size, Value

MAX_OPERATORS = 600
MAX_PATH_STEPS = 32
MAX_INDEX = 2**31 - 1
CONDITION_KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN"})
CONDITION_FUNCTIONS = {
    "attribute_exists": 1,
    "attribute_not_exists": 1,
    "attribute_type": 2,
    "begins_with": 2,
    "contains": 2,
}
"""The functions that are conditions, with their number of operands."""
UPDATE_KEYWORDS = frozenset({"SET", "REMOVE", "ADD", "DELETE"})


@dataclass(slots=True)
class TokenReader:
    """The tokens of one expression, and how many of them have been read.

    Args:
        text: The expression.
        parameter: The request parameter that it came in, for messages.
        keywords: The words that are not attribute names in this grammar, in upper case.

    Attributes:
        tokens: All tokens; the last one marks the end.
        position: How many have been read.
        operators: How many operators and functions have been read, a NOT counted as two.
        nots: How many of those were a NOT.
    """

    text: str
    parameter: str
    keywords: frozenset[str]
    tokens: list[Token] = field(init=False)
    position: int = field(init=False, default=0)
    operators: int = field(init=False, default=0)
    nots: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.tokens = tokenize(self.text, self.parameter)

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.position]

    @property
    def keyword(self) -> str | None:
        """The next token in upper case, if it is a keyword."""
        token = self.tokens[self.position]
        if token.kind is not Kind.NAME:
            return None
        word = token.text.upper()
        return word if word in self.keywords else None

    def at_symbol(self, *symbols: str) -> bool:
        """Return whether the next token is one of these symbols."""
        token = self.tokens[self.position]
        return token.kind is Kind.SYMBOL and token.text in symbols

    def take(self) -> Token:
        """Read one token."""
        token = self.tokens[self.position]
        self.position += 1
        return token

    def take_symbol(self, symbol: str) -> bool:
        """Read a symbol if it is the next token, and return whether it is."""
        if self.at_symbol(symbol):
            self.position += 1
            return True
        return False

    def expect(self, symbol: str) -> None:
        """Read a symbol that must be the next token."""
        if not self.take_symbol(symbol):
            self.fail(f"{symbol!r}")

    def take_opening_brackets(self) -> int:
        """Read the opening brackets that come next, and return how many there were."""
        count = 0
        while self.take_symbol("("):
            count += 1
        return count

    def expect_closing_brackets(self, count: int) -> None:
        """Read closing brackets, which must be the next tokens."""
        for _ in range(count):
            self.expect(")")

    def fail(self, expected: str) -> NoReturn:
        """Refuse the expression because another token was expected at this position."""
        token = self.token
        if token.kind is Kind.OTHER:
            reason = f"unexpected character {token.text!r} at position {token.start}"
        else:
            reason = f"{expected} was expected at position {token.start}, found {self._describe(token)}"
        refuse(self.parameter, reason, self.syntax_error(self.position))

    def _describe(self, token: Token) -> str:
        """Describe a token. A name or a number may be a value that was written into the expression."""
        if token.kind is Kind.INDEX:
            return "a number"
        if token.kind is Kind.NAME and token.text.upper() not in self.keywords:
            return "a name"
        return repr(token.text) if token.text else "its end"

    def syntax_error(self, position: int) -> str:
        """Return DynamoDB's words for a token that is not allowed: the token and its neighbours."""
        if not self.text:
            return "The expression can not be empty;"
        token = self.tokens[position]
        start = self.tokens[position - 1].start if position else 0
        following = self.tokens[min(position + 1, len(self.tokens) - 1)]
        near = self.text[start : following.start + len(following.text)]
        return f'Syntax error; token: "{token.text or "<EOF>"}", near: "{near}"'

    def reject(self, reason: str, dynamodb_reason: str) -> NoReturn:
        """Refuse the expression for a reason other than its grammar."""
        refuse(self.parameter, reason, dynamodb_reason)

    def count_operator(self, weight: int = 1) -> None:
        """Count an operator or function against the limit."""
        self.operators += weight
        if self.operators > MAX_OPERATORS:
            self.reject(
                f"it has more than {MAX_OPERATORS} operators, a NOT counted as two",
                too_many_operators(),
            )

    def at_function(self) -> bool:
        """Return whether a function's name is next: a name that is followed by a bracket."""
        following = self.tokens[min(self.position + 1, len(self.tokens) - 1)]
        return self.token.kind is Kind.NAME and following.kind is Kind.SYMBOL and following.text == "("

    @property
    def has_redundant_brackets(self) -> bool:
        """Whether a pair of brackets has nothing but another pair in it, which DynamoDB refuses."""
        opened: list[int] = []
        closed_by: dict[int, int] = {}
        for position, token in enumerate(self.tokens):
            if token.kind is Kind.SYMBOL and token.text == "(":
                opened.append(position)
            elif token.kind is Kind.SYMBOL and token.text == ")" and opened:
                closed_by[opened.pop()] = position
        return any(
            closed_by.get(start + 1) == end - 1
            and not (start > 0 and self.tokens[start - 1].kind is Kind.NAME and self._is_call(start - 1))
            for start, end in closed_by.items()
        )

    def _is_call(self, position: int) -> bool:
        """Return whether the name at a position, which a bracket follows, is a function's or IN."""
        word = self.tokens[position].text.upper()
        return word == "IN" or word not in self.keywords

    def end(self) -> None:
        """Check that every token has been read."""
        if self.token.kind is not Kind.END:
            self.fail("the expression's end")

    def path(self) -> Path:
        """Read a document path."""
        start = self.token.start
        steps: list[str | int] = [self._name()]
        while True:
            if self.take_symbol("."):
                steps.append(self._name())
            elif self.take_symbol("["):
                steps.append(self._index())
                self.expect("]")
            else:
                break
        if len(steps) > MAX_PATH_STEPS:
            self.reject(
                f"the path at position {start} has more than {MAX_PATH_STEPS} steps",
                f"The document path has too many nesting levels; nesting levels: {len(steps)}",
            )
        return Path(tuple(steps), (start, self._end_of_last()))

    def value(self) -> Value:
        """Read a value placeholder."""
        if self.token.kind is not Kind.VALUE_PLACEHOLDER:
            self.fail("a value placeholder")
        token = self.take()
        return Value(token.text, (token.start, token.start + len(token.text)))

    def path_or_value(self) -> Path | Value:
        """Read a path or a value placeholder, in any number of brackets."""
        brackets = self.take_opening_brackets()
        operand = self.value() if self.token.kind is Kind.VALUE_PLACEHOLDER else self.path()
        self.expect_closing_brackets(brackets)
        return operand

    def operand(self) -> Operand:
        """Read a path, a value placeholder or a `size()`, in any number of brackets."""
        brackets = self.take_opening_brackets()
        operand: Operand
        if not self.at_function():
            operand = self.path_or_value()
        else:
            name = self.take().text
            if name != "size":
                self.reject(
                    f"the function {name} is not allowed as an operand",
                    misplaced_function(name) if name in CONDITION_FUNCTIONS else unknown_function(name),
                )
            self.count_operator()
            self.expect("(")
            if self.at_function() and self.token.text == "size":
                self.reject("size of a size", wrong_operand_type("size", "N"))
            operand = Size(self.path_or_value())
            self.expect(")")
        self.expect_closing_brackets(brackets)
        return operand

    def _name(self) -> str:
        if self.token.kind not in (Kind.NAME, Kind.NAME_PLACEHOLDER) or self.keyword is not None:
            self.fail("an attribute's name")
        return self.take().text

    def _index(self) -> int:
        if self.token.kind is not Kind.INDEX:
            self.fail("a list index")
        token = self.take()
        if len(token.text) > len(str(MAX_INDEX)) or int(token.text) > MAX_INDEX:
            self.reject(
                f"the list index at position {token.start} is larger than {MAX_INDEX}",
                f"List index is not within the allowable range; index: [{token.text}]",
            )
        return int(token.text)

    def _end_of_last(self) -> int:
        last = self.tokens[self.position - 1]
        return last.start + len(last.text)
