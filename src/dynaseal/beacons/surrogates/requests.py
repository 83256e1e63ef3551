"""Requests that name items by real values, rewritten to name them by tokens.

- In a key, the source's entry is replaced by the token. In an expression, `=`, `<>` and IN over the source
  are sent with the key attribute in its place, and their values become tokens. A token is not cut,
  so DynamoDB's reply is exact and needs no filter.
- A token has no order, beginning, size or type, and cannot be compared with another attribute. Expressions
  that need one of these are refused, and so is a value that would have to be sent unchanged as well.
- A reply's LastEvaluatedKey has tokens, which cannot be turned into real values. The caller returns it
  unchanged as ExclusiveStartKey, which may also be written with real values.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.requests.comparisons import NAMES, VALUES, replace_spans
from dynaseal.beacons.surrogates.keys import (
    SurrogateKey,
    Surrogates,
    TokenKeys,
    has_form_of_token,
    key_value,
    token,
)
from dynaseal.core.values.types import MalformedValueError
from dynaseal.errors import EncryptError, UnsupportedOperationError
from dynaseal.expressions import parse_condition
from dynaseal.expressions.tokens import Kind, tokenize
from dynaseal.expressions.tree import (
    Compare,
    Condition,
    Function,
    In,
    Leaf,
    Path,
    Size,
    Span,
    Value,
    leaves,
    operands,
)

KEY = "Key"
START = "ExclusiveStartKey"
_SEARCHES = ("KeyConditionExpression", "FilterExpression")
_CONDITIONS = (*_SEARCHES, "ConditionExpression")
_EXPRESSIONS = (*_CONDITIONS, "UpdateExpression", "ProjectionExpression")


def with_tokens(
    surrogates: Surrogates, operation: str, request: Mapping[str, Any], token_keys: TokenKeys
) -> dict[str, Any]:
    """Return a request, or one item's part of it, that names items by tokens.

    Args:
        surrogates: The table's surrogate keys.
        operation: The operation's name, for messages.
        request: The request as the application wrote it.
        token_keys: The keys of the table's tokens.

    Raises:
        UnsupportedOperationError: an expression needs something that no token supports, or a key has a token.
    """
    sent_request = dict(request)
    if KEY in sent_request:
        sent_request[KEY] = key_with_tokens(surrogates, operation, sent_request[KEY], token_keys)
    if sent_request.get(START):
        _check_start(surrogates, operation, sent_request[START])
        sent_request[START] = _replace_sources(surrogates, operation, sent_request[START], token_keys)
    sources = _SourceUses.in_request(surrogates, operation, request)
    return sources.replace(sent_request, token_keys) if sources.paths else sent_request


def _check_start(surrogates: Surrogates, operation: str, start: Mapping[str, AttributeValue]) -> None:
    """Refuse a start key with a real value in a token's place: it would be sent in the clear."""
    for surrogate in surrogates.keys:
        if surrogate.name in start and not has_form_of_token(start[surrogate.name]):
            raise UnsupportedOperationError(
                f"{operation} has an ExclusiveStartKey in which {surrogate.name!r} is not a token that this "
                "library makes",
                hint=f"Pass the LastEvaluatedKey of a reply, or give the real value, as {surrogate.source!r}",
            )


def key_with_tokens(
    surrogates: Surrogates, operation: str, key: Mapping[str, AttributeValue], token_keys: TokenKeys
) -> dict[str, Any]:
    """Return an item's key with tokens, given its key with real values.

    Raises:
        UnsupportedOperationError: it names a token itself, or has a value that a key cannot have.
    """
    for surrogate in surrogates.keys:
        if surrogate.name in key:
            raise UnsupportedOperationError(
                f"{operation} has a key with {surrogate.name!r}, which is a token that this library makes",
                hint=f"Give the real value, as {surrogate.source!r}",
            )
    return _replace_sources(surrogates, operation, key, token_keys)


def _replace_sources(
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


@dataclass(slots=True, kw_only=True)
class _SourceUses:
    """Where the expressions of one request use the sources of surrogate keys.

    Attributes:
        operation: The operation's name, for messages.
        surrogates: The table's surrogate keys.
        request: The request as the application wrote it.
        paths: By parameter, the positions of sources in the expression, each with its surrogate key.
        values: By parameter, the positions of the values that sources are compared with.
        owners: By value placeholder, the surrogate key whose token is sent for the value.
    """

    operation: str
    surrogates: Surrogates
    request: Mapping[str, Any]
    paths: dict[str, list[tuple[Span, SurrogateKey]]] = field(default_factory=dict[str, Any])
    values: dict[str, set[Span]] = field(default_factory=dict[str, Any])
    owners: dict[str, SurrogateKey] = field(default_factory=dict[str, SurrogateKey])

    @classmethod
    def in_request(cls, surrogates: Surrogates, operation: str, request: Mapping[str, Any]) -> "_SourceUses":
        """Find the uses in a request.

        Raises:
            UnsupportedOperationError: one of them is not supported.
        """
        uses = cls(operation=operation, surrogates=surrogates, request=request)
        for parameter in _CONDITIONS:
            expression = request.get(parameter)
            if expression:
                uses._read(parameter, parse_condition(expression, parameter).condition)
        return uses

    def replace(self, sent_request: dict[str, Any], token_keys: TokenKeys) -> dict[str, Any]:
        """Return the request to send, with key attributes in place of sources and tokens of their values."""
        self._check_values()
        names: dict[str, str] = dict(self.request.get(NAMES) or {})
        values: dict[str, Any] = dict(self.request.get(VALUES) or {})
        placeholders = {key.name: _new_name(index, names) for index, key in enumerate(self.surrogates.keys)}
        for parameter, paths in self.paths.items():
            replacements = [(span, placeholders[key.name]) for span, key in paths]
            names |= {placeholders[key.name]: key.name for _, key in paths}
            sent_request[parameter] = replace_spans(sent_request[parameter], replacements)
        for name, key in self.owners.items():
            values[name] = self._token(name, key, values, token_keys)
        used = {name for parameter in _EXPRESSIONS for name, _ in _placeholders(sent_request, parameter)}
        sent_request[NAMES] = {
            placeholder: name for placeholder, name in names.items() if placeholder in used
        }
        return {**sent_request, VALUES: values} if values else sent_request

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
        """Refuse a value that is also used where it would have to be sent unchanged."""
        for parameter in _EXPRESSIONS:
            for name, span in _placeholders(self.request, parameter):
                if name in self.owners and span not in self.values.get(parameter, ()):
                    self._refuse_value(name)

    def _token(
        self, name: str, key: SurrogateKey, values: Mapping[str, AttributeValue], token_keys: TokenKeys
    ) -> dict[str, str]:
        if name not in values:
            raise UnsupportedOperationError(
                f"{self.operation} uses {name}, which ExpressionAttributeValues does not define",
                hint="Define every value that the expressions use",
            )
        try:
            return token(token_keys[key.name], values[name])
        except MalformedValueError as error:
            raise UnsupportedOperationError(
                f"{self.operation} compares {key.source!r} with {name}, which holds {error}",
                hint="Give a value that the attribute could have",
            ) from None

    def _refuse_token(self, parameter: str, name: str) -> NoReturn:
        (source,) = (key.source for key in self.surrogates.keys if key.name == name)
        raise UnsupportedOperationError(
            f"{self.operation}'s {parameter} uses {name!r}, which is a token that this library makes",
            hint=f"Use the real value, as {source!r}",
        )

    def _refuse_other_than_equality(self, parameter: str, name: str) -> NoReturn:
        raise UnsupportedOperationError(
            f"{self.operation}'s {parameter} uses {name!r} for something other than equality with a value: "
            "DynamoDB has a token in its place, which has no order, beginning, size or type",
            hint="Filter the items that you have read, or use a beacon over a VirtualField",
        )

    def _refuse_value(self, name: str) -> NoReturn:
        raise UnsupportedOperationError(
            f"{self.operation} compares the value {name} with a surrogate key's source and with something "
            "else: it would have to be sent in two forms, which would show DynamoDB that both are the same "
            "value",
            hint="Use a different value placeholder for each",
        )


def _values_compared(path: Path, leaf: Leaf) -> tuple[Value, ...] | None:
    """Return the values whose equality with a path is tested, or None if anything else is tested."""
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
    """Yield the placeholders of an expression with their positions."""
    expression = request.get(parameter)
    for part in tokenize(expression, parameter) if expression else ():
        if part.kind in (Kind.NAME_PLACEHOLDER, Kind.VALUE_PLACEHOLDER):
            yield part.text, (part.start, part.start + len(part.text))


def _new_name(index: int, taken: Iterable[str]) -> str:
    name = f"#surrogate{index}"
    while name in taken:
        name += "x"
    return name
