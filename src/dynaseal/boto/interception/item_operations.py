"""What is done with one item's part of a request: the same in a call of its own and in a transaction."""

from typing import Any

from dynaseal.boto.interception.pipeline import Message, TablePipeline
from dynaseal.errors import DecryptError


def put(pipeline: TablePipeline, operation: str, part: Message) -> dict[str, Any]:
    """Check the condition and encrypt the item."""
    with_keys = pipeline.with_surrogate_keys(operation, part)
    pipeline.check_condition(operation, with_keys)
    return {**with_keys, "Item": pipeline.write(part["Item"])}


def update(pipeline: TablePipeline, operation: str, part: Message) -> dict[str, Any]:
    """Check that the update and its condition ask nothing of what is encrypted or signed."""
    with_keys = pipeline.with_surrogate_keys(operation, part)
    pipeline.check_update(operation, with_keys)
    pipeline.check_condition(operation, with_keys)
    return dict(with_keys)


def check(pipeline: TablePipeline, operation: str, part: Message) -> dict[str, Any]:
    """Check the condition of a deletion or of a condition check."""
    with_keys = pipeline.with_surrogate_keys(operation, part)
    pipeline.check_condition(operation, with_keys)
    return dict(with_keys)


def get(pipeline: TablePipeline, operation: str, part: Message) -> dict[str, Any]:
    """Check what is asked for."""
    pipeline.check_read(operation, part)
    return dict(pipeline.with_surrogate_keys(operation, part))


def returned_item(pipeline: TablePipeline, request: Message, reply: Message) -> dict[str, Any]:
    """Decrypt the item that GetItem found."""
    return pipeline.read_member(reply, "Item", request)


def returned_attributes(pipeline: TablePipeline, request: Message, reply: Message) -> dict[str, Any]:
    """Decrypt the whole old item that a write returns."""
    return pipeline.read_member(reply, "Attributes", request)


def updated_attributes(pipeline: TablePipeline, request: Message, reply: Message) -> dict[str, Any]:
    """Decrypt what an update returns if it is the whole item; a part of it must be unsigned.

    Raises:
        DecryptError: a part came back that is signed, which nothing can verify.
    """
    if request.get("ReturnValues") in ("ALL_OLD", "ALL_NEW"):
        return pipeline.read_member(reply, "Attributes", request)
    attributes: Message = reply.get("Attributes") or {}
    signed = sorted(filter(pipeline.is_signed, attributes))
    if signed:
        raise DecryptError(
            f"UpdateItem on the table {pipeline.table_name!r} returned the signed attribute {signed[0]!r} "
            "without the rest of its item",
            hint="Ask for ALL_NEW or ALL_OLD",
        )
    return dict(reply)
