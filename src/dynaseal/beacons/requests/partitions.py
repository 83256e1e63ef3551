"""Queries of a table whose items are divided into partitions.

- A beacon has another hash in each of its partitions, so a query names one of them with the value
  `:aws_dbe_partition`, and must be sent once for each partition that it needs.
- How many it needs depends on the beacons of its key condition. A filter covers the others.
- A Scan covers all partitions by itself.
- Beacons that the key condition names by placeholder are not counted: AWS's releases do not count them. Such
  a query could miss items, so it is refused.

Example: a table has 6 partitions. The key condition compares a beacon over 2 of them, and the filter one
over all 6. For an item of partition p, the first beacon is hashed with p % 2 and the second with p. Two
queries are enough. Query 0 finds the items of the partitions 0, 2 and 4, and its filter has the hashes of
these three partitions, joined by OR. Query 1 does the same for the partitions 1, 3 and 5.

Source: specification `ddb-get-number-of-queries.md`; `ddb-support.md`, "QueryInputForBeacons".
"""

import re
from collections.abc import Mapping
from math import lcm
from typing import Any, NoReturn

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.compiled.compound import UnfitStringError
from dynaseal.beacons.compiled.resolved_attributes import Searchable
from dynaseal.beacons.compiled.search import Beacon, CompiledSearch
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.beacons.requests.analysis import AnalysedSearch, refuse
from dynaseal.beacons.requests.comparisons import (
    KEY_CONDITION,
    VALUES,
    SearchExpression,
    parse_search_expression,
)
from dynaseal.errors import UnsupportedOperationError

PARTITION_VALUE = ":aws_dbe_partition"

_WHOLE_NUMBER = re.compile(r"\+?[0-9]{1,9}").fullmatch


def number_of_queries(config: Searchable, operation: str, request: Mapping[str, Any]) -> int:
    """Return how often a request must be sent, with `:aws_dbe_partition` from 0 upwards, to find all items.

    Args:
        config: The table's `TableConfig`.
        operation: `Query` or `Scan`.
        request: The request as the application writes it, its expressions as strings.

    Returns:
        1 for a Scan, and for any table without partitions.

    Raises:
        UnsupportedOperationError: another operation, or a value that the request does not define.
    """
    if operation.casefold() not in ("query", "scan"):
        raise UnsupportedOperationError(
            f"number_of_queries was called for {operation}, which is not a search",
            hint="Call it for Query or Scan",
        )
    compiled = config.compiled_search
    expression = request.get(KEY_CONDITION)
    values = request.get(VALUES)
    if compiled is None or operation.casefold() == "scan" or not expression or values is None:
        return 1
    return _queries_needed(compiled, parse_search_expression(expression, KEY_CONDITION), values, {})


def requested_partition(
    compiled: CompiledSearch, operation: str, analysis: AnalysedSearch, values: Mapping[str, AttributeValue]
) -> tuple[int, int]:
    """Return the partition that a request names, 0 if it names none, and the number of queries it needs.

    Args:
        compiled: The table's beacons.
        operation: `Query` or `Scan`.
        analysis: The request's expressions.
        values: The request's ExpressionAttributeValues.

    Raises:
        UnsupportedOperationError: it names a partition that it does not need, or none although it must, or
            items could be missed.
    """
    if operation == "Scan":
        if PARTITION_VALUE in values:
            _refuse_partition("is given to a Scan, which covers all partitions", "Leave it out")
        return 0, 1
    condition = analysis.key_condition
    queries = 1 if condition is None else _queries_needed(compiled, condition.parsed, values, analysis.names)
    value = values.get(PARTITION_VALUE)
    if compiled.partitions == 1:
        if value is not None:
            _refuse_partition("is given, but the table has no partitions", "Leave it out")
        return 0, 1
    if value is None:
        if queries > 1 or analysis.uses_encrypted_attributes:
            _refuse_partition(
                "is missing, and the query compares encrypted attributes of a table with partitions",
                "Send the query once for each number below number_of_queries",
            )
        return 0, queries
    return _read_partition(compiled, value, queries), queries


def _read_partition(compiled: CompiledSearch, value: AttributeValue, queries: int) -> int:
    number = value.get("N")
    if number is None or not _WHOLE_NUMBER(number):
        _refuse_partition("is not a whole number", 'Write it as {"N": "0"}')
    partition = int(str(number))
    if partition >= compiled.partitions:
        _refuse_partition(
            f"is {partition}; the table's partitions are 0 to {compiled.partitions - 1}",
            "Send the query once for each number below number_of_queries",
        )
    if partition >= queries:
        _refuse_partition(
            f"is {partition}, but this query needs only {queries}: another one already found its items",
            "Send the query once for each number below number_of_queries",
        )
    return partition


def _queries_needed(
    compiled: CompiledSearch,
    key_condition: SearchExpression,
    values: Mapping[str, AttributeValue],
    names: Mapping[str, str],
) -> int:
    """Return how many queries a key condition needs.

    A beacon over n partitions has n different hashes, and an item of partition p has the one for p % n.
    Beacons over n and m partitions together have lcm(n, m) different pairs of hashes: two partitions share
    a pair exactly if they are equal modulo the lcm. A table never needs more queries than it has partitions.
    """
    counts: list[int] = []
    hidden_counts: list[int] = []
    for comparison in key_condition.comparisons:
        written = str(comparison.path)
        beacon = compiled.beacon(names.get(written, written))
        for value in comparison.values:
            if value.name not in values:
                refuse_undefined(KEY_CONDITION, value.name)
            if beacon is not None:
                their_counts = hidden_counts if written in names else counts
                their_counts.extend(_partition_counts(beacon, values[value.name]))
    queries = min(lcm(*counts), compiled.partitions)
    if min(lcm(*counts, *hidden_counts), compiled.partitions) != queries:
        raise UnsupportedOperationError(
            f"The {KEY_CONDITION} names a beacon of several partitions by placeholder, which AWS's libraries "
            "do not count: items of other partitions would be missed without an error",
            hint="Write the beacon's name in the expression",
        )
    return queries


def _partition_counts(beacon: Beacon, value: AttributeValue) -> list[int]:
    if isinstance(beacon, CompiledStandardBeacon):
        return [beacon.partitions]
    try:
        parts = beacon.parts_of(value.get("S", ""))
    except UnfitStringError:
        return []  # such a query is refused when its values are hashed
    return [part.source.partitions for part in parts if isinstance(part.source, CompiledStandardBeacon)]


def refuse_undefined(parameter: str, name: str) -> NoReturn:
    """Refuse an expression with a value that the request does not define.

    Raises:
        UnsupportedOperationError: always.
    """
    refuse(
        parameter,
        f"uses {name}",
        "ExpressionAttributeValues does not define it",
        "Define every value that the expressions use",
    )


def _refuse_partition(reason: str, hint: str) -> NoReturn:
    raise UnsupportedOperationError(f"The value {PARTITION_VALUE} {reason}", hint=hint)
