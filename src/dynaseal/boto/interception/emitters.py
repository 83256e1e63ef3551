"""What is needed of botocore's event emitters and has no public interface.

An emitter keeps handlers in a tree by the parts of an event's name, in three lists per node (first, middle,
last), and those that were registered with a unique id in a dict as well. botocore's own copies of an emitter
rely on the same attributes.

Source: botocore's `hooks.py` (`EventAliaser`, `HierarchicalEmitter`, `_PrefixTrie`).
"""

from collections.abc import Mapping
from typing import Any


def has_handler(emitter: Any, unique_id: str) -> bool:
    """Return whether a handler is registered under a unique id."""
    return unique_id in unique_ids(emitter)


def unique_ids(emitter: Any) -> Mapping[str, Any]:
    """Return the unique ids under which handlers are registered, at any later time too."""
    return _hierarchical(emitter).__dict__["_unique_id_handlers"]


def register_in_place(emitter: Any, event: str, handler: Any, unique_id: str) -> None:
    """Register a handler under a unique id; it takes the place of the one that has the id already, if any.

    Args:
        emitter: The emitter.
        event: The event's name, such as `after-call.dynamodb`.
        handler: The handler.
        unique_id: The id.
    """
    handlers: dict[str, Any] = _hierarchical(emitter).__dict__["_unique_id_handlers"]
    entry = handlers.get(unique_id)
    if entry is None:
        emitter.register(event, handler, unique_id=unique_id)
    else:
        replace_handler(emitter, event, entry["handler"], handler)
        handlers[unique_id] = {**entry, "handler": handler}  # a copied emitter shares the old entry


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
