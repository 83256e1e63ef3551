"""The plan of a TransactWriteItems that may update signed attributes, without I/O.

- An update of unsigned attributes is sent as it is, on condition that there is an encrypted item. If there is
  none, it is made like the others.
- The items of the others are read with one TransactGetItems. Each update is evaluated, applied and encrypted,
  and becomes a write in the same transaction, on condition that nothing of what was read has changed. The
  other actions are sent as in any transaction.
- If one of them is refused here, DynamoDB still decides about the other actions, so that the cancellation
  has all reasons: the transaction is sent with an update that always fails in the place of the refused one.
- The whole is repeated only if nothing but these conditions, or other transactions, stood in its way.
- A ClientRequestToken is refused: whether a repeated request was made already could not be told, since what
  it would write depends on what it reads.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
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
    Consumption,
    DynamoDbCall,
    Pause,
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
        updates: The updates of tables whose signed attributes may be updated, with their tables, by their
            position.
        sent_request: The transaction to send; at the positions of these updates its entries are replaced.
        finish: Finishes the reply of a transaction that was sent.
        jitter: Returns a random number from 0 to 1, for each pause anew.

    Raises:
        DecryptError: an item does not verify; nothing was written.
        EncryptError: an updated item cannot be encrypted; nothing was written.
        UpdateConflictError: other writers changed the items in every attempt; nothing was written.
    """
    try:
        transaction = _Transaction(
            {at: ItemUpdate(table, part) for at, (table, part) in updates.items()}, sent_request
        )
    except InvalidExpressionError as error:
        return error_reply("ValidationException", error.dynamodb_message)
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            yield pause_before(attempt, jitter)
        error = yield from transaction.read()
        if error is not None:
            if error_code(error) == _CANCELLED and _only(error, {_CONFLICT}):
                continue
            return dict(error)
        refusal = transaction.refusal()
        if refusal is not None:
            return dict(finish(refusal))
        reply = yield DynamoDbCall(_OPERATION, transaction.request())
        if error_code(reply) is None:
            return transaction.made(finish(reply))
        if error_code(reply) != _CANCELLED:
            return dict(finish(reply))
        if not transaction.may_succeed_after(reply):
            return dict(finish(transaction.for_caller(reply)))
    table_name = next(iter(updates.values()))[0].name
    raise UpdateConflictError(table_name, _OPERATION, MAX_ATTEMPTS)


class _Transaction:
    """One transaction in progress.

    Args:
        updates: Its updates that may have to be made here, by position.
        sent_request: The transaction to send, without these updates.
    """

    def __init__(self, updates: Mapping[int, ItemUpdate], sent_request: Message) -> None:
        self._sent_request = sent_request
        self._entries: list[Any] = list(sent_request["TransactItems"])
        self._straight: dict[int, ItemUpdate] = {}
        self._read: dict[int, ItemUpdate] = {}
        self._refused: dict[int, Message] = {}
        self._consumption = Consumption()
        for at, update in updates.items():
            request = update.straight_request()
            if request is None:
                self._read[at] = update
            else:
                self._straight[at] = update
                self._entries[at] = {"Update": request}

    def request(self) -> dict[str, Any]:
        """Return the transaction to send."""
        return {**self._sent_request, "TransactItems": list(self._entries)}

    def read(self) -> Generator[DynamoDbCall | Pause, Message, Message | None]:
        """Read the items that have to be read, and prepare their writes; return an error if there is one."""
        if not self._read:
            return None
        reads: dict[str, Any] = {
            "TransactItems": [{"Get": update.key_request()} for update in self._read.values()]
        }
        if "ReturnConsumedCapacity" in self._sent_request:
            reads["ReturnConsumedCapacity"] = self._sent_request["ReturnConsumedCapacity"]
        reply = yield DynamoDbCall("TransactGetItems", reads)
        if "Error" in reply:
            return reply
        self._consumption.add(reply)
        self._refused.clear()
        for (at, update), response in zip(self._read.items(), reply["Responses"], strict=True):
            prepared = _prepared(update, response.get("Item") or None)
            if isinstance(prepared, Prepared):
                self._entries[at] = update.transaction_entry(prepared)
            else:
                self._refused[at] = prepared
                self._entries[at] = {"Update": update.request_that_fails()}
        return None

    def refusal(self) -> dict[str, Any] | None:
        """Return the cancellation of a transaction of which every action is decided here, or None."""
        if not self._refused or len(self._read) < len(self._entries):
            return None
        reasons = [self._refused.get(at, _NONE) for at in range(len(self._entries))]
        return {**error_reply(_CANCELLED, ""), **_cancellation(reasons)}

    def made(self, reply: Message) -> dict[str, Any]:
        """Return the reply of the transaction that was made, with the capacity of all calls."""
        self._consumption.add(reply)
        return self._consumption.in_transaction_reply(dict(reply))

    def may_succeed_after(self, reply: Message) -> bool:
        """Return whether the transaction may succeed when it is repeated, after a cancellation.

        It may if only conditions that were added here, and writes of others, stood in its way. Updates that
        found no item are read from now on, so that they create it.
        """
        reasons = _reasons(reply)
        absent = [
            at
            for at, update in self._straight.items()
            if reasons and _code(reasons[at]) == _FALSE and update.is_without_item(reasons[at].get("Item"))
        ]
        added = {*self._read, *absent}
        if self._refused or not reasons:
            return False
        if not all(
            _code(reason) in ("None", _CONFLICT) or (_code(reason) == _FALSE and at in added)
            for at, reason in enumerate(reasons)
        ):
            return False
        for at in absent:
            self._read[at] = self._straight.pop(at)
        return True

    def for_caller(self, reply: Message) -> dict[str, Any]:
        """Return a cancellation in which the conditions that were added here are not seen."""
        reasons = [self._for_caller(at, reason) for at, reason in enumerate(_reasons(reply))]
        return {**reply, **_cancellation(reasons)} if reasons else dict(reply)

    def _for_caller(self, at: int, reason: Message) -> Message:
        update = self._straight.get(at)
        if _code(reason) != _FALSE:
            return reason
        if at in self._read:
            conflict = {"Code": _CONFLICT, "Message": "Transaction is ongoing for the item"}
            return self._refused.get(at, conflict)
        if update is None or (reason.get("Item") and update.returns_item_on_failure):
            return reason
        if not reason.get("Item") and update.is_made_without_item():
            return _NONE
        return {name: member for name, member in reason.items() if name != "Item"}


def _prepared(update: ItemUpdate, stored: Any) -> Prepared | Message:
    """Return the write of one update, or the reason for which DynamoDB would cancel the transaction."""
    try:
        prepared = update.prepare(stored)
    except InvalidExpressionError as error:
        return {"Code": "ValidationError", "Message": error.dynamodb_message}
    if prepared is not None:
        return prepared
    item = {"Item": stored} if stored and update.returns_item_on_failure else {}
    return {"Code": _FALSE, "Message": "The conditional request failed", **item}


def _cancellation(reasons: Sequence[Message]) -> dict[str, Any]:
    """Return the members of a cancelled transaction's reply that depend on the reasons."""
    codes = ", ".join(map(_code, reasons))
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    return {
        "Error": {"Code": _CANCELLED, "Message": message},
        "Message": message,
        "CancellationReasons": list(reasons),
    }


def _reasons(reply: Message) -> Sequence[Message]:
    return reply.get("CancellationReasons") or ()


def _code(reason: Message) -> str:
    return str(reason.get("Code", "None"))


def _only(reply: Message, codes: set[str]) -> bool:
    return {_code(reason) for reason in _reasons(reply)} <= {*codes, "None"}
