"""Requests that name items by real values, rewritten to name them by tokens.

- In keys the source's entry is replaced by the token. In expressions `email = :v`, `<>` and IN over the
  source become the same over the key attribute, and the values become tokens: a token is whole, so the
  answer is exact and nothing has to be filtered out.
- A token has no order, beginning, size or type, and cannot be compared with another attribute: refused, as
  is a value that would also have to be sent as it is.
- A reply's LastEvaluatedKey holds tokens, which nothing can turn back: it goes back as it came, as
  ExclusiveStartKey, which may also be written with real values.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.requests.comparisons import NAMES, VALUES, replace_spans
from dynaseal.beacons.surrogates.keys import SurrogateKey, Surrogates, TokenKeys, key_value, token
from dynaseal.core.values.types import MalformedValueError
from dynaseal.errors import EncryptError, UnsupportedOperationError
from dynaseal.expressions import parse_condition
from dynaseal.expressions.tokens import Kind, tokenize
from dynaseal.expressions.tree import (
    Between,
    Compare,
    Condition,
    Function,
    In,
    Path,
    Size,
    Value,
    leaves,
    operands,
)

KEY = "Key"
START = "ExclusiveStartKey"
_SEARCHES = ("KeyConditionExpression", "FilterExpression")
_CONDITIONS = (*_SEARCHES, "ConditionExpression")
_EXPRESSIONS = (*_CONDITIONS, "UpdateExpression", "ProjectionExpression")

Leaf = Compare | Between | In | Function
Span = tuple[int, int]


def with_tokens(
    surrogates: Surrogates, operation: str, request: Mapping[str, Any], token_keys: TokenKeys
) -> dict[str, Any]:
    """Give a request, or one item's part of it, that names items by tokens.

    Args:
        surrogates: The table's surrogate keys.
        operation: For messages.
        request: As the application wrote it.
        token_keys: The keys of the table's tokens.

    Raises:
        UnsupportedOperationError: an expression asks what no token can answer, or a key has a token.
    """
    sent = dict(request)
    if KEY in sent:
        sent[KEY] = key_with_tokens(surrogates, operation, sent[KEY], token_keys)
    if sent.get(START):
        sent[START] = _replaced(surrogates, operation, sent[START], token_keys)
    asked = _Asked.of(surrogates, operation, request)
    return asked.rewritten(sent, token_keys) if asked.paths else sent


def key_with_tokens(
    surrogates: Surrogates, operation: str, key: Mapping[str, AttributeValue], token_keys: TokenKeys
) -> dict[str, Any]:
    """Give an item's key as DynamoDB has it for one by real values.

    Raises:
        UnsupportedOperationError: it names a token itself, or has a value that no key can have.
    """
    for surrogate in surrogates.keys:
        if surrogate.name in key:
            raise UnsupportedOperationError(
                f"{operation} has a key with {surrogate.name!r}, which is a token that this library makes",
                hint=f"Give the real value, as {surrogate.source!r}",
            )
    return _replaced(surrogates, operation, key, token_keys)


def _replaced(
    surrogates: Surrogates, operation: str, key: Mapping[str, AttributeValue], token_keys: TokenKeys
) -> dict[str, Any]:
    replaced: dict[str, Any] = {}
    for name, value in key.items():
        surrogate = surrogates.by_source.get(name)
        if surrogate is None:
            replaced[name] = value
            continue
        try:
            replaced[surrogate.name] = token(token_keys[surrogate.name], key_value(value, surrogate))
        except EncryptError as error:
            raise UnsupportedOperationError(f"{operation}: {error.message}", hint=error.hint) from None
    return replaced


@dataclass(slots=True)
class _Asked:
    """What the expressions of one request ask of the sources of surrogate keys.

    Attributes:
        operation: For messages.
        surrogates: The table's surrogate keys.
        request: As the application wrote it.
        paths: By parameter, where each source stands in the text, and its surrogate key.
        values: By parameter, where the values that it is compared with stand.
        owners: By value placeholder, the surrogate key that its token is for.
    """

    operation: str
    surrogates: Surrogates
    request: Mapping[str, Any]
    paths: dict[str, list[tuple[Span, SurrogateKey]]] = field(default_factory=dict[str, Any])
    values: dict[str, set[Span]] = field(default_factory=dict[str, Any])
    owners: dict[str, SurrogateKey] = field(default_factory=dict[str, SurrogateKey])

    @classmethod
    def of(cls, surrogates: Surrogates, operation: str, request: Mapping[str, Any]) -> "_Asked":
        asked = cls(operation, surrogates, request)
        for parameter in _CONDITIONS:
            text = request.get(parameter)
            if text:
                asked._read(parameter, parse_condition(text, parameter).condition)
        return asked

    def rewritten(self, sent: dict[str, Any], token_keys: TokenKeys) -> dict[str, Any]:
        self._check_values()
        names: dict[str, str] = dict(self.request.get(NAMES) or {})
        values: dict[str, Any] = dict(self.request.get(VALUES) or {})
        placeholders = {key.name: _new_name(at, names) for at, key in enumerate(self.surrogates.keys)}
        for parameter, found in self.paths.items():
            edits = [(span, placeholders[key.name]) for span, key in found]
            names |= {placeholders[key.name]: key.name for _, key in found}
            sent[parameter] = replace_spans(sent[parameter], edits)
        for name, key in self.owners.items():
            values[name] = self._token(name, key, values, token_keys)
        used = {text for parameter in _EXPRESSIONS for text, _ in _placeholders(sent, parameter)}
        sent[NAMES] = {name: stands_for for name, stands_for in names.items() if name in used}
        return {**sent, VALUES: values} if values else sent

    def _read(self, parameter: str, condition: Condition) -> None:
        for leaf in leaves(condition):
            for operand in operands(leaf):
                path = operand.operand if isinstance(operand, Size) else operand
                if isinstance(path, Path):
                    self._read_path(parameter, path, leaf)

    def _read_path(self, parameter: str, path: Path, leaf: Leaf) -> None:
        name = path.root(self.request.get(NAMES) or {})
        existence_only = isinstance(leaf, Function) and leaf.tests_existence_only and len(path.steps) == 1
        key = self.surrogates.by_source.get(name)
        if key is None:
            if name in self.surrogates.names and not (existence_only and parameter not in _SEARCHES):
                self._refuse_token(parameter, name)
        elif not existence_only:
            compared = _values_compared(path, leaf)
            if compared is None:
                self._refuse_other_than_equality(parameter, name)
            self.paths.setdefault(parameter, []).append((path.span, key))
            self.values.setdefault(parameter, set()).update(value.span for value in compared)
            for value in compared:
                if self.owners.setdefault(value.name, key) != key:
                    self._refuse_value(value.name)

    def _check_values(self) -> None:
        """Refuse a value that is also used where it would have to be sent as it is."""
        for parameter in _EXPRESSIONS:
            for name, span in _placeholders(self.request, parameter):
                if name in self.owners and span not in self.values.get(parameter, ()):
                    self._refuse_value(name)

    def _token(
        self, name: str, key: SurrogateKey, values: Mapping[str, AttributeValue], token_keys: TokenKeys
    ) -> dict[str, str]:
        if name not in values:
            raise UnsupportedOperationError(
                f"{self.operation} uses {name}, which ExpressionAttributeValues does not define"
            )
        try:
            return token(token_keys[key.name], values[name])
        except MalformedValueError as error:
            raise UnsupportedOperationError(
                f"{self.operation} compares {key.source!r} with {name}, which holds {error}"
            ) from None

    def _refuse_token(self, parameter: str, name: str) -> NoReturn:
        (source,) = (key.source for key in self.surrogates.keys if key.name == name)
        raise UnsupportedOperationError(
            f"{self.operation}'s {parameter} asks for {name!r}, which is a token that this library makes",
            hint=f"Ask for the real value, as {source!r}",
        )

    def _refuse_other_than_equality(self, parameter: str, name: str) -> NoReturn:
        raise UnsupportedOperationError(
            f"{self.operation}'s {parameter} asks for {name!r} otherwise than whether it equals a value: "
            "DynamoDB has a token in its place, which has no order, beginning, size or type",
            hint="Filter what you have read, or find it by a beacon over a VirtualField",
        )

    def _refuse_value(self, name: str) -> NoReturn:
        raise UnsupportedOperationError(
            f"{self.operation} compares the value {name} with a surrogate key's source and with something "
            "else, and would have to send it in two forms, which would give away that they belong together",
            hint="Use a value placeholder of its own for each",
        )


def _values_compared(path: Path, leaf: Leaf) -> tuple[Value, ...] | None:
    """Give the values that a path is asked to be equal to, or None if anything else is asked."""
    if len(path.steps) > 1:
        return None
    if isinstance(leaf, Compare) and leaf.comparator in ("=", "<>"):
        others: tuple[Any, ...] = (leaf.right if leaf.left is path else leaf.left,)
    elif isinstance(leaf, In) and leaf.operand is path:
        others = leaf.options
    else:
        return None
    values = tuple(other for other in others if isinstance(other, Value))
    return values if len(values) == len(others) else None


def _placeholders(request: Mapping[str, Any], parameter: str) -> Iterator[tuple[str, Span]]:
    text = request.get(parameter)
    for found in tokenize(text, parameter) if text else ():
        if found.kind in (Kind.NAME_PLACEHOLDER, Kind.VALUE_PLACEHOLDER):
            yield found.text, (found.start, found.start + len(found.text))


def _new_name(at: int, taken: Iterable[str]) -> str:
    name = f"#surrogate{at}"
    while name in taken:
        name += "x"
    return name
