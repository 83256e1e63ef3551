"""What the expressions of a request may touch in a table, decided over their whole trees.

- A condition, or a filter without beacons, may use an encrypted attribute only by its existence.
  DynamoDB has its ciphertext, and nothing below it. A beacon has a hash, which other values can share, and
  nothing would correct what DynamoDB decides by it. (For a Query or Scan of a table with beacons, see
  `dynaseal.beacons.requests.analysis`.)
- An update may touch what an item may have outside its signature. It is refused where a put with that
  attribute would be: with a reserved name, or without an action.
- A value that no expression uses is refused, as DynamoDB refuses it, but before it is sent.

The functions are pure: they find the first place that is not allowed, and say why.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from dynaseal.core.actions import CryptoAction
from dynaseal.core.header import RESERVED_PREFIX
from dynaseal.core.lazy import LazyModule

if TYPE_CHECKING:
    from dynaseal import expressions
    from dynaseal.beacons.compiled import hashes, standard
    from dynaseal.beacons.compiled.search import CompiledSearch
    from dynaseal.expressions import ConditionExpression, UpdateExpression
    from dynaseal.expressions.tree import Path
else:
    expressions = LazyModule("dynaseal.expressions")
    hashes = LazyModule("dynaseal.beacons.compiled.hashes")
    standard = LazyModule("dynaseal.beacons.compiled.standard")

Names = Mapping[str, str]

_CONDITIONS = ("KeyConditionExpression", "FilterExpression", "ConditionExpression")


class Objection(NamedTuple):
    """Why an expression is refused.

    Attributes:
        problem: What it does, to follow the parameter's name.
        reason: Why that is refused.
        hint: What to do instead.
    """

    problem: str
    reason: str
    hint: str


def ciphertext_objection(
    paths: "Iterable[Path]", names: Names, is_encrypted: Callable[[str], bool]
) -> Objection | None:
    """Return why DynamoDB cannot decide by the values at some paths; None if it can.

    Args:
        paths: The paths whose values an expression needs.
        names: The request's ExpressionAttributeNames.
        is_encrypted: Returns whether an attribute is encrypted.
    """
    for path in paths:
        name = path.root(names)
        if is_encrypted(name):
            return Objection(
                f"needs the value of {name!r}",
                "that attribute is encrypted and DynamoDB has only its ciphertext",
                "Use signed or unsigned attributes in it, or filter the items that you have read",
            )
    return None


def beacon_objection(
    expression: "ConditionExpression", names: Names, compiled: "CompiledSearch | None"
) -> Objection | None:
    """Return why a condition cannot use a beacon or virtual field; None if it uses none.

    Args:
        expression: A condition, or a filter whose matches nothing corrects.
        names: The request's ExpressionAttributeNames.
        compiled: The table's beacons, if it has a search configuration.
    """
    if compiled is None:
        return None
    for path in expression.paths:
        needs_value = path in expression.value_paths
        objection = _beacon_objection(path, names, compiled, needs_value=needs_value)
        if objection is not None:
            return objection
    return None


def _beacon_objection(
    path: "Path", names: Names, compiled: "CompiledSearch", *, needs_value: bool
) -> Objection | None:
    """Return why a beacon or virtual field cannot be used; None for any other path."""
    name = path.root(names)
    beacon = compiled.beacon(name)
    prefix = hashes.BEACON_PREFIX
    stored = compiled.beacon(name.removeprefix(prefix)) if name.startswith(prefix) else None
    if stored is not None:
        is_allowed = not needs_value
    elif isinstance(beacon, standard.CompiledStandardBeacon) and beacon.is_over_attribute(name):
        is_allowed = True  # the name means the encrypted attribute here
    elif beacon is not None:
        is_allowed = beacon.attribute == name  # a signed beacon, which is an attribute in the clear
    else:
        is_allowed = name not in compiled.virtual_fields
    if is_allowed:
        return None
    return Objection(
        f"uses the {'virtual field' if beacon is stored is None else 'beacon'} {name!r}",
        "DynamoDB could only compare a hash, which other values can share, and nothing would correct its "
        "answer",
        "Use signed or unsigned attributes in it, or whether the encrypted attribute itself exists",
    )


def projection_objection(
    paths: "Iterable[Path]", names: Names, is_encrypted: Callable[[str], bool]
) -> Objection | None:
    """Return why DynamoDB cannot return what a projection names; None if it can."""
    for path in paths:
        name = path.root(names)
        if len(path.steps) > 1 and is_encrypted(name):
            return Objection(
                f"needs a part of {name!r}",
                "that attribute is encrypted and DynamoDB has only its ciphertext",
                "Leave out the projection and pick the part from the result",
            )
    return None


def update_objection(
    update: "UpdateExpression", names: Names, find_action: Callable[[str], CryptoAction | None]
) -> Objection | None:
    """Return why an update would leave an item that cannot be read; None if it would not.

    Args:
        update: The update expression.
        names: The request's ExpressionAttributeNames.
        find_action: Returns the action of an attribute, or None if it has none.
    """
    for path in update.paths:
        name = path.root(names)
        action = find_action(name)
        if name.startswith(RESERVED_PREFIX):
            return reserved_objection(name)
        if action is None:
            return Objection(
                f"touches {name!r}",
                "that attribute has no action, so a put with it would be refused as well",
                f"Correct the name, or give {name!r} an action",
            )
        if action is not CryptoAction.DO_NOTHING:
            return Objection(
                f"touches {name!r}",
                "that attribute is signed, and an update in place would leave the signature as it was",
                "Set update_mode=UpdateMode.READ_MODIFY_WRITE, which reads the item, changes it and writes "
                "it, or configure the attribute as unsigned",
            )
    return None


def plaintext_update_objection(update: "UpdateExpression", names: Names) -> Objection | None:
    """Return why an update is refused where items are written as plaintext; None if it is not."""
    touched = (path.root(names) for path in update.paths)
    reserved = next((name for name in touched if name.startswith(RESERVED_PREFIX)), None)
    return None if reserved is None else reserved_objection(reserved)


def reserved_objection(name: str) -> Objection:
    """Return why an update of an attribute with the reserved prefix is refused."""
    return Objection(
        f"touches {name!r}",
        f"the prefix {RESERVED_PREFIX!r} is reserved for encrypted items",
        "Give the attribute another name",
    )


def unused_values(request: Mapping[str, Any]) -> list[str]:
    """Return the values that a request, or an action of a transaction, has and does not use.

    Raises:
        UnsupportedOperationError: DynamoDB would refuse an expression's grammar or size.
        TypeError: the values are not a mapping.
    """
    values: object = request["ExpressionAttributeValues"]
    if not isinstance(values, Mapping):
        raise TypeError("ExpressionAttributeValues is not a mapping")
    used: set[str] = set()
    for parameter in _CONDITIONS:
        text = request.get(parameter)
        if text:
            used.update(value.name for value in expressions.parse_condition(text, parameter).values)
    update = request.get("UpdateExpression")
    if update:
        used.update(value.name for value in expressions.parse_update(update, "UpdateExpression").values)
    return [name for name in cast("Mapping[str, Any]", values) if name not in used]
