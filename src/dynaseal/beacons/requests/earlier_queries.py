"""Which of a query's items the queries for earlier partitions have found already.

An item whose hashes for two partitions are equal is found by both queries. So that the caller gets it once,
each query leaves out what an earlier one finds. To evaluate all earlier queries for each item would take
longer with each partition. Instead, the hashes in their key conditions are put into a table once for each
reply: an item's own hashes lead to the few queries that can have found it, and only these are evaluated.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from dynaseal.attributes import AttributeValue, Item
from dynaseal.beacons.requests.comparisons import BEGINS_WITH, FILTER, KEY_CONDITION, NAMES, VALUES
from dynaseal.expressions import ConditionExpression, matches, parse_condition
from dynaseal.expressions.tree import And, Compare, Condition, Function, Path, Value

Criteria = tuple[tuple[str, int | None], ...]
"""Attributes that must be equal to strings or, where there is a length, begin with strings of that length."""


class EarlierQueries:
    """The queries of one search for earlier partitions.

    Args:
        key_condition: The key condition that is sent.
        names: The ExpressionAttributeNames that are sent.
        key_values: The values of the key condition for each of the partitions.
        request_for: Returns the whole request for a partition.
    """

    def __init__(
        self,
        key_condition: ConditionExpression,
        names: Mapping[str, str],
        key_values: Sequence[Mapping[str, AttributeValue]],
        request_for: Callable[[int], Mapping[str, Any]],
    ) -> None:
        self._request_for = request_for
        self._requests: dict[int, Mapping[str, Any]] = {}
        comparisons = list(_comparisons_with_strings(key_condition.condition, names))
        self._partitions: dict[Criteria, defaultdict[tuple[str, ...], list[int]]] = {}
        for partition, values in enumerate(key_values):
            criteria, strings = _criteria(comparisons, values)
            by_strings = self._partitions.setdefault(criteria, defaultdict(list))
            by_strings[strings].append(partition)

    def find(self, stored: Item) -> bool:
        """Return whether one of the queries finds a stored item."""
        for criteria, by_strings in self._partitions.items():
            strings = tuple(_string(stored.get(attribute))[:length] for attribute, length in criteria)
            if any(self._finds(partition, stored) for partition in by_strings.get(strings, ())):
                return True
        return False

    def _finds(self, partition: int, stored: Item) -> bool:
        request = self._requests.get(partition)
        if request is None:
            request = self._requests[partition] = self._request_for(partition)
        names, values = request.get(NAMES), request.get(VALUES)
        return all(
            matches(parse_condition(request[parameter], parameter), stored, names, values)
            for parameter in (KEY_CONDITION, FILTER)
            if parameter in request
        )


def _comparisons_with_strings(
    condition: Condition, names: Mapping[str, str]
) -> Iterator[tuple[str, str, bool]]:
    """Yield attribute, value placeholder and whether it is a beginning, of what all items must fulfil."""
    for each in condition.conditions if isinstance(condition, And) else (condition,):
        if isinstance(each, Compare) and each.comparator == "=":
            pair = (each.left, each.right) if isinstance(each.left, Path) else (each.right, each.left)
        elif isinstance(each, Function) and each.name == BEGINS_WITH:
            pair = each.arguments
        else:
            continue
        path, value = pair
        if isinstance(path, Path) and len(path.steps) == 1 and isinstance(value, Value):
            yield path.root(names), value.name, isinstance(each, Function)


def _criteria(
    comparisons: Iterable[tuple[str, str, bool]], values: Mapping[str, AttributeValue]
) -> tuple[Criteria, tuple[str, ...]]:
    criteria: list[tuple[str, int | None]] = []
    strings: list[str] = []
    for attribute, name, is_beginning in comparisons:
        string = values[name].get("S")
        if string is not None:
            criteria.append((attribute, len(string) if is_beginning else None))
            strings.append(string)
    return tuple(criteria), tuple(strings)


def _string(value: AttributeValue | None) -> str:
    return "" if value is None else value.get("S", "")
