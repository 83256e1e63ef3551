"""The conditions that keep an update from making an item that no reader accepts.

- UpdateItem creates an item where there is none. Made of unsigned attributes only, it would be an unencrypted
  item. So the update is sent on condition that the item has a header:
  `(<the caller's condition>) AND attribute_exists(aws_dbe_head)`, or the second part alone.
- Where items are written as plaintext, an update may change what is signed in an encrypted item. So it is
  sent on condition that the item has no header.
"""

from typing import TYPE_CHECKING, Any

from dynaseal.boto.interception.configured_table import ConfiguredTable
from dynaseal.boto.interception.replies import Message, SentPart
from dynaseal.core.header import HEADER_NAME
from dynaseal.core.lazy import LazyModule

if TYPE_CHECKING:
    from dynaseal.expressions import tokens
else:
    tokens = LazyModule("dynaseal.expressions.tokens")

CONDITION = "ConditionExpression"
_IS_ENCRYPTED = f"attribute_exists({HEADER_NAME})"
_IS_NOT_ENCRYPTED = f"attribute_not_exists({HEADER_NAME})"
_CODES = frozenset({"ConditionalCheckFailedException", "ConditionalCheckFailed"})


def with_requirement(condition: str | None, requirement: str) -> str:
    """Return a condition that is true where the caller's, if there is one, and a requirement are.

    An empty one stays empty.

    Example:
        >>> with_requirement("a = :v OR b = :v", "attribute_exists(c)")
        '(a = :v OR b = :v) AND attribute_exists(c)'
        >>> with_requirement("(a = :v)", "attribute_exists(c)")
        '(a = :v) AND attribute_exists(c)'
    """
    if condition is None:
        return requirement
    if not condition:
        return condition  # DynamoDB refuses an empty condition; without it, the update would be made
    # DynamoDB refuses a second pair of brackets around a condition as redundant.
    bracketed = condition if tokens.is_in_brackets(condition, CONDITION) else f"({condition})"
    return f"{bracketed} AND {requirement}"


def require_encrypted_item(part: Message) -> dict[str, Any]:
    """Return an update on condition that it changes an encrypted item."""
    return {**part, CONDITION: with_requirement(part.get(CONDITION), _IS_ENCRYPTED)}


def require_plaintext_item(part: Message) -> dict[str, Any]:
    """Return an update on condition that it does not change an encrypted item."""
    return {**part, CONDITION: with_requirement(part.get(CONDITION), _IS_NOT_ENCRYPTED)}


def explain_failure(table: ConfiguredTable, part: SentPart, error: Message, returned: Any) -> Message:
    """Return the error of an update whose condition was false, with the reason where it may be the added one.

    Args:
        table: The table.
        part: The update.
        error: DynamoDB's error: its code and message.
        returned: The item that the error came with, if there is one.
    """
    if error.get("Code") not in _CODES:
        return error
    sent, is_encrypted = part.sent_request.get(CONDITION, ""), HEADER_NAME in (returned or {})
    if _IS_ENCRYPTED in sent and not is_encrypted:
        reason = _why_not_created(table, part)
    elif _IS_NOT_ENCRYPTED in sent and (is_encrypted or not _returns_item(part)):
        reason = _why_not_changed(table, part)
    else:
        return error
    return {**error, "Message": f"{error.get('Message', 'The conditional request failed')}: {reason}"}


def _why_not_created(table: ConfiguredTable, part: SentPart) -> str:
    current = "" if table.config.legacy is None else " of the current format"
    missing = _cause(part, f"the table {table.name!r} has no encrypted item{current} with this key")
    reason = (
        f"{missing}. An update does not create unencrypted items: with update_mode="
        "UpdateMode.READ_MODIFY_WRITE it creates an encrypted one; or put the item first"
    )
    if current:
        reason = f"{reason}. With that mode it also updates an item of the older format"
    return reason


def _why_not_changed(table: ConfiguredTable, part: SentPart) -> str:
    encrypted = _cause(part, f"the item with this key in the table {table.name!r} is encrypted")
    return (
        f"{encrypted}. This update would make it unreadable: with update_mode=UpdateMode.READ_MODIFY_WRITE "
        "it is read, changed and written as plaintext"
    )


def _cause(part: SentPart, cause: str) -> str:
    """Return the cause of a failure, with the caller's condition beside it where that may be the cause."""
    if part.caller_request.get(CONDITION) and not _returns_item(part):
        return f"the condition of the request is false, or {cause}"
    return cause


def _returns_item(part: SentPart) -> bool:
    """Return whether DynamoDB returns the item for which a condition was false."""
    return part.sent_request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
