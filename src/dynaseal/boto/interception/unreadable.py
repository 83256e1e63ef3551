"""Items of a reply that do not verify: raised for the whole reply, or reported beside those that do.

What is reported is the member `UnreadableItems` of the reply, a list of dicts with `Key`, `TableName` and
`Error`. Query, Scan and BatchGetItem have it where the table's configuration says so; a reply to a write that
was made has it always, because an error would look as if the write had failed.
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NoReturn, TypedDict, cast

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.attributes import Item
from dynaseal.errors import DecryptError

UNREADABLE_ITEMS = "UnreadableItems"

_logger = logging.getLogger("dynaseal")


class UnreadableItem(TypedDict):
    """An item of a reply that does not verify, as the reply lists it.

    Attributes:
        Key: Its key, in the caller's form: wire values or Python values.
        TableName: The table, as the request names it.
        Error: Why it cannot be read; a `DecryptError`, but for the reply to a write possibly another one.
    """

    Key: dict[str, Any]
    TableName: str
    Error: Exception


def unreadable_items(reply: Mapping[str, object]) -> list[UnreadableItem]:
    """Return the items that a reply, a page or a paginator's full result lists as unreadable.

    It is `reply["UnreadableItems"]`, empty where the reply has no such member, for code that is checked with
    boto3-stubs, whose types do not have it.

    Example:
        >>> unreadable_items({"Items": []})
        []
    """
    return cast("list[UnreadableItem]", reply.get(UNREADABLE_ITEMS) or [])


def key_attributes(names: Iterable[str], item: Item) -> dict[str, Any]:
    """Return the key of an item, or of a part of one, which may lack some of its attributes."""
    return {name: item[name] for name in names if name in item}


def is_refusal_of_keys(error: DecryptError) -> bool:
    """Return whether an item cannot be read because KMS refused a call or could not be called.

    The item itself may be sound, and a call for each further item of the reply would probably fail as well.
    """
    causes = (error, error.__cause__, *getattr(error, "causes", ()))
    return any(isinstance(cause, (BotoCoreError, ClientError)) for cause in causes)


def raise_first(
    unreadable: Sequence[UnreadableItem],
    *,
    verified: int,
    returned: int,
    last_evaluated_key: Mapping[str, Any] | None = None,
) -> NoReturn:
    """Raise the error of the first item that does not verify, with what a caller needs to go on.

    Raises:
        DecryptError: always.
    """
    error = unreadable[0]["Error"]
    if isinstance(error, DecryptError):
        error.verified_items = verified
        error.returned_items = returned
        error.last_evaluated_key = last_evaluated_key
    raise error


def with_unreadable(
    reply: Mapping[str, Any], operation: str, unreadable: Collection[UnreadableItem], returned: int
) -> dict[str, Any]:
    """Return a reply with the member that lists its unreadable items, and log how many there are and why.

    Args:
        reply: The reply to the caller without these items.
        operation: The operation's name.
        unreadable: The items that do not verify; may be empty.
        returned: How many items DynamoDB returned.
    """
    if unreadable:
        _log(operation, unreadable, returned)
    for each in unreadable:
        _remove_frames(each["Error"])
    return {**reply, UNREADABLE_ITEMS: list(unreadable)}


def with_converted_keys(reply: Mapping[str, Any], convert: Callable[[Item], Any]) -> dict[str, Any]:
    """Return a reply whose unreadable items have their keys in another form, such as Python values."""
    listed = [{**each, "Key": convert(each["Key"])} for each in reply[UNREADABLE_ITEMS]]
    return {**reply, UNREADABLE_ITEMS: listed}


def _log(operation: str, unreadable: Collection[UnreadableItem], returned: int) -> None:
    tables = ", ".join(sorted({repr(each["TableName"]) for each in unreadable}))
    reasons = Counter(_reason(each["Error"]) for each in unreadable)
    _logger.warning(
        "%s on the table %s: %d of %d items cannot be read: %s. The reply lists them in %s",
        operation,
        tables,
        len(unreadable),
        returned,
        ", ".join(f"{count} {reason}" for reason, count in reasons.most_common()),
        UNREADABLE_ITEMS,
        extra={
            "dynaseal_event": "unreadable-items",
            "dynaseal_operation": operation,
            "dynaseal_tables": sorted({each["TableName"] for each in unreadable}),
            "dynaseal_unreadable": len(unreadable),
            "dynaseal_returned": returned,
            "dynaseal_reasons": dict(reasons),
        },
    )


def _reason(error: Exception) -> str:
    """Return the class of an error, and for a refused call AWS's code: messages may have keys of items."""
    response: Mapping[str, Any] = getattr(error, "response", {})
    code = response.get("Error", {}).get("Code")
    return type(error).__name__ + (f" ({code})" if code else "")


def _remove_frames(error: Exception) -> None:
    """Remove the tracebacks of an error and of all that led to it.

    Their frames would keep keys and items in memory with the reply.
    """
    seen: set[int] = set()
    pending: list[BaseException | None] = [error]
    while pending:
        linked = pending.pop()
        if linked is None or id(linked) in seen:
            continue
        seen.add(id(linked))
        linked.__traceback__ = None
        pending += (linked.__cause__, linked.__context__, *getattr(linked, "causes", ()))
