"""Exchanges items: each library must read exactly what the other wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from dynaseal import DynasealError, ItemEncryptor
from interop import random_items
from interop.environment import Environment, wire_json
from interop.java import RefusedError, result_of
from interop.keyring_kinds import KeyringKind
from interop.results import Result
from support import vectors

ItemsOrErrors = list[Any]
"""For each item, the encrypted or decrypted item, or the exception with which it was refused."""


def exchange_items(environment: Environment, kind: KeyringKind, seed: int, count: int) -> Result:
    """Exchange `count` random items in each direction under one kind of keyring."""
    rng = Random(f"{seed} {kind}")
    reader = kind.reader or kind.writer
    result = Result(kind.group, kind.name, count)
    for table, amount in _tables(rng, kind, count):
        chosen_items = [random_items.random_item(rng, table) for _ in range(amount)]
        expected = [random_items.read_back(item, table) for item in chosen_items]
        plaintext = [random_items.written(item) for item in chosen_items]
        # Java works on its share while dynaseal works on its own.
        java_writes = environment.java.send("encrypt", **_request(environment, kind.writer, table, plaintext))
        dynaseal_wrote = _apply(_encryptor(environment, kind.writer, table).encrypt_item, plaintext)
        java_reads = environment.java.send(
            "decrypt", **_request(environment, reader, table, _items(dynaseal_wrote))
        )
        java_wrote = _from_replies(java_writes.result())
        dynaseal_read = _apply(_encryptor(environment, reader, table).decrypt_item, _items(java_wrote))
        java_read = _from_replies(java_reads.result())
        dynaseal_failures = _failures(java_wrote, dynaseal_read, expected)
        java_failures = _failures(dynaseal_wrote, java_read, expected)
        result.by_dynaseal += amount - len(dynaseal_failures)
        result.by_java += amount - len(java_failures)
        result.failures += [
            f"written by Java, {kind}, table {table}: {failure}" for failure in dynaseal_failures
        ]
        result.failures += [f"read by Java, {kind}, table {table}: {failure}" for failure in java_failures]
    return result


def _tables(rng: Random, kind: KeyringKind, count: int) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield tables of every suite and header version, each with its number of items, `count` in total."""
    formats = [(suite, version) for suite in kind.suites for version in (1, 2)]
    size = max(1, min(10, count // len(formats)))
    for start in range(0, count, size):
        suite, version = formats[start // size % len(formats)]
        yield random_items.random_table(rng, suite, version, f"table-{start}"), min(size, count - start)


def _encryptor(environment: Environment, spec: dict[str, Any], table: dict[str, Any]) -> ItemEncryptor:
    return ItemEncryptor(vectors.table_config(table, environment.keyring(spec)))


def _request(
    environment: Environment, spec: dict[str, Any], table: dict[str, Any], items_to_send: list[Any]
) -> dict[str, Any]:
    keys = environment.keys_of(spec)
    return {"table": table, "keyring": spec, "keys": keys, "items": wire_json(items_to_send)}


def _apply(function: Callable[[dict[str, Any]], dict[str, Any]], arguments: list[Any]) -> ItemsOrErrors:
    def result_or_error(item: dict[str, Any]) -> Any:
        try:
            return function(item)
        except DynasealError as error:
            return error

    return [result_or_error(item) for item in arguments]


def _from_replies(replies: list[Any]) -> ItemsOrErrors:
    def item_or_error(reply: dict[str, Any]) -> Any:
        try:
            return vectors.wire_item(result_of(reply))
        except RefusedError as error:
            return error

    return [item_or_error(reply) for reply in replies]


def _items(written: ItemsOrErrors) -> list[dict[str, Any]]:
    """Return the items, with an empty item where writing failed, so that reading it fails too."""
    return [{} if isinstance(item, Exception) else item for item in written]


def _failures(written: ItemsOrErrors, read: ItemsOrErrors, expected: list[Any]) -> list[str]:
    """Describe each item that was not read as expected."""
    return [
        _difference(written_item if isinstance(written_item, Exception) else read_item, expected_item)
        for written_item, read_item, expected_item in zip(written, read, expected, strict=True)
        if read_item != expected_item
    ]


def _difference(actual: Any, expected: dict[str, Any]) -> str:
    if isinstance(actual, Exception):
        return f"{actual!r} for {expected!r}"
    names = [name for name in {**expected, **actual} if expected.get(name) != actual.get(name)]
    return "; ".join(f"{name!r} is {actual.get(name)!r}, not {expected.get(name)!r}" for name in names)
