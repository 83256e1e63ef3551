"""Queries of a table whose items are divided into partitions.

- A beacon has another hash in each of its partitions, so a query asks one of them: it says which by the value
  `:aws_dbe_partition`, and is sent once for each that it needs.
- It needs as many as the beacons of its key condition together tell apart; a filter covers the others.
- A Scan covers all partitions by itself.
- Beacons that the key condition names by placeholder are not counted: AWS's releases do not count them. Such
  a query could miss items, so it is refused.

Source: specification `ddb-get-number-of-queries.md`; `ddb-support.md`, "QueryInputForBeacons".
"""

import re
from collections.abc import Iterable, Mapping
from math import lcm
from typing import Any

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.compiled.compound import UnfitTextError
from dynaseal.beacons.compiled.resolved import Searchable
from dynaseal.beacons.compiled.search import Beacon, CompiledSearch
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon
from dynaseal.beacons.requests.comparisons import Comparison, Question, question
from dynaseal.errors import UnsupportedOperationError

PARTITION_VALUE = ":aws_dbe_partition"
KEY_CONDITION = "KeyConditionExpression"

_WHOLE = re.compile(r"\+?[0-9]{1,9}").fullmatch


def number_of_queries(config: Searchable, operation: str, request: Mapping[str, Any]) -> int:
    """Tell how often a request must be sent, with `:aws_dbe_partition` from 0 upwards, to find all items.

    Args:
        config: The table's `TableConfig`.
        operation: `Query` or `Scan`.
        request: The request as the application writes it, its expressions as text.

    Returns:
        1 for a Scan, and for any table without partitions.

    Raises:
        UnsupportedOperationError: another operation, or a value that the request does not define.
    """
    if operation.casefold() not in ("query", "scan"):
        raise UnsupportedOperationError(f"{operation} is no search", hint="Searches are Query and Scan")
    compiled = config.compiled_search
    text = request.get(KEY_CONDITION)
    values = request.get("ExpressionAttributeValues")
    if compiled is None or operation.casefold() == "scan" or not text or values is None:
        return 1
    return queries_needed(compiled, question(text, KEY_CONDITION), values)


def queries_needed(
    compiled: CompiledSearch, key_condition: Question, values: Mapping[str, AttributeValue]
) -> int:
    """Tell how many queries a key condition needs.

    Raises:
        UnsupportedOperationError: `values` lacks one.
    """
    return _together(compiled, _counts(compiled, key_condition.comparisons, values, {}))


def check_placeholders(
    compiled: CompiledSearch,
    key_condition: Question,
    names: Mapping[str, str],
    values: Mapping[str, AttributeValue],
) -> None:
    """Refuse a key condition whose placeholders hide beacons that it would need more queries for.

    Raises:
        UnsupportedOperationError: it does.
    """
    needed = _together(compiled, _counts(compiled, key_condition.comparisons, values, names))
    if needed != queries_needed(compiled, key_condition, values):
        raise UnsupportedOperationError(
            f"The {KEY_CONDITION} names a beacon of several partitions by placeholder, which AWS's libraries "
            "do not count: items of other partitions would be missed without a word",
            hint="Write the beacon's name in the expression",
        )


def take_partition(
    compiled: CompiledSearch, values: Mapping[str, AttributeValue], *, must_have: bool
) -> tuple[int, dict[str, AttributeValue]]:
    """Take the partition out of a query's values.

    Args:
        compiled: The table's beacons.
        values: The query's values.
        must_have: Whether the query compares what differs between partitions.

    Returns:
        The partition, 0 if none is given, and the other values.

    Raises:
        UnsupportedOperationError: it is none of the table's partitions, or missing.
    """
    kept = dict(values)
    given = kept.pop(PARTITION_VALUE, None)
    if compiled.partitions == 1:
        if given is not None:
            _refuse_partition("is given, but the table has no partitions", "Leave it out")
        return 0, kept
    if given is None:
        if must_have:
            _refuse_partition(
                "is missing, and the query compares encrypted attributes of a table with partitions",
                "Send the query once for each number below number_of_queries",
            )
        return 0, kept
    text = given.get("N")
    if text is None or not _WHOLE(text):
        _refuse_partition("is not a whole number", 'Give it as {"N": "0"}')
    partition = int(str(text))
    if partition >= compiled.partitions:
        _refuse_partition(
            f"is {partition}; the table's partitions are 0 to {compiled.partitions - 1}",
            "Send the query once for each number below number_of_queries",
        )
    return partition, kept


def check_needed(partition: int, queries: int) -> None:
    """Refuse a partition that a query with a smaller one already covers.

    Raises:
        UnsupportedOperationError: it is not below the number of queries.
    """
    if partition >= queries:
        _refuse_partition(
            f"is {partition}, but this query needs only {queries}: what it finds, another one found",
            "Send the query once for each number below number_of_queries",
        )


def check_scan(values: Mapping[str, AttributeValue]) -> None:
    """Refuse a Scan that names a partition.

    Raises:
        UnsupportedOperationError: it does.
    """
    if PARTITION_VALUE in values:
        _refuse_partition("is given to a Scan, which covers all partitions", "Leave it out")


def _refuse_partition(reason: str, hint: str) -> None:
    raise UnsupportedOperationError(f"The value {PARTITION_VALUE} {reason}", hint=hint)


def _together(compiled: CompiledSearch, counts: Iterable[int]) -> int:
    return min(lcm(*counts), compiled.partitions)


def _counts(
    compiled: CompiledSearch,
    comparisons: Iterable[Comparison],
    values: Mapping[str, AttributeValue],
    names: Mapping[str, str],
) -> list[int]:
    counts: list[int] = []
    for comparison in comparisons:
        for value in comparison.values:
            if value.name not in values:
                raise UnsupportedOperationError(
                    f"The {KEY_CONDITION} uses {value.name}, which ExpressionAttributeValues does not define",
                    hint="Define every value that the expressions use",
                )
            written = str(comparison.path)
            beacon = compiled.beacon(names.get(written, written))
            if beacon is not None:
                counts += _counts_of(beacon, values[value.name])
    return counts


def _counts_of(beacon: Beacon, value: AttributeValue) -> list[int]:
    if isinstance(beacon, CompiledStandardBeacon):
        return [beacon.partitions]
    try:
        parts = beacon.parts_of(value.get("S", ""))
    except UnfitTextError:
        return []  # such a query is refused when it is rewritten
    return [part.source.partitions for part in parts if isinstance(part.source, CompiledStandardBeacon)]
