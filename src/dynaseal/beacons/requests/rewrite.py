"""A Query or Scan request rewritten: beacons' stored names for their names, hashes for values.

- Names are replaced where they stand; a placeholder's entry in ExpressionAttributeNames is replaced instead.
- Values that no expression uses are left out, as DynamoDB demands.
- Where a filter must cover several partitions it is repeated with the hashes of each, joined by OR.

Source: specification `ddb-support.md`, "QueryInputForBeacons", "Filter Expressions for Query" and
"ScanInputForBeacons".
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from string import ascii_uppercase
from typing import Any

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.compiled.hashes import HmacKeys
from dynaseal.beacons.compiled.search import Beacon, CompiledSearch
from dynaseal.beacons.key_sources import SingleKeySource
from dynaseal.beacons.requests.answers import Answerer, add_stand_in
from dynaseal.beacons.requests.comparisons import Question, Use, question
from dynaseal.beacons.requests.partitions import (
    KEY_CONDITION,
    PARTITION_VALUE,
    check_needed,
    check_placeholders,
    check_scan,
    queries_needed,
    take_partition,
)
from dynaseal.beacons.requests.reply import ReplyCheck
from dynaseal.beacons.requests.tenants import key_id_in
from dynaseal.errors import UnsupportedOperationError
from dynaseal.expressions.evaluate import matches, resolve_strictly

FILTER = "FilterExpression"
NAMES = "ExpressionAttributeNames"
VALUES = "ExpressionAttributeValues"

KeysOf = Callable[[str], HmacKeys]
"""Gives the keys of a table's standard beacons for a beacon key id."""


def rewrite(
    compiled: CompiledSearch, operation: str, request: Mapping[str, Any], keys_of: KeysOf
) -> dict[str, Any]:
    """Rewrite a search so that it finds items by their beacons.

    Args:
        compiled: The table's beacons.
        operation: `Query` or `Scan`.
        request: The request as the application wrote it.
        keys_of: Gives keys; asked only if the request needs them, or names a tenant.

    Returns:
        The request to send.

    Raises:
        UnsupportedOperationError: an expression asks what no beacon can answer.
        KeyStoreError: `keys_of` raised it.
    """
    names: Mapping[str, str] = request.get(NAMES) or {}
    given: Mapping[str, AttributeValue] = request.get(VALUES) or {}
    key, a_filter = _question(request, KEY_CONDITION), _question(request, FILTER)
    questions = _present(key, a_filter)
    if operation == "Scan":
        check_scan(given)
        partition, queries, values = 0, 1, dict(given)
    else:
        partition, queries, values = _partition(compiled, key, questions, names, given)
    sent: dict[str, Any] = {**request, VALUES: values}
    if questions:
        key_id = _key_id(compiled, questions, names, values)
        answerer = Answerer(compiled, names, values, _keys_now(compiled, key_id, keys_of))
        _check_paths(answerer, questions)
        new_names, stand_ins = dict(names), dict[str, AttributeValue]()
        if key is not None:
            sent[KEY_CONDITION] = _renamed(answerer, key, new_names, {})
            stand_ins = answerer.stand_ins(key, partition)
        if a_filter is not None:
            covered = range(partition, compiled.partitions, queries)
            sent[FILTER] = _filter(answerer, a_filter, covered, new_names, stand_ins)
        sent |= {NAMES: new_names, VALUES: stand_ins}
    return {name: value for name, value in sent.items() if value or name not in (NAMES, VALUES)}


def reply_check(compiled: CompiledSearch, request: Mapping[str, Any]) -> ReplyCheck:
    """Give the check of the reply to a search that was sent.

    Args:
        compiled: The table's beacons.
        request: The request as the application wrote it.
    """
    names: Mapping[str, str] = request.get(NAMES) or {}
    values: Mapping[str, AttributeValue] = request.get(VALUES) or {}
    questions = _present(_question(request, KEY_CONDITION), _question(request, FILTER))
    beacons: dict[str, Beacon] = {}
    for asked in questions:
        for path, _ in asked.uses:
            beacon = compiled.beacon_at(path, names)
            if beacon is not None:
                beacons[path.root(names)] = beacon
    expressions = tuple(asked.expression for asked in questions)
    partition = int(values.get(PARTITION_VALUE, {}).get("N", 0))
    return ReplyCheck(
        expressions, names, values, beacons, _key_id(compiled, questions, names, values), partition
    )


def found_earlier(
    compiled: CompiledSearch, request: Mapping[str, Any], partition: int, keys_of: KeysOf
) -> Callable[[Mapping[str, AttributeValue]], bool]:
    """Give what tells whether a query for a smaller partition finds a stored item too.

    Args:
        compiled: The table's beacons.
        request: The Query that was rewritten.
        partition: The partition that it asks.
        keys_of: Gives keys.
    """
    values: Mapping[str, AttributeValue] = request.get(VALUES) or {}
    sent = [
        rewrite(compiled, "Query", {**request, VALUES: {**values, PARTITION_VALUE: {"N": str(at)}}}, keys_of)
        for at in range(partition)
    ]
    return lambda stored: any(_finds(query, stored) for query in sent)


def _finds(sent: Mapping[str, Any], stored: Mapping[str, AttributeValue]) -> bool:
    questions = _present(_question(sent, KEY_CONDITION), _question(sent, FILTER))
    return all(matches(q.expression, stored, sent.get(NAMES), sent.get(VALUES)) for q in questions)


def _question(request: Mapping[str, Any], parameter: str) -> Question | None:
    text = request.get(parameter)
    return question(text, parameter) if text else None


def _present(*questions: Question | None) -> list[Question]:
    return [asked for asked in questions if asked is not None]


def _key_id(
    compiled: CompiledSearch,
    questions: Iterable[Question],
    names: Mapping[str, str],
    values: Mapping[str, AttributeValue],
) -> str | None:
    return None if compiled.key_field is None else key_id_in(compiled, questions, names, values)


def _partition(
    compiled: CompiledSearch,
    key: Question | None,
    questions: Iterable[Question],
    names: Mapping[str, str],
    given: Mapping[str, AttributeValue],
) -> tuple[int, int, dict[str, AttributeValue]]:
    """Give the partition that a query asks, how many queries it needs, and its values without it."""
    queries = 1 if key is None else queries_needed(compiled, key, given)
    must_have = queries > 1 or any(
        len(path.steps) == 1 and compiled.is_encrypted(path.root(names))
        for asked in questions
        for path, _ in asked.uses
    )
    partition, values = take_partition(compiled, given, must_have=must_have)
    check_needed(partition, queries)
    if key is not None:
        check_placeholders(compiled, key, names, given)
    return partition, queries, values


def _keys_now(compiled: CompiledSearch, key_id: str | None, keys_of: KeysOf) -> Callable[[str], HmacKeys]:
    """Give what fetches the keys of one request: at once for a named tenant, else when they are needed."""
    source = compiled.key_source
    if isinstance(source, SingleKeySource):
        return lambda _beacon_name: keys_of(source.beacon_key_id)
    if key_id is not None:
        keys = keys_of(key_id)
        return lambda _beacon_name: keys

    def refuse(beacon_name: str) -> HmacKeys:
        raise UnsupportedOperationError(
            f"The request compares the beacon {beacon_name!r} and does not say with whose key",
            hint=f"Compare {compiled.key_field!r} with the tenant's branch key id as well",
        )

    return refuse


def _check_paths(answerer: Answerer, questions: Iterable[Question]) -> None:
    for asked in questions:
        for path, use in asked.uses:
            resolve_strictly(path, answerer.names)
            answerer.check_use(path, use, asked)


def _renamed(
    answerer: Answerer, asked: Question, new_names: dict[str, str], new_values: Mapping[str, str]
) -> str:
    """Write an expression with beacons' stored names and values under new names; add to `new_names`."""
    edits = [(value.span, new_values.get(value.name, value.name)) for value in asked.expression.values]
    for path, use in asked.uses:
        beacon = answerer.compiled.beacon(path.root(answerer.names)) if len(path.steps) == 1 else None
        if beacon is None or use is not Use.VALUE:
            continue
        written = str(path)
        if written in answerer.names:
            new_names[written] = beacon.attribute
        else:
            edits.append((path.span, beacon.attribute))
    return edited(asked.expression.text, edits)


def edited(text: str, edits: Iterable[tuple[tuple[int, int], str]]) -> str:
    """Give a text in which each span is replaced; no two may overlap."""
    pieces: list[str] = []
    position = 0
    for (start, end), replacement in sorted(edits):
        pieces += (text[position:start], replacement)
        position = end
    return "".join([*pieces, text[position:]])


def _filter(
    answerer: Answerer,
    asked: Question,
    covered: Iterable[int],
    new_names: dict[str, str],
    stand_ins: dict[str, AttributeValue],
) -> str:
    """Write a filter for all the partitions that it covers; add its values to `stand_ins`."""
    texts: dict[str, None] = {}
    for partition in covered:
        values = answerer.stand_ins(asked, partition)
        if not texts:
            for name, value in values.items():
                add_stand_in(stand_ins, name, value)
        renamed: dict[str, str] = {}
        for name, value in values.items():
            if stand_ins[name] != value:
                renamed[name] = _new_name(name, value, stand_ins)
                stand_ins[renamed[name]] = value
        texts[_renamed(answerer, asked, new_names, renamed)] = None
    first, *others = texts
    return " OR ".join(f"({text})" for text in texts) if others else first


def _new_name(name: str, value: AttributeValue, taken: Mapping[str, AttributeValue]) -> str:
    """Give a name for a value's hash in another partition: two letters more, not in use for another value."""
    for letters in product(ascii_uppercase, repeat=2):
        candidate = name + "".join(letters)
        if taken.get(candidate, value) == value:
            return candidate
    raise UnsupportedOperationError(
        f"The value {name} needs more than 676 hashes", hint="Use fewer partitions or values"
    )
