"""The plan of a TransactWriteItems with updates of signed attributes, without I/O.

- The items of all such updates are read with one TransactGetItems. Each update is evaluated, applied and
  encrypted, and becomes a write in the same transaction, on condition that nothing of what was read has
  changed. The other actions are sent as in any transaction.
- The whole is repeated only if nothing but these conditions, or other transactions, stood in its way.
- A ClientRequestToken is refused: whether a repeated request was made already could not be told, since what
  it would write depends on what it reads.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dynaseal.boto.interception.replies import Message
from dynaseal.boto.interception.tables import ConfiguredTable
from dynaseal.boto.interception.updates.errors import UpdateConflictError
from dynaseal.boto.interception.updates.plan import (
    MAX_ATTEMPTS,
    ItemUpdate,
    Prepared,
    pause_before,
)
from dynaseal.boto.interception.updates.steps import (
    DynamoDbCall,
    Steps,
    error_code,
    error_reply,
)
from dynaseal.expressions.refusals import InvalidExpressionError

_OPERATION = "TransactWriteItems"
_CANCELLED = "TransactionCanceledException"
_FALSE = "ConditionalCheckFailed"
_CONFLICT = "TransactionConflict"
_NONE = {"Code": "None"}


def transaction_plan(
    updates: Mapping[int, tuple[ConfiguredTable, Message]],
    sent_request: Message,
    finish: Callable[[Message], Message],
    jitter: Callable[[], float],
) -> Steps:
    """Return the plan of a transaction.

    Args:
        updates: The updates of signed attributes, with their tables, by their position.
        sent_request: The transaction to send; at the positions of these updates its entries are replaced.
        finish: Finishes the reply of a transaction whose updates were made.
        jitter: Returns a random number from 0 to 1, for each pause anew.

    Raises:
        DecryptError: an item does not verify; nothing was written.
        EncryptError: an updated item cannot be encrypted; nothing was written.
        UpdateConflictError: other writers changed the items in every attempt; nothing was written.
    """
    try:
        pending = {at: ItemUpdate(table, part) for at, (table, part) in updates.items()}
    except InvalidExpressionError as error:
        return error_reply("ValidationException", error.dynamodb_message)
    entries: list[Any] = list(sent_request["TransactItems"])
    table_name = next(iter(updates.values()))[0].name
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            yield pause_before(attempt, jitter)
        reply = yield DynamoDbCall("TransactGetItems", _reads(pending))
        if error_code(reply) == _CANCELLED and _only(reply, {_CONFLICT}):
            continue
        if "Error" in reply:
            return dict(reply)
        found = [response.get("Item") or None for response in reply["Responses"]]
        reasons: dict[int, dict[str, Any]] = {}
        for (at, update), stored in zip(pending.items(), found, strict=True):
            prepared = _prepared(update, stored)
            if isinstance(prepared, Prepared):
                entries[at] = update.transaction_entry(prepared)
            else:
                reasons[at] = prepared
        if reasons:
            return _cancelled([reasons.get(at, _NONE) for at in range(len(entries))])
        reply = yield DynamoDbCall(_OPERATION, {**sent_request, "TransactItems": entries})
        if error_code(reply) != _CANCELLED:
            return dict(finish(reply))
        if not _is_only_ours(reply, pending):
            return dict(finish(_without_our_conditions(reply, pending)))
    raise UpdateConflictError(table_name, _OPERATION, MAX_ATTEMPTS)


def _prepared(update: ItemUpdate, stored: Any) -> Prepared | dict[str, Any]:
    """Return the write of one update, or the reason for which DynamoDB would cancel the transaction."""
    try:
        prepared = update.prepare(stored)
    except InvalidExpressionError as error:
        return {"Code": "ValidationError", "Message": error.dynamodb_message}
    if prepared is not None:
        return prepared
    false = update.condition_is_false(stored)
    item = {"Item": false["Item"]} if "Item" in false else {}
    return {"Code": _FALSE, "Message": "The conditional request failed", **item}


def _reads(pending: Mapping[int, ItemUpdate]) -> dict[str, Any]:
    return {"TransactItems": [{"Get": update.key_request()} for update in pending.values()]}


def _cancelled(reasons: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    codes = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return {**error_reply(_CANCELLED, message), "CancellationReasons": list(reasons)}


def _codes(reply: Message) -> list[str]:
    return [str(reason.get("Code", "None")) for reason in reply.get("CancellationReasons", ())]


def _only(reply: Message, codes: set[str]) -> bool:
    return {code for code in _codes(reply) if code != "None"} <= codes


def _is_only_ours(reply: Message, pending: Mapping[int, ItemUpdate]) -> bool:
    """Return whether a transaction was cancelled by conditions that were added here, or by others' writes."""
    return bool(_codes(reply)) and all(
        code in ("None", _CONFLICT) or (code == _FALSE and at in pending)
        for at, code in enumerate(_codes(reply))
    )


def _without_our_conditions(reply: Message, pending: Mapping[int, ItemUpdate]) -> dict[str, Any]:
    """Return a cancellation in which a condition that was added here is what it means: a conflict."""
    reasons = [
        {"Code": _CONFLICT, "Message": "Transaction is ongoing for the item"}
        if at in pending and reason.get("Code") == _FALSE
        else reason
        for at, reason in enumerate(reply["CancellationReasons"])
    ]
    return {**reply, "CancellationReasons": reasons}
