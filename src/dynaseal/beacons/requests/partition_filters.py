"""The filter of a search that covers several partitions at once.

- A beacon has another hash in each partition. The filter is repeated with the hashes of each partition,
  joined by OR, as AWS's libraries write it.
- With many partitions that is longer than DynamoDB allows. Then each comparison names the hashes of all
  partitions by itself: `name = :v` becomes `name IN (:v, :a, :b, ...)`. DynamoDB finds a few more items by
  it, which have hashes of different partitions. These are false matches, and left out of the reply.
- A filter that is too long in this form too is refused, since DynamoDB would refuse it.

Source: specification `ddb-support.md`, "ScanInputForBeacons"; the limits are DynamoDB's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, product
from string import ascii_letters, ascii_uppercase
from typing import Any

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.requests.analysis import NO_ATTRIBUTE, AnalysedExpression, refuse
from dynaseal.beacons.requests.comparisons import EQUALITIES, FILTER, replace_spans
from dynaseal.expressions import parse_condition
from dynaseal.expressions.parse import MAX_IN_OPTIONS
from dynaseal.expressions.refusals import DYNAMODB_OPERATORS
from dynaseal.expressions.tokens import MAX_EXPRESSION_BYTES, is_in_brackets, tokenize
from dynaseal.expressions.tree import (
    And,
    Between,
    Compare,
    Condition,
    In,
    Leaf,
    Not,
    Operand,
    Or,
    Path,
    Size,
    Value,
    operands,
)


def filter_for_partitions(
    expression: AnalysedExpression,
    values_by_partition: Sequence[Mapping[str, AttributeValue]],
    sent_values: dict[str, Any],
) -> str:
    """Write a filter for several partitions.

    Args:
        expression: The filter.
        values_by_partition: Its values for each partition.
        sent_values: The values that are sent, those of the first partition included; the others are added
            under new names.

    Raises:
        UnsupportedOperationError: it would be longer than DynamoDB allows.
    """
    for write, new_names in ((_repeated, _aws_names), (_with_every_hash, _short_names)):
        placeholders = _Placeholders(sent_values, new_names)
        string, operators = write(expression, [placeholders.names_of(each) for each in values_by_partition])
        if operators <= DYNAMODB_OPERATORS and len(string.encode()) <= MAX_EXPRESSION_BYTES:
            break
    else:
        refuse(
            FILTER,
            f"compares beacons of {len(values_by_partition)} partitions",
            f"with the hashes of all of them it is longer than the {MAX_EXPRESSION_BYTES:,} bytes or "
            f"{DYNAMODB_OPERATORS} operators that DynamoDB allows",
            "Compare fewer beacons in it, or compare one in the key condition of a query of an index",
        )
    used = {token.text for token in tokenize(string, FILTER)}
    sent_values |= {name: value for name, value in placeholders.added.items() if name in used}
    return string


class _Placeholders:
    """The placeholders of values: the caller's for the hashes of the first partition, new ones for others.

    Args:
        sent_values: The values of the first partition.
        new_names: Returns candidates for new names for a value, by its name.

    Attributes:
        added: The values with new names.
    """

    def __init__(
        self, sent_values: Mapping[str, AttributeValue], new_names: Callable[[str], Iterator[str]]
    ) -> None:
        self._sent_values = sent_values
        self._new_names = new_names
        self._candidates: dict[str, Iterator[str]] = {}
        self._known: dict[tuple[str, Any], str] = {}
        self.added: dict[str, AttributeValue] = {}

    def names_of(self, values: Mapping[str, AttributeValue]) -> dict[str, str]:
        """Return the placeholders of one partition's values, by the names that the caller gave them."""
        return {
            name: name if self._sent_values[name] == value else self._new_name(name, value)
            for name, value in values.items()
        }

    def _new_name(self, name: str, value: AttributeValue) -> str:
        ((type_name, content),) = value.items()
        # Only hashes differ from partition to partition: a string, or a list of strings.
        key = (name, (type_name, tuple(content)))
        known = self._known.get(key)
        if known is None:
            if name not in self._candidates:
                self._candidates[name] = self._new_names(name)
            known = next(each for each in self._candidates[name] if self._is_free(each, value))
            self._known[key] = known
            self.added[known] = value
        return known

    def _is_free(self, name: str, value: AttributeValue) -> bool:
        return name not in self.added and self._sent_values.get(name, value) == value


def _aws_names(name: str) -> Iterator[str]:
    """Yield the names that AWS's libraries use: two letters more, and where these end, three."""
    letters = chain(product(ascii_uppercase, repeat=2), product(ascii_uppercase, repeat=3))
    return (name + "".join(each) for each in letters)


def _short_names(_name: str) -> Iterator[str]:
    """Yield the shortest names that there are."""
    letters = chain.from_iterable(product(ascii_letters, repeat=length) for length in (1, 2, 3))
    return (":" + "".join(each) for each in letters)


def _repeated(expression: AnalysedExpression, names: Sequence[Mapping[str, str]]) -> tuple[str, int]:
    """Return the filter repeated for each partition, joined by OR, and how many operators it has."""
    condition = expression.parsed.condition
    filters: dict[str, None] = {}
    for partition_names in names:
        renamed = [
            (value.span, partition_names[value.name])
            for value in condition.values
            if partition_names[value.name] != value.name
        ]
        filters[replace_spans(condition.text, [*expression.replacements, *renamed])] = None
    first, *others = filters
    if not others:
        return first, condition.operators
    # DynamoDB refuses a second pair of brackets around a filter as redundant.
    in_brackets = is_in_brackets(condition.text, FILTER)
    string = " OR ".join(each if in_brackets else f"({each})" for each in filters)
    return string, len(filters) * (condition.operators + 1) - 1


def _with_every_hash(expression: AnalysedExpression, names: Sequence[Mapping[str, str]]) -> tuple[str, int]:
    """Return the filter with every partition's hashes in each comparison, and how many operators it has.

    It finds whatever the repeated filter finds: a beacon that is negated has been replaced by an attribute
    that no item has (see `analysis`), so more hashes in a comparison never make the filter false.
    """
    pieces: list[str] = []
    operators = 0
    waiting: list[Condition | str] = [parse_condition(expression.with_stored_names, FILTER).condition]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            pieces.append(node)
        elif isinstance(node, And | Or):
            operators += len(node.conditions) - 1
            word = " AND " if isinstance(node, And) else " OR "
            joined = [part for branch in node.conditions for part in (word, *_bracketed(branch))]
            waiting += reversed(joined[1:])
        elif isinstance(node, Not):
            operators += 1
            waiting += reversed(["NOT ", *_bracketed(node.condition)])
        else:
            string, added = _with_every_hash_of(node, names)
            pieces.append(string)
            operators += added
    return "".join(pieces), operators


def _bracketed(condition: Condition) -> tuple[Condition | str, ...]:
    return ("(", condition, ")") if isinstance(condition, And | Or) else (condition,)


def _with_every_hash_of(leaf: Leaf, names: Sequence[Mapping[str, str]]) -> tuple[str, int]:
    renamed = list(dict.fromkeys(_renamed(leaf, partition_names) for partition_names in names))
    compares_nothing = any(operand == Path((NO_ATTRIBUTE,)) for operand in operands(leaf))
    if len(renamed) == 1 or compares_nothing:
        return str(renamed[0]), 1 + sum(isinstance(operand, Size) for operand in operands(leaf))
    negation, word = "", " OR "
    if isinstance(leaf, Compare) and leaf.comparator == "<>":
        negation, word = "NOT ", " AND "
    if isinstance(leaf, In) or (isinstance(leaf, Compare) and leaf.comparator in EQUALITIES):
        path = next(operand for operand in operands(leaf) if isinstance(operand, Path))
        values = (operand for each in renamed for operand in operands(each) if isinstance(operand, Value))
        hashes = tuple(dict.fromkeys(values))
        chunks = range(0, len(hashes), MAX_IN_OPTIONS)
        conditions = [f"{negation}{In(path, hashes[start : start + MAX_IN_OPTIONS])}" for start in chunks]
    else:
        conditions = [str(each) for each in renamed]
    operators = len(conditions) * (2 if negation else 1) + len(conditions) - 1
    string = word.join(conditions)
    return (string if len(conditions) == 1 else f"({string})"), operators


def _renamed(leaf: Leaf, names: Mapping[str, str]) -> Leaf:
    def renamed(operand: Operand) -> Operand:
        return Value(names[operand.name]) if isinstance(operand, Value) else operand

    if isinstance(leaf, Compare):
        return Compare(leaf.comparator, renamed(leaf.left), renamed(leaf.right))
    if isinstance(leaf, Between):
        return Between(renamed(leaf.operand), renamed(leaf.low), renamed(leaf.high))
    if isinstance(leaf, In):
        return In(renamed(leaf.operand), tuple(map(renamed, leaf.options)))
    return type(leaf)(leaf.name, tuple(map(renamed, leaf.arguments)))
