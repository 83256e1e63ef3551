"""The attributes that an update returns: DynamoDB's `ReturnValues`.

- ALL_OLD and ALL_NEW are the whole item before and after.
- UPDATED_OLD and UPDATED_NEW are the updated paths that had a value before, or have one after. For a path of
  map members only that member is returned, inside its maps; for one with a list index, the whole attribute.
- A path of an element that was removed has a value after if a later element has moved up to it.
- Where nothing is left, nothing is returned: a reply without `Attributes`.

Source: what AWS, DynamoDB Local and ministack return. DynamoDB Local returns the whole attribute for every
nested path. AWS returns only the elements of a list that were updated, where both others return all of it.
"""

from collections.abc import Mapping
from typing import Any

from dynaseal.attributes import AttributeValue, Item
from dynaseal.expressions.operators import find
from dynaseal.expressions.tree import Path
from dynaseal.expressions.update import UpdateExpression


def returned_attributes(
    return_values: str,
    before: Item | None,
    after: Item,
    update: UpdateExpression | None,
    names: Mapping[str, str] | None = None,
) -> dict[str, Any] | None:
    """Return the attributes that an update returns, or None if its reply has none.

    Args:
        return_values: The request's ReturnValues.
        before: The item before the update; None if there was none.
        after: The item after it.
        update: The compiled update; None if the request had none.
        names: The request's ExpressionAttributeNames.

    Example:
        >>> from dynaseal.expressions import parse_update
        >>> before, after = {"n": {"N": "1"}, "s": {"S": "x"}}, {"n": {"N": "2"}, "s": {"S": "x"}}
        >>> returned_attributes("UPDATED_NEW", before, after, parse_update("ADD n :one"))
        {'n': {'N': '2'}}
    """
    if return_values in ("ALL_OLD", "ALL_NEW"):
        item = before if return_values == "ALL_OLD" else after
        return dict(item) if item else None
    if return_values not in ("UPDATED_OLD", "UPDATED_NEW") or update is None:
        return None
    item = (before or {}) if return_values == "UPDATED_OLD" else after
    result: dict[str, Any] = {}
    for path in updated_paths(update):
        steps = tuple((names or {}).get(step, step) if isinstance(step, str) else step for step in path.steps)
        value = find(item, steps)
        if value is not None:
            _add(result, steps, value, item)
    return result or None


def updated_paths(update: UpdateExpression) -> list[Path]:
    """Return the paths that an update writes or removes."""
    written = [path for path, _ in (*update.sets, *update.adds, *update.deletes)]
    return [*written, *update.removes]


def _add(result: dict[str, Any], steps: tuple[str | int, ...], value: AttributeValue, item: Item) -> None:
    root = str(steps[0])
    if any(isinstance(step, int) for step in steps):
        result[root] = item[root]
        return
    # An attribute that a path with an index has put there whole has this member as well.
    if result.get(root) is item[root]:
        return
    members = result
    for step in steps[:-1]:
        members = members.setdefault(str(step), {"M": {}})["M"]
    members[str(steps[-1])] = value
