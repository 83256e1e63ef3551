"""Requests with many items and tables: batches and transactions, part by part."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dynaseal import drivers
from dynaseal.boto.interception import item_operations
from dynaseal.boto.interception.configured_table import ConfiguredTable, Message, check_names
from dynaseal.boto.interception.idempotency import HINT, MISMATCH, GeneratedToken, RepeatableTransaction
from dynaseal.boto.interception.replies import (
    PrimaryKey,
    SentPart,
    key_of_reply,
    refuse_other_item,
    refuse_other_table,
    refuse_wrong_number,
    without_members,
)
from dynaseal.boto.interception.table_names import table_name
from dynaseal.boto.interception.tables import Tables, shorten
from dynaseal.boto.interception.unreadable import (
    UNREADABLE_ITEMS,
    UnreadableItem,
    is_refusal_of_keys,
    key_attributes,
    raise_first,
    with_unreadable,
)
from dynaseal.boto.interception.update_conditions import explain_failure
from dynaseal.core.header import HEADER_NAME
from dynaseal.errors import DecryptError, UnsupportedOperationError

_PreparePart = Callable[[ConfiguredTable, str, Message], dict[str, Any]]
_TRANSACTION_ACTIONS: Mapping[str, _PreparePart] = {
    "Put": item_operations.put,
    "Update": item_operations.update,
    "Delete": item_operations.check,
    "ConditionCheck": item_operations.check,
    "Get": item_operations.get,
}


def write_batch(tables: Tables, operation: str, request: Message) -> dict[str, Any]:
    """Encrypt the items that BatchWriteItem puts, and write surrogate keys into its deletions."""
    sent_items: dict[str, Any] = {}
    for name, writes in request["RequestItems"].items():
        table = tables.for_request(operation, name)
        if table is None:
            sent_items[name] = writes
        else:
            usual = table.write_usual(list(map(_put_item, writes)))
            sent_items[name] = [
                _write(table, operation, write, stored) for write, stored in zip(writes, usual, strict=True)
            ]
    return {**request, "RequestItems": sent_items}


def _put_item(write: Message) -> Any:
    """Return the item that a write puts; None if it does not put one, or is not a mapping as it must be."""
    try:
        return write["PutRequest"]["Item"]
    except (KeyError, TypeError):
        return None


def _write(
    table: ConfiguredTable, operation: str, write: Message, stored: dict[str, Any] | None
) -> dict[str, Any]:
    drivers.let_others_run()
    _refuse_unknown(operation, write, {"PutRequest", "DeleteRequest"})
    sent_write = dict(write)
    if "PutRequest" in write:
        put = write["PutRequest"]
        sent_write["PutRequest"] = {**put, "Item": table.write(put["Item"]) if stored is None else stored}
    if "DeleteRequest" in write:
        deletion = write["DeleteRequest"]
        sent_write["DeleteRequest"] = {
            **deletion,
            "Key": table.key_with_surrogate_keys(operation, deletion["Key"]),
        }
    return sent_write


def unprocessed_writes(
    tables: Tables, caller_request: Message, sent_request: Message, reply: Message
) -> dict[str, Any]:
    """Return BatchWriteItem's unprocessed items as the caller wrote them, ready to be sent again."""
    unprocessed = reply.get("UnprocessedItems")
    if not unprocessed:
        return dict(reply)
    _check_tables(tables, "BatchWriteItem", caller_request, unprocessed)
    restored: dict[str, Any] = {}
    for name, writes in unprocessed.items():
        table = tables.configured(name)
        if table is None:
            restored[name] = writes
        else:
            originals = _originals_by_key(
                tables, table, caller_request["RequestItems"], sent_request["RequestItems"]
            )
            restored[name] = [_original(write, table, originals) for write in writes]
    return {**reply, "UnprocessedItems": restored}


def _originals_by_key(
    tables: Tables, table: ConfiguredTable, caller_writes: Message, sent_writes: Message
) -> dict[PrimaryKey, Any]:
    """Return the caller's writes to a table by primary key, which no two writes of a batch share."""
    return {
        table.primary_key(_item_or_key(sent_write)): original
        for name, writes in sent_writes.items()
        if tables.configured(name) is table
        for original, sent_write in zip(caller_writes[name], writes, strict=True)
    }


def _original(write: Message, table: ConfiguredTable, originals: Mapping[PrimaryKey, Any]) -> Any:
    try:
        key = key_of_reply(table.config.key_names, _item_or_key(write))
    except (KeyError, TypeError):  # a reply can have anything
        key = None
    original = None if key is None else originals.get(key)
    if original is None:
        raise DecryptError("BatchWriteItem returned an unprocessed item that was not in the request")
    return original


def _item_or_key(write: Message) -> Any:
    """Return the item that is put or the key that is deleted."""
    return write["PutRequest"]["Item"] if "PutRequest" in write else write["DeleteRequest"]["Key"]


def read_batch(tables: Tables, operation: str, request: Message) -> dict[str, Any]:
    """Check BatchGetItem's projections, table by table, and write surrogate keys into its keys."""
    sent_items: dict[str, Any] = {}
    for name, part in request["RequestItems"].items():
        sent_items[name] = part
        table = tables.for_request(operation, name)
        if table is not None:
            table.check_read(operation, part)
            keys = [table.key_with_surrogate_keys(operation, key) for key in part["Keys"]]
            sent_items[name] = {**part, "Keys": keys}
    return {**request, "RequestItems": sent_items}


def found_batch(
    tables: Tables, caller_request: Message, sent_request: Message, reply: Message
) -> dict[str, Any]:
    """Decrypt the items that BatchGetItem found; return unprocessed keys as the caller wrote them.

    Raises:
        DecryptError: an item does not verify in a table whose configuration does not say to report it, or
            was not asked for.
    """
    finished = dict(reply)
    responses, unprocessed = reply.get("Responses"), reply.get("UnprocessedKeys")
    requested = _RequestedKeys(tables, caller_request["RequestItems"], sent_request["RequestItems"])
    for by_table in (responses, unprocessed):
        _check_tables(tables, "BatchGetItem", caller_request, by_table or {})
    if responses:
        finished["Responses"] = items = dict(responses)
        for name, table in _configured(tables, items):
            items[name] = requested.read_items(name, table, items[name])
    if requested.has_reports:
        finished = with_unreadable(finished, "BatchGetItem", requested.unreadable, requested.returned_items)
    if unprocessed:
        finished["UnprocessedKeys"] = remaining = dict(unprocessed)
        for name, table in _configured(tables, remaining):
            keys = [requested.original(table, key) for key in remaining[name]["Keys"]]
            remaining[name] = {**remaining[name], "Keys": keys}
    return finished


def failed_batch(
    _tables: Tables, _caller_request: Message, _sent_request: Message, reply: Message
) -> dict[str, Any]:
    """Return a batch's error, which has no items."""
    return without_members(reply, "Item", "CancellationReasons")


def _check_tables(tables: Tables, operation: str, caller_request: Message, by_table: Message) -> None:
    """Refuse a reply that has items of a table that was not asked for, and that nothing else would verify."""
    requested = set(map(table_name, caller_request["RequestItems"]))
    for name in by_table:
        if tables.configured(name) is None and table_name(name) not in requested:
            refuse_other_table(operation, shorten(name))


class _RequestedKeys:
    """The keys of one BatchGetItem; its reply may have one item for each."""

    def __init__(self, tables: Tables, caller_parts: Message, sent_parts: Message) -> None:
        self._parts: dict[ConfiguredTable, Message] = {}
        self._originals: dict[tuple[ConfiguredTable, PrimaryKey], Any] = {}
        self._found: set[tuple[ConfiguredTable, PrimaryKey]] = set()
        self.returned_items = 0
        self.unreadable: list[UnreadableItem] = []
        for name, table in _configured(tables, sent_parts):
            self._parts[table] = caller_parts[name]
            for original, sent_key in zip(caller_parts[name]["Keys"], sent_parts[name]["Keys"], strict=True):
                self._originals[table, table.primary_key(sent_key)] = original

    @property
    def has_reports(self) -> bool:
        """Whether items of one of the tables are reported if they do not verify."""
        return any(table.reports_unreadable for table in self._parts)

    def read_items(
        self, name: str, table: ConfiguredTable, stored_items: Sequence[Message]
    ) -> list[dict[str, Any]]:
        """Return the items of one table that verify, and remember the others.

        Raises:
            DecryptError: one does not verify and is not to be reported, was not asked for, or the reply had
                it already.
        """
        items: list[dict[str, Any]] = []
        refused: list[UnreadableItem] = []
        for stored, usual in zip(stored_items, table.read_usual(stored_items), strict=True):
            if items:
                drivers.let_others_run()
            try:
                parameters = self._parts.get(table) or {}
                items.append(table.read(stored, parameters) if usual is None else usual)
            except DecryptError as error:
                refused.append(UnreadableItem(Key=self.original(table, stored), TableName=name, Error=error))
                if not table.reports_unreadable and is_refusal_of_keys(error):
                    break
        if refused and not table.reports_unreadable:
            raise_first(refused, verified=len(items), returned=len(stored_items))
        self._check_requested(table, stored_items)
        self.returned_items += len(stored_items)
        self.unreadable += refused
        return items

    def _check_requested(self, table: ConfiguredTable, stored_items: Sequence[Message]) -> None:
        for stored in stored_items:
            key = key_of_reply(table.config.key_names, stored)
            if key is None or (table, key) not in self._originals or (table, key) in self._found:
                refuse_other_item("BatchGetItem", table.name)
            self._found.add((table, key))

    def original(self, table: ConfiguredTable, item_or_key: Message) -> Any:
        """Return the key of an unprocessed or unreadable item as the caller wrote it."""
        names = table.config.key_names
        sent_key, key = key_of_reply(names, item_or_key), key_attributes(names, item_or_key)
        return key if sent_key is None else self._originals.get((table, sent_key), key)


def _configured(tables: Tables, by_table: Message) -> list[tuple[str, ConfiguredTable]]:
    found = ((name, tables.configured(name)) for name in by_table)
    return [(name, table) for name, table in found if table is not None]


def transaction(tables: Tables, operation: str, request: Message) -> dict[str, Any]:
    """Prepare each action of TransactWriteItems or TransactGetItems like a request of its own.

    Raises:
        UnsupportedOperationError: there is an action that is not known here.
    """
    parts: list[dict[str, Any]] = []
    for entry in request["TransactItems"]:
        _refuse_unknown(operation, entry, _TRANSACTION_ACTIONS.keys())
        drivers.let_others_run()
        part = dict(entry)
        for action, parameters in entry.items():
            table = tables.for_request(operation, parameters.get("TableName"))
            if table is not None:
                part[action] = _TRANSACTION_ACTIONS[action](table, f"{operation} ({action})", parameters)
        parts.append(part)
    return {**request, "TransactItems": parts}


def write_transaction(tables: Tables, operation: str, request: Message) -> dict[str, Any]:
    """Prepare TransactWriteItems; a transaction that is repeated under its token is sent as it was before."""
    if not isinstance(request.get("ClientRequestToken"), str):
        return transaction(tables, operation, request)
    repeatable = RepeatableTransaction(tables.sent_transactions, request)
    sent_items = repeatable.find()
    if sent_items is None:
        sent_items = repeatable.keep(transaction(tables, operation, request)["TransactItems"])
    return {**request, "TransactItems": sent_items}


def read_modify_writes(tables: Tables, request: Message) -> dict[int, tuple[ConfiguredTable, Message]]:
    """Return the updates of a transaction that a plan makes, with their tables, by position."""
    updates: dict[int, tuple[ConfiguredTable, Message]] = {}
    for at, entry in enumerate(request["TransactItems"]):
        if "Update" not in entry:
            continue
        part: Message = entry["Update"]
        table = tables.configured(part.get("TableName"))
        # One without UpdateExpression is botocore's to refuse.
        if table is not None and table.updates_signed_attributes and "UpdateExpression" in part:
            updates[at] = (table, part)
    return updates


def transaction_around(
    tables: Tables,
    operation: str,
    request: Message,
    updates: Mapping[int, tuple[ConfiguredTable, Message]],
) -> dict[str, Any]:
    """Prepare a transaction except for the updates that a plan makes, which get the key that is stored."""
    entries: list[Any] = []
    for at, entry in enumerate(request["TransactItems"]):
        if at in updates:
            table, part = updates[at]
            _refuse_unknown(operation, entry, {"Update"})
            key = table.key_with_surrogate_keys(operation, part["Key"])
            entries.append({"Update": {**part, "Key": key}})
        else:
            entries += transaction(tables, operation, {"TransactItems": [entry]})["TransactItems"]
    # botocore makes another token for each request that has none.
    members = {name: member for name, member in request.items() if not isinstance(member, GeneratedToken)}
    return {**members, "TransactItems": entries}


def failed_write_transaction(
    tables: Tables, caller_request: Message, sent_request: Message, reply: Message
) -> dict[str, Any]:
    """Decrypt the items of a cancelled transaction; explain why a repeated token was refused."""
    finished = cancelled_transaction(tables, caller_request, sent_request, reply)
    error: Message = finished["Error"]
    if error.get("Code") == MISMATCH:
        message = f"{error.get('Message', '')} ({HINT})".strip()
        finished = {**finished, "Error": {**error, "Message": message}}
    return finished


def found_in_transaction(
    tables: Tables, caller_request: Message, sent_request: Message, reply: Message
) -> dict[str, Any]:
    """Decrypt the items that TransactGetItems found."""
    return _decrypted_by_position(tables, caller_request, sent_request, reply, member="Responses")


def cancelled_transaction(
    tables: Tables, caller_request: Message, sent_request: Message, reply: Message
) -> dict[str, Any]:
    """Decrypt the items that a cancelled transaction returns with its reasons."""
    return _decrypted_by_position(tables, caller_request, sent_request, reply, member="CancellationReasons")


def _decrypted_by_position(
    tables: Tables, caller_request: Message, sent_request: Message, reply: Message, *, member: str
) -> dict[str, Any]:
    """Decrypt each entry's item with the configuration of the action in the same position."""
    if "Error" in reply:
        reply = without_members(reply, "Item")
    entries = reply.get(member)
    if not entries:
        return dict(reply)
    actions, sent_actions = caller_request["TransactItems"], sent_request["TransactItems"]
    if len(entries) != len(actions):
        refuse_wrong_number("TransactGetItems" if member == "Responses" else "TransactWriteItems")
    finished: list[dict[str, Any]] = []
    unreadable: list[UnreadableItem] = []
    for action, sent_action, entry in zip(actions, sent_actions, entries, strict=True):
        ((name, parameters),) = action.items()
        table = tables.configured(parameters.get("TableName"))
        part = SentPart(f"a transaction ({name})", parameters, sent_action[name])
        result = dict(entry) if table is None else _finished_entry(table, name, part, entry)
        unreadable += result.pop(UNREADABLE_ITEMS, ())
        finished.append(result)
    reply = {**reply, member: finished}
    return {**reply, UNREADABLE_ITEMS: unreadable} if unreadable else reply


def _finished_entry(table: ConfiguredTable, action: str, part: SentPart, entry: Message) -> dict[str, Any]:
    """Decrypt the item of one part's result, and explain why an update was not made."""
    if action == "Update" and "Code" in entry:
        reason = explain_failure(table, part, entry, entry.get("Item"))
        if reason is not entry and HEADER_NAME not in (entry.get("Item") or {}):
            return {name: member for name, member in reason.items() if name != "Item"}
        entry = reason
    if "Code" in entry:
        return item_operations.refused_item(table, part, entry)
    return table.read_member(entry, "Item", part)


def _refuse_unknown(operation: str, entry: Message, known: Any) -> None:
    check_names(operation, entry)
    unknown = sorted(entry.keys() - known)
    if unknown or not entry:
        problem = f"an entry with {unknown[0]!r}" if unknown else "an empty entry"
        raise UnsupportedOperationError(
            f"{operation} has {problem}, which is not known here and could carry plaintext",
            hint=f"An entry may have one of {', '.join(sorted(known))}",
        )
