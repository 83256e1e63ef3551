"""Requests with many items and tables: batches and transactions, part by part."""

from collections.abc import Callable, Mapping
from typing import Any

from dynaseal.boto import actions
from dynaseal.boto.pipeline import Message, PrimaryKey, TablePipeline
from dynaseal.boto.tables import Tables
from dynaseal.errors import DecryptError, UnsupportedOperationError

_Action = Callable[[TablePipeline, str, Message], dict[str, Any]]
_TRANSACTION_ACTIONS: Mapping[str, _Action] = {
    "Put": actions.put,
    "Update": actions.update,
    "Delete": actions.check,
    "ConditionCheck": actions.check,
    "Get": actions.get,
}


def write_batch(tables: Tables, operation: str, request: Message) -> dict[str, Any]:
    """Encrypt the items that BatchWriteItem puts; its deletions stay."""
    sent: dict[str, Any] = {}
    for name, writes in request["RequestItems"].items():
        pipeline = tables.find(name)
        sent[name] = writes if pipeline is None else [_write(pipeline, operation, write) for write in writes]
    return {**request, "RequestItems": sent}


def _write(pipeline: TablePipeline, operation: str, write: Message) -> dict[str, Any]:
    _refuse_unknown(operation, write, {"PutRequest", "DeleteRequest"})
    put = write.get("PutRequest")
    if put is None:
        return dict(write)
    return {**write, "PutRequest": {**put, "Item": pipeline.write(put["Item"])}}


def unprocessed_writes(tables: Tables, asked: Message, sent: Message, reply: Message) -> dict[str, Any]:
    """Give back BatchWriteItem's unprocessed items as the caller wrote them, ready to be sent again."""
    unprocessed = reply.get("UnprocessedItems")
    if not unprocessed:
        return dict(reply)
    restored: dict[str, Any] = {}
    for name, writes in unprocessed.items():
        pipeline = tables.find(name)
        if pipeline is None:
            restored[name] = writes
        else:
            originals = _originals_by_key(tables, pipeline, asked["RequestItems"], sent["RequestItems"])
            restored[name] = [_original(write, pipeline, originals) for write in writes]
    return {**reply, "UnprocessedItems": restored}


def _originals_by_key(
    tables: Tables, pipeline: TablePipeline, asked: Message, sent: Message
) -> dict[PrimaryKey, Any]:
    """Give the caller's puts into a table by primary key, which no two writes of a batch share."""
    return {
        pipeline.primary_key(sealed["PutRequest"]["Item"]): original
        for name, writes in sent.items()
        if tables.find(name) is pipeline
        for original, sealed in zip(asked[name], writes, strict=True)
        if "PutRequest" in sealed
    }


def _original(write: Message, pipeline: TablePipeline, originals: Mapping[PrimaryKey, Any]) -> Any:
    put = write.get("PutRequest")
    if put is None:
        return write
    original = originals.get(pipeline.primary_key(put["Item"]))
    if original is None:
        raise DecryptError("BatchWriteItem returned an unprocessed item that was not in the request")
    return original


def read_batch(tables: Tables, operation: str, request: Message) -> dict[str, Any]:
    """Check what BatchGetItem asks for, table by table."""
    for name, keys in request["RequestItems"].items():
        pipeline = tables.find(name)
        if pipeline is not None:
            pipeline.check_read(operation, keys)
    return dict(request)


def found_batch(tables: Tables, asked: Message, _sent: Message, reply: Message) -> dict[str, Any]:
    """Decrypt the items that BatchGetItem found; unprocessed keys stay."""
    responses = reply.get("Responses")
    if not responses:
        return dict(reply)
    requests = {tables.find(name): keys for name, keys in asked["RequestItems"].items()}
    opened: dict[str, Any] = {}
    for name, items in responses.items():
        pipeline = tables.find(name)
        if pipeline is None:
            opened[name] = items
        else:
            opened[name] = [pipeline.read(item, requests.get(pipeline) or {}) for item in items]
    return {**reply, "Responses": opened}


def transaction(tables: Tables, operation: str, request: Message) -> dict[str, Any]:
    """Transform each action of TransactWriteItems or TransactGetItems as if it were alone.

    Raises:
        UnsupportedOperationError: there is an action of a kind that is not known here.
    """
    parts: list[dict[str, Any]] = []
    for entry in request["TransactItems"]:
        _refuse_unknown(operation, entry, _TRANSACTION_ACTIONS.keys())
        part = dict(entry)
        for kind, action in entry.items():
            pipeline = tables.find(action.get("TableName"))
            if pipeline is not None:
                part[kind] = _TRANSACTION_ACTIONS[kind](pipeline, f"{operation} ({kind})", action)
        parts.append(part)
    return {**request, "TransactItems": parts}


def found_in_transaction(tables: Tables, asked: Message, _sent: Message, reply: Message) -> dict[str, Any]:
    """Decrypt the items that TransactGetItems found."""
    return _opened_by_position(tables, asked, reply, "Responses")


def cancelled_transaction(tables: Tables, asked: Message, _sent: Message, reply: Message) -> dict[str, Any]:
    """Decrypt the items that a cancelled transaction gives with its reasons."""
    return _opened_by_position(tables, asked, reply, "CancellationReasons")


def _opened_by_position(tables: Tables, asked: Message, reply: Message, member: str) -> dict[str, Any]:
    """Decrypt each entry's item with the pipeline of the action in the same place."""
    entries = reply.get(member)
    if not entries:
        return dict(reply)
    opened: list[dict[str, Any]] = []
    for entry, answer in zip(asked["TransactItems"], entries, strict=True):
        (action,) = entry.values()
        pipeline = tables.find(action.get("TableName"))
        opened.append(answer if pipeline is None else pipeline.read_member(answer, "Item", action))
    return {**reply, member: opened}


def _refuse_unknown(operation: str, entry: Message, known: Any) -> None:
    unknown = sorted(entry.keys() - known)
    if unknown or not entry:
        what = f"an entry of the kind {unknown[0]!r}" if unknown else "an empty entry"
        raise UnsupportedOperationError(
            f"{operation} has {what}, which is not known here and could carry plaintext",
            hint=f"The kinds known are {', '.join(sorted(known))}",
        )
