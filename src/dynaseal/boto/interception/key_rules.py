"""What a request shows to be wrong about keys before it is sent.

DynamoDB refuses such a request too, in words that do not say which name is wrong, and after it has seen the
values. The functions are pure: they say what is wrong and why.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from dynaseal.boto.interception.expression_rules import Objection
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME

INDEX_KEY_HINT = (
    "The keys of an index cannot be encrypted, not by a default action either: give the attribute the action "
    "SIGN_ONLY in attribute_actions and write its items again, or index a beacon over it"
)
_MISMATCH = "Type mismatch for Index Key"
_HINT = "Give exactly these; if the table has other keys, correct partition_key_name and sort_key_name"


def key_objection(given: Collection[str], expected: Collection[str]) -> Objection | None:
    """Return why the attributes of a primary key are not the configured ones; None if they are."""
    missing = [name for name in expected if name not in given]
    others = [name for name in given if name not in expected]
    parts = [f"without {_listed(missing)}"] if missing else []
    parts += [f"with {_listed(others)}"] if others else []
    if not parts:
        return None
    return Objection(f"has a Key {' and '.join(parts)}", _reason(expected), _HINT)


def key_condition_objection(other: str, expected: Collection[str]) -> Objection:
    """Return why a key condition of the table itself may not use an attribute that is not its key.

    Args:
        other: The attribute.
        expected: The names of the table's key attributes.
    """
    return Objection(
        f"uses {other!r}",
        f"without an IndexName it may use the table's keys only, and {_reason(expected)}",
        f"Pass the IndexName of an index on {other!r}, or move that part into the FilterExpression",
    )


def partial_item_objection(projected: Collection[str], key_names: Collection[str]) -> Objection | None:
    """Return why no item that a projection returns can be verified; None if one could be.

    Args:
        projected: The attributes that it returns whole.
        key_names: The names of the table's key attributes.
    """
    needed = (*key_names, HEADER_NAME, FOOTER_NAME)
    missing = [name for name in needed if name not in projected]
    if not missing:
        return None
    return Objection(
        f"leaves out {_listed(missing)}",
        "only whole items can be verified, so every item that it returns would be refused",
        "Leave out the projection, and pick the attributes from the result",
    )


def with_index_key_hint(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an error's reply, with a hint where DynamoDB refused an encrypted attribute as an index's key.

    Ciphertext is binary. DynamoDB's words are kept; it says which type it found, DynamoDB Local does not.
    """
    reasons = reply.get("CancellationReasons")
    hinted = {**reply, "Error": _with_hint(reply["Error"])}
    return hinted if not reasons else {**hinted, "CancellationReasons": list(map(_with_hint, reasons))}


def _with_hint(error: Mapping[str, Any]) -> Mapping[str, Any]:
    message = str(error.get("Message"))
    if _MISMATCH not in message or ("Actual: " in message and "Actual: B" not in message):
        return error
    return {**error, "Message": f"{message} ({INDEX_KEY_HINT})"}


def _reason(expected: Collection[str]) -> str:
    noun = "key attribute is" if len(expected) == 1 else "key attributes are"
    return f"the configured {noun} {_listed(expected)}"


def _listed(names: Iterable[str]) -> str:
    return " and ".join(map(repr, names))
