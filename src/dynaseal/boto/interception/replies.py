"""Compares a reply with its request: its items must be those that were requested.

An encrypted item verifies under its own key, wherever it is returned. Only the request says which item the
caller meant; so whoever answers in DynamoDB's place could otherwise return another one.
"""

from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from dynaseal.attributes import AttributeValue, Item
from dynaseal.core.lazy import LazyModule
from dynaseal.core.values.writing import serialize
from dynaseal.errors import DecryptError, UnsupportedOperationError

if TYPE_CHECKING:
    from dynaseal import expressions
    from dynaseal.expressions import tree
else:
    expressions = LazyModule("dynaseal.expressions")
    tree = LazyModule("dynaseal.expressions.tree")

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
    return tuple(serialize(_as_sent(item[name])) for name in names if name in item)


def _as_sent(value: AttributeValue) -> AttributeValue:
    """Return a value as botocore sends it: binary may also be a string, which it encodes."""
    content = value.get("B")
    return {"B": content.encode()} if isinstance(content, str) else value


def has_key(names: Collection[str], item: Item, key: Item) -> bool:
    """Return whether an item has the key that was asked for; numbers are compared by value."""
    if all(item.get(name) == key[name] for name in names if name in key):
        return all(name in key for name in names)
    found = key_of_reply(names, item)
    return found is not None and found == primary_key(names, key)


def key_of_reply(names: Collection[str], item: Item) -> PrimaryKey | None:
    """Return the primary key of an item of a reply, or None if it has none that DynamoDB could have."""
    try:
        key = primary_key(names, item)
    except (AttributeError, TypeError, ValueError):
        return None
    return key if len(key) == len(names) else None


def without_members(reply: Message, *names: str) -> dict[str, Any]:
    """Return an error's reply without members that hold items, and that this error does not have in DynamoDB.

    botocore reads the members of every error of DynamoDB, whichever operation it answers.
    """
    return {name: value for name, value in reply.items() if name not in names}


def refuse_other_table(operation: str, table_name: str) -> NoReturn:
    """Refuse a reply with items of a table that the request does not name.

    Args:
        operation: The operation's name.
        table_name: The table's name, in quotes.

    Raises:
        DecryptError: always.
    """
    raise DecryptError(
        f"The reply to {operation} has items of the table {table_name}, which the request does not name",
        hint="Nothing of the reply was used. Check what answers in DynamoDB's place: the endpoint, a proxy, "
        "a cache or a stub",
    )


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


def key_condition_check(sent_request: Message) -> Callable[[Item], bool]:
    """Return a function that says whether a stored item fulfils the key condition that was sent.

    Args:
        sent_request: A Query, or a Scan, which has no key condition.
    """
    text = sent_request.get("KeyConditionExpression")
    if not text:
        return lambda _: True
    expression = expressions.parse_condition(text, "KeyConditionExpression")
    names: Mapping[str, str] = sent_request.get("ExpressionAttributeNames") or {}
    values: Mapping[str, AttributeValue] = sent_request.get("ExpressionAttributeValues") or {}
    condition = expression.condition
    leaves = condition.conditions if isinstance(condition, tree.And) else (condition,)
    checks = [_leaf_check(leaf, names, values) for leaf in leaves]

    def fulfils(stored: Item) -> bool:
        try:
            # One check per leaf takes a tenth of the time that evaluating the expression takes.
            return all(check(stored) for check in checks if check is not None) and (
                None not in checks or expressions.matches(expression, stored, names, values)
            )
        except (ArithmeticError, AttributeError, TypeError, UnsupportedOperationError, ValueError):
            return False  # the item holds something that is not a key

    return fulfils


def _leaf_check(
    leaf: "tree.Condition", names: Mapping[str, str], values: Mapping[str, AttributeValue]
) -> Callable[[Item], bool] | None:
    """Return the check of one comparison of an attribute with values; None if it is anything else."""
    if isinstance(leaf, tree.Compare):
        comparisons = [(leaf.comparator, leaf.left, leaf.right)]
    elif isinstance(leaf, tree.Between):
        comparisons = [(">=", leaf.operand, leaf.low), ("<=", leaf.operand, leaf.high)]
    elif isinstance(leaf, tree.Function) and leaf.name == "begins_with":
        comparisons = [(leaf.name, *leaf.arguments)]
    else:
        return None
    bounds: list[tuple[Callable[[Any, Any], bool], Any]] = []
    name = kind = ""
    for comparator, path, value in comparisons:
        if not isinstance(path, tree.Path) or len(path.steps) > 1 or not isinstance(value, tree.Value):
            return None
        name = path.root(names)
        ((other_kind, content),) = values.get(value.name, {"": None}).items()
        if other_kind not in _CONVERSIONS or kind not in ("", other_kind):
            return None
        kind = other_kind
        try:
            bounds.append((_COMPARATORS[comparator], _CONVERSIONS[kind](content)))
        except (ArithmeticError, TypeError, ValueError):
            return None
    convert = _CONVERSIONS[kind]

    def check(stored: Item) -> bool:
        content = stored.get(name, {}).get(kind)
        if content is None:
            return False
        converted = convert(content)
        for compare, bound in bounds:  # noqa: SIM110 a generator would take as long as the comparison
            if not compare(converted, bound):
                return False
        return True

    return check


# The types that a key can have. Strings are ordered by their code points, in Python as in DynamoDB.
_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "S": str,
    "N": Decimal,
    "B": lambda content: content.encode() if isinstance(content, str) else bytes(content),
}
_COMPARATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": eq,
    "<>": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "begins_with": lambda content, prefix: content.startswith(prefix),
}
