"""Requests with many items and tables: batches and transactions, part by part."""

from collections.abc import Callable, Mapping
from typing import Any

from dynaseal.boto.interception import item_operations
from dynaseal.boto.interception.pipeline import Message, PrimaryKey, TablePipeline
from dynaseal.boto.interception.tables import Tables
from dynaseal.errors import DecryptError, UnsupportedOperationError

_Action = Callable[[TablePipeline, str, Message], dict[str, Any]]
_TRANSACTION_ACTIONS: Mapping[str, _Action] = {
    "Put": item_operations.put,
    "Update": item_operations.update,
    "Delete": item_operations.check,
    "ConditionCheck": item_operations.check,
    "Get": item_operations.get,
}


def write_batch(tables: Tables, operation: str, request: Message) -> dict[str, Any]:
    """Encrypt the items that BatchWriteItem puts; its deletions name items by what DynamoDB has."""
    sent: dict[str, Any] = {}
    for name, writes in request["RequestItems"].items():
        pipeline = tables.find(name)
        sent[name] = writes if pipeline is None else [_write(pipeline, operation, write) for write in writes]
    return {**request, "RequestItems": sent}


def _write(pipeline: TablePipeline, operation: str, write: Message) -> dict[str, Any]:
    _refuse_unknown(operation, write, {"PutRequest", "DeleteRequest"})
    sent = dict(write)
    if "PutRequest" in write:
        put = write["PutRequest"]
        sent["PutRequest"] = {**put, "Item": pipeline.write(put["Item"])}
    if "DeleteRequest" in write:
        deletion = write["DeleteRequest"]
        sent["DeleteRequest"] = {
            **deletion,
            "Key": pipeline.key_with_surrogate_keys(operation, deletion["Key"]),
        }
    return sent


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
    """Give the caller's writes to a table by primary key, which no two writes of a batch share."""
    return {
        pipeline.primary_key(_written(sealed)): original
        for name, writes in sent.items()
        if tables.find(name) is pipeline
        for original, sealed in zip(asked[name], writes, strict=True)
    }


def _original(write: Message, pipeline: TablePipeline, originals: Mapping[PrimaryKey, Any]) -> Any:
    original = originals.get(pipeline.primary_key(_written(write)))
    if original is None:
        raise DecryptError("BatchWriteItem returned an unprocessed item that was not in the request")
    return original


def _written(write: Message) -> Any:
    """Give the item that is put or the key that is deleted."""
    return write["PutRequest"]["Item"] if "PutRequest" in write else write["DeleteRequest"]["Key"]


def read_batch(tables: Tables, operation: str, request: Message) -> dict[str, Any]:
    """Check what BatchGetItem asks for, table by table, and name items by what DynamoDB has."""
    sent: dict[str, Any] = {}
    for name, asked in request["RequestItems"].items():
        sent[name] = asked
        pipeline = tables.find(name)
        if pipeline is not None:
            pipeline.check_read(operation, asked)
            sent[name] = {
                **asked,
                "Keys": [pipeline.key_with_surrogate_keys(operation, key) for key in asked["Keys"]],
            }
    return {**request, "RequestItems": sent}


def found_batch(tables: Tables, asked: Message, sent: Message, reply: Message) -> dict[str, Any]:
    """Decrypt the items that BatchGetItem found; give unprocessed keys as the caller wrote them."""
    opened = dict(reply)
    responses, unprocessed = reply.get("Responses"), reply.get("UnprocessedKeys")
    if responses:
        requests = {tables.find(name): keys for name, keys in asked["RequestItems"].items()}
        opened["Responses"] = found = dict(responses)
        for name, pipeline in _configured(tables, found):
            found[name] = [pipeline.read(item, requests.get(pipeline) or {}) for item in found[name]]
    if unprocessed:
        opened["UnprocessedKeys"] = left = dict(unprocessed)
        for name, pipeline in _configured(tables, left):
            originals = _original_keys(tables, pipeline, asked["RequestItems"], sent["RequestItems"])
            keys = [originals.get(pipeline.primary_key(key), key) for key in left[name]["Keys"]]
            left[name] = {**left[name], "Keys": keys}
    return opened


def _configured(tables: Tables, by_table: Message) -> list[tuple[str, TablePipeline]]:
    found = ((name, tables.find(name)) for name in by_table)
    return [(name, pipeline) for name, pipeline in found if pipeline is not None]


def _original_keys(
    tables: Tables, pipeline: TablePipeline, asked: Message, sent: Message
) -> dict[PrimaryKey, Any]:
    """Give the keys of a table that the caller asked for by what DynamoDB has for them."""
    return {
        pipeline.primary_key(key): original
        for name, keys in sent.items()
        if tables.find(name) is pipeline
        for original, key in zip(asked[name]["Keys"], keys["Keys"], strict=True)
    }


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
