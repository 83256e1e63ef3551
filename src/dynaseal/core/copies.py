"""Copies of items and requests, for code that lets other code run before it has finished with them."""

from typing import TypeVar, cast

_T = TypeVar("_T")


def copied(value: _T) -> _T:
    """Copy an item or a request: whatever can be changed in place, at every depth.

    What is nested deeper than Python can follow is returned itself: no item can have it, so it is refused.

    Example:
        >>> item = {"tags": {"L": [{"S": "a"}]}}
        >>> taken = copied(item)
        >>> item["tags"]["L"].append({"S": "b"})
        >>> taken
        {'tags': {'L': [{'S': 'a'}]}}
    """
    try:
        return cast("_T", _copied(value))
    except RecursionError:
        return value


def _copied(value: object) -> object:
    # Takes half of the time of copy.deepcopy, which also looks for what occurs twice.
    if isinstance(value, dict):
        entries = cast("dict[object, object]", value)
        return {name: _copied(member) for name, member in entries.items()}
    if isinstance(value, (list, tuple)):
        return [*map(_copied, cast("list[object]", value))]
    return value.copy() if isinstance(value, (set, bytearray)) else value  # pyright: ignore[reportUnknownVariableType] of whatever
