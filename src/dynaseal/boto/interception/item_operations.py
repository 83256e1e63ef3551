"""What is done with one item's part of a request: the same in a call of its own and in a transaction."""

from typing import Any

from dynaseal.boto.interception.configured_table import ConfiguredTable, Message
from dynaseal.boto.interception.replies import SentPart
from dynaseal.boto.interception.update_conditions import (
    explain_failure,
    require_encrypted_item,
    require_plaintext_item,
)
from dynaseal.core.header import HEADER_NAME
from dynaseal.errors import DecryptError

_WRITTEN = "The write itself was made: do not repeat it because of this error"


def put(table: ConfiguredTable, operation: str, part: Message) -> dict[str, Any]:
    """Check the condition and encrypt the item."""
    with_keys = table.with_surrogate_keys(operation, part)
    table.check_condition(operation, with_keys)
    table.check_values(operation, part)
    return {**with_keys, "Item": table.write(part["Item"])}


def update(table: ConfiguredTable, operation: str, part: Message) -> dict[str, Any]:
    """Check that the update and its condition need nothing that is encrypted or signed.

    It is sent on condition that the item is encrypted, unless the table may have others; where items are
    written as plaintext, on condition that it is not, if the update would make it unreadable.
    """
    with_keys = table.with_surrogate_keys(operation, part)
    table.check_update(operation, with_keys)
    table.check_condition(operation, with_keys)
    table.check_values(operation, part)
    if table.holds_encrypted_items_only:
        return require_encrypted_item(with_keys)
    if table.writes_plaintext and table.harms_encrypted_items(with_keys):
        return require_plaintext_item(with_keys)
    return dict(with_keys)


def check(table: ConfiguredTable, operation: str, part: Message) -> dict[str, Any]:
    """Check the condition of a deletion or of a condition check."""
    with_keys = table.with_surrogate_keys(operation, part)
    table.check_condition(operation, with_keys)
    table.check_values(operation, part)
    return dict(with_keys)


def get(table: ConfiguredTable, operation: str, part: Message) -> dict[str, Any]:
    """Check the projection."""
    table.check_read(operation, part)
    return dict(table.with_surrogate_keys(operation, part))


def returned_item(table: ConfiguredTable, part: SentPart, reply: Message) -> dict[str, Any]:
    """Decrypt the item that GetItem found, or that an error returns."""
    return table.read_member(reply, "Item", part)


def refused_item(table: ConfiguredTable, part: SentPart, reply: Message) -> dict[str, Any]:
    """Decrypt the item that a failed condition returns; report one that cannot be read where others are.

    So a caller that asked for such reports sees that the condition failed.
    """
    if table.reports_unreadable:
        return table.read_after_write(reply, "Item", part)
    return returned_item(table, part, reply)


def failed_update(table: ConfiguredTable, part: SentPart, reply: Message) -> dict[str, Any]:
    """Decrypt the item that an update's error returns, and explain a condition that this library added."""
    error = explain_failure(table, part, reply["Error"], reply.get("Item"))
    if error is reply["Error"] or HEADER_NAME in (reply.get("Item") or {}):
        return refused_item(table, part, {**reply, "Error": error})
    # An item that is not encrypted is not returned: nothing of it can be verified.
    return {**{name: member for name, member in reply.items() if name != "Item"}, "Error": error}


def returned_attributes(table: ConfiguredTable, part: SentPart, reply: Message) -> dict[str, Any]:
    """Decrypt the whole old item that a write returns."""
    return _read_after_write(table, part, reply)


def updated_attributes(table: ConfiguredTable, part: SentPart, reply: Message) -> dict[str, Any]:
    """Decrypt the attributes that an update returns if they are the whole item; others must be unsigned.

    Where items are written as plaintext, they may also be parts of an item that was never encrypted.

    Raises:
        DecryptError: signed attributes were returned without the rest of the item, which cannot be verified.
    """
    if part.caller_request.get("ReturnValues") in ("ALL_OLD", "ALL_NEW"):
        return _read_after_write(table, part, reply)
    attributes: Message = reply.get("Attributes") or {}
    refused = table.find_unreadable(attributes)
    if refused is not None:
        raise DecryptError(
            f"UpdateItem on the table {table.name!r} returned the signed attribute {refused!r} "
            "without the rest of its item",
            hint=f"Ask for ALL_NEW or ALL_OLD. {_WRITTEN}",
        )
    return dict(reply)


def _read_after_write(table: ConfiguredTable, part: SentPart, reply: Message) -> dict[str, Any]:
    try:
        return table.read_after_write(reply, "Attributes", part)
    except DecryptError as error:
        error.hint = f"{error.hint}. {_WRITTEN}" if error.hint else _WRITTEN
        raise
