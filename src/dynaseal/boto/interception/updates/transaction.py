"""The plan of a TransactWriteItems that may update signed attributes, without I/O.

- An update of unsigned attributes is sent as it is, on condition that there is an encrypted item. If there is
  none, it is made like the others.
- The items of the others are read with one TransactGetItems. Each update is evaluated, applied and encrypted,
  and becomes a write in the same transaction, on condition that nothing of what was read has changed. The
  other actions are sent as in any transaction.
- If one of them is refused here, DynamoDB still decides about the other actions, so that the cancellation
  has all reasons: the transaction is sent with an update that always fails in the place of the refused one.
- The whole is repeated only if nothing but these conditions, or other transactions, stood in its way.
- Under a ClientRequestToken of the caller's, each attempt is sent with that token. A caller who repeats the
  transaction sends what was sent last, so DynamoDB answers as it does for the same request, and does not make
  it twice. Another process or client reads again and sends another request, which DynamoDB refuses.
- Two actions on one item are refused before anything is sent, as DynamoDB refuses them.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from dynaseal.boto.interception.configured_table import ConfiguredTable
from dynaseal.boto.interception.idempotency import RepeatableTransaction
from dynaseal.boto.interception.replies import Message, PrimaryKey, key_of_reply
from dynaseal.boto.interception.table_names import table_name
from dynaseal.boto.interception.updates.errors import UpdateConflictError
from dynaseal.boto.interception.updates.plan import (
    ItemUpdate,
    Prepared,
    pause_before,
)
from dynaseal.boto.interception.updates.steps import (
    MAX_ATTEMPTS,
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
_ONE_ITEM = "Transaction request cannot include multiple operations on one item"


def transaction_plan(
    updates: Mapping[int, tuple[ConfiguredTable, Message]],
    sent_request: Message,
    finish: Callable[[Message], Message],
    jitter: Callable[[], float],
    repeatable: RepeatableTransaction | None = None,
) -> Steps:
    """Return the plan of a transaction.

    Args:
        updates: The updates of tables whose signed attributes may be updated, with their tables, by their
            position.
        sent_request: The transaction to send; at the positions of these updates its entries are replaced.
        finish: Finishes the reply of a transaction that was sent.
        jitter: Returns a random number from 0 to 1, for each pause anew.
        repeatable: The transaction under its caller's token; None if it has none.

    Raises:
        DecryptError: an item does not verify; nothing was written.
        EncryptError: an updated item cannot be encrypted; nothing was written.
        UpdateConflictError: other writers changed the items in every attempt; nothing was written.
    """
    try:
        _refuse_two_actions_on_one_item(updates, sent_request)
        transaction = _Transaction(
            {at: ItemUpdate(table, part) for at, (table, part) in updates.items()}, sent_request, repeatable
        )
    except InvalidExpressionError as error:
        return error_reply("ValidationException", error.dynamodb_message)
    is_repeated = transaction.find_sent()
    for attempt in range(MAX_ATTEMPTS):
        if attempt:
            yield pause_before(attempt, jitter)
        # The first attempt of a repeated transaction sends what was sent last, without reading again.
        error = None if is_repeated and not attempt else (yield from transaction.read())
        if error is not None:
            if error_code(error) == _CANCELLED and _only(error, {_CONFLICT}):
                continue
            return dict(error)
        refusal = transaction.refusal()
        if refusal is not None:
            return dict(finish(refusal))
        reply = yield DynamoDbCall(_OPERATION, transaction.request())
        if error_code(reply) is None:
            yield from transaction.sign_late_attributes()
            return transaction.made(finish(reply))
        if error_code(reply) != _CANCELLED:
            return dict(finish(reply))
        if not transaction.may_succeed_after(reply):
            return dict(finish(transaction.for_caller(reply)))
    table = next(iter(updates.values()))[0]
    raise UpdateConflictError(table.name, _OPERATION, MAX_ATTEMPTS)


class _Transaction:
    """One transaction in progress.

    Args:
        updates: Its updates that may have to be made here, by position.
        sent_request: The transaction to send, without these updates.
        repeatable: The transaction under its caller's token; None if it has none.
    """

    # All by the position of an action in the transaction:
    # - `_entries`: the actions as they are to be sent
    # - `_straight`: the updates that are sent without reading their items first
    # - `_read`: the updates whose items are read, and of these:
    # - `_prepared`: the writes that they become
    # - `_refused`: the reasons for which DynamoDB would cancel the transaction

    def __init__(
        self,
        updates: Mapping[int, ItemUpdate],
        sent_request: Message,
        repeatable: RepeatableTransaction | None,
    ) -> None:
        self._sent_request = sent_request
        self._repeatable = repeatable
        self._entries: list[Any] = list(sent_request["TransactItems"])
        self._straight: dict[int, ItemUpdate] = {}
        self._read: dict[int, ItemUpdate] = {}
        self._refused: dict[int, Message] = {}
        self._prepared: dict[int, Prepared] = {}
        self._consumption = Consumption()
        for at, update in updates.items():
            request = update.straight_request()
            if request is None:
                self._read[at] = update
            else:
                self._straight[at] = update
                self._entries[at] = {"Update": request}

    def find_sent(self) -> bool:
        """Return whether the transaction was sent before under its token; if so, prepare the same."""
        entries = None if self._repeatable is None else self._repeatable.find()
        if entries is not None:
            self._entries = entries
        return entries is not None

    def request(self) -> dict[str, Any]:
        """Return the transaction to send."""
        if self._repeatable is not None and not self._refused:
            self._entries = self._repeatable.keep(self._entries)
        request = {**self._sent_request, "TransactItems": list(self._entries)}
        if self._refused:
            request.pop("ClientRequestToken", None)  # it will be cancelled, and is not the caller's request
        return request

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
                self._prepared[at] = prepared
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

    def sign_late_attributes(self) -> Generator[DynamoDbCall | Pause, Message, None]:
        """Sign what other writers added to items while they were being encrypted."""
        for at, prepared in self._prepared.items():
            yield from self._read[at].sign_late_attributes(prepared)

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
            if reasons and _code(reasons[at]) == _FALSE and update.needs_reading(reasons[at].get("Item"))
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


def _refuse_two_actions_on_one_item(
    updates: Mapping[int, tuple[ConfiguredTable, Message]], sent_request: Message
) -> None:
    tables = {table.name: table for table, _ in updates.values()}
    found: set[tuple[str, PrimaryKey]] = set()
    for entry in sent_request["TransactItems"]:
        for part in entry.values():
            table = tables.get(table_name(part["TableName"]))
            key = table and key_of_reply(table.config.key_names, part.get("Key") or part.get("Item"))
            if table is None or key is None:
                continue
            if (table.name, key) in found:
                raise InvalidExpressionError(_ONE_ITEM, dynamodb_message=_ONE_ITEM)
            found.add((table.name, key))


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
