"""A reply is held against its request: its items must be the ones that were asked for.

An encrypted item verifies under its own key, wherever it is returned. Only the request says which item the
caller meant; so whoever answers in DynamoDB's place could otherwise return another one.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, NoReturn

from dynaseal.attributes import AttributeValue, Item
from dynaseal.core.header import RESERVED_PREFIX
from dynaseal.core.values.writing import serialize
from dynaseal.errors import DecryptError
from dynaseal.expressions import ConditionExpression, matches, parse_condition
from dynaseal.expressions.tree import And, Compare, Path, Value

Message = Mapping[str, Any]
PrimaryKey = tuple[tuple[bytes, bytes], ...]


class SentPart(NamedTuple):
    """What was sent for one item: a request, or one action of a transaction.

    Attributes:
        operation: The operation's name, for messages.
        caller_request: The request as the caller wrote it.
        sent_request: The request that was sent.
    """

    operation: str
    caller_request: Message
    sent_request: Message

    @property
    def key(self) -> Item:
        """The key that was sent; for an item to put, the item that has it."""
        return self.sent_request["Key"] if "Key" in self.sent_request else self.sent_request["Item"]


def primary_key(names: Collection[str], item: Item) -> PrimaryKey:
    """Return an item's primary key in a form that is the same however the key is written.

    Args:
        names: The names of the key attributes.
        item: The item, or its key alone.

    Raises:
        ValueError: one of them has a value that DynamoDB cannot hold.
        TypeError: one of them is not an attribute value.
    """
    return tuple(serialize(item[name]) for name in names if name in item)


def has_key(names: Collection[str], item: Item, key: Item) -> bool:
    """Return whether an item has the key that was asked for; numbers are compared by value."""
    if all(item.get(name) == key[name] for name in names if name in key):
        return all(name in key for name in names)
    return key_of_reply(names, item) == primary_key(names, key)


def key_of_reply(names: Collection[str], item: Item) -> PrimaryKey | None:
    """Return the primary key of an item of a reply, or None if it has none that DynamoDB could have."""
    try:
        key = primary_key(names, item)
    except (TypeError, ValueError):
        return None
    return key if len(key) == len(names) else None


def refuse_other_item(operation: str, table_name: str) -> NoReturn:
    """Refuse a reply with an item that the request did not ask for.

    Raises:
        DecryptError: always.
    """
    raise DecryptError(
        f"The reply to {operation} on the table {table_name!r} has an item with another key than the one "
        "that was asked for",
        hint="Nothing of the reply was used. Check what answers in DynamoDB's place: the endpoint, a proxy, "
        "a cache or a stub",
    )


def refuse_wrong_number(operation: str) -> NoReturn:
    """Refuse a reply that does not have one entry for each part of its request.

    Raises:
        DecryptError: always.
    """
    raise DecryptError(
        f"The reply to {operation} does not have one entry for each part of the request",
        hint="Nothing of the reply was used. Check what answers in DynamoDB's place: the endpoint, a proxy, "
        "a cache or a stub",
    )


def key_condition_check(sent_request: Message, *, has_beacons: bool) -> Callable[[Item], bool]:
    """Return a function that says whether a stored item fulfils the key condition that was sent.

    A key condition on a beacon is not checked here. Its items are decrypted, and those that do not fulfil the
    caller's condition are left out of the reply as false matches.

    Args:
        sent_request: A Query, or a Scan, which has no key condition.
        has_beacons: Whether the table is configured with beacons.
    """
    text = sent_request.get("KeyConditionExpression")
    if not text:
        return lambda _: True
    expression = parse_condition(text, "KeyConditionExpression")
    names: Mapping[str, str] = sent_request.get("ExpressionAttributeNames") or {}
    values: Mapping[str, AttributeValue] = sent_request.get("ExpressionAttributeValues") or {}
    if has_beacons and any(path.root(names).startswith(RESERVED_PREFIX) for path in expression.paths):
        return lambda _: True
    equalities = _equalities(expression, names, values)

    def fulfils(stored: Item) -> bool:
        # The usual case without evaluating the expression: the very values that were sent.
        if equalities and all(stored.get(name) == value for name, value in equalities):
            return True
        return matches(expression, stored, names, values)

    return fulfils


def _equalities(
    expression: ConditionExpression, names: Mapping[str, str], values: Mapping[str, AttributeValue]
) -> list[tuple[str, AttributeValue]]:
    """Return the names and values of a condition that consists of equalities only; else an empty list."""
    condition = expression.condition
    found: list[tuple[str, AttributeValue]] = []
    for each in condition.conditions if isinstance(condition, And) else (condition,):
        if not isinstance(each, Compare) or each.comparator != "=":
            return []
        path, value = each.left, each.right
        if not isinstance(path, Path) or not isinstance(value, Value) or value.name not in values:
            return []
        found.append((path.root(names), values[value.name]))
    return found
