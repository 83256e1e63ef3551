"""What is needed of botocore's event emitters and has no public interface.

An emitter keeps handlers in a tree by the parts of an event's name, in three lists per node (first, middle,
last), and those that were registered with a unique id in a dict as well. botocore's own copies of an emitter
rely on the same attributes.

Source: botocore's `hooks.py` (`EventAliaser`, `HierarchicalEmitter`, `_PrefixTrie`).
"""

from typing import Any


def has_handler(emitter: Any, unique_id: str) -> bool:
    """Return whether a handler is registered under a unique id."""
    return unique_id in _hierarchical(emitter).__dict__["_unique_id_handlers"]


def replace_handler(emitter: Any, event: str, old: Any, new: Any) -> None:
    """Put a handler in the place of another one, so that it is called in the same order.

    Args:
        emitter: The emitter; its cache of looked-up handlers is emptied.
        event: The event's name, such as `request-created.dynamodb`.
        old: The handler that is registered for exactly this event.
        new: The handler to call instead.
    """
    hierarchical: Any = _hierarchical(emitter)
    node: Any = hierarchical.__dict__["_handlers"].__dict__["_root"]
    for part in event.split("."):
        node = node["children"][part]
    for handlers in node["values"]:
        handlers[:] = [new if handler == old else handler for handler in handlers]
    hierarchical.__dict__["_lookup_cache"] = {}


def _hierarchical(emitter: Any) -> Any:
    """Return the emitter that has the handlers: that of a client or session only translates names."""
    return getattr(emitter, "_emitter", emitter)
