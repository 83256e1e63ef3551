"""Copies of items and requests, which other threads and tasks may change meanwhile."""

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
        # Copied at once first: another thread may add an entry meanwhile.
        entries = dict(cast("dict[object, object]", value))
        for name, member in entries.items():
            entries[name] = _copied(member)
        return entries
    if isinstance(value, (list, tuple)):
        return [*map(_copied, cast("list[object]", value))]
    return value.copy() if isinstance(value, (set, bytearray)) else value  # pyright: ignore[reportUnknownVariableType] of whatever
