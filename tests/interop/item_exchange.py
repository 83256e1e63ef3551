"""Items across the two libraries: each reads what the other wrote, and it must be what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from dynaseal import DynasealError, ItemEncryptor
from interop import items
from interop.java import RefusedError, done
from interop.kinds import Kind
from interop.tally import Tally
from interop.world import World, wire_json
from support import vectors

Answers = list[Any]
"""An item, or the exception that its encryption or decryption was refused with, for each item asked."""


def exchange(world: World, kind: Kind, seed: int, count: int) -> Tally:
    """Send `count` random items each way under one kind of keyring."""
    rng = Random(f"{seed} {kind}")
    reader = kind.reader or kind.writer
    tally = Tally(kind.group, kind.name, count)
    for table, amount in _tables(rng, kind, count):
        chosen = [items.random_item(rng, table) for _ in range(amount)]
        expected = [items.read_back(item, table) for item in chosen]
        plain = [items.written(item) for item in chosen]
        # Java works on its share while this side does its own.
        java_writes = world.java.send("encrypt", **_asked(world, kind.writer, table, plain))
        we_wrote = _each(_encryptor(world, kind.writer, table).encrypt_item, plain)
        java_reads = world.java.send("decrypt", **_asked(world, reader, table, _items(we_wrote)))
        java_wrote = _answers(java_writes.result())
        we_read = _each(_encryptor(world, reader, table).decrypt_item, _items(java_wrote))
        java_read = _answers(java_reads.result())
        wrong_here = _wrong(java_wrote, we_read, expected)
        wrong_there = _wrong(we_wrote, java_read, expected)
        tally.by_dynaseal += amount - len(wrong_here)
        tally.by_java += amount - len(wrong_there)
        tally.failures += [f"written by Java, {kind}, table {table}: {each}" for each in wrong_here]
        tally.failures += [f"read by Java, {kind}, table {table}: {each}" for each in wrong_there]
    return tally


def _tables(rng: Random, kind: Kind, count: int) -> Iterator[tuple[dict[str, Any], int]]:
    """Tables of every suite and header version in turn, with few items each, `count` in all."""
    forms = [(suite, version) for suite in kind.suites for version in (1, 2)]
    size = max(1, min(10, count // len(forms)))
    for at in range(0, count, size):
        suite, version = forms[at // size % len(forms)]
        yield items.random_table(rng, suite, version, f"table-{at}"), min(size, count - at)


def _encryptor(world: World, spec: dict[str, Any], table: dict[str, Any]) -> ItemEncryptor:
    return ItemEncryptor(vectors.table_config(table, world.keyring(spec)))


def _asked(world: World, spec: dict[str, Any], table: dict[str, Any], asked: list[Any]) -> dict[str, Any]:
    return {"table": table, "keyring": spec, "keys": world.keys_of(spec), "items": wire_json(asked)}


def _each(work: Callable[[dict[str, Any]], dict[str, Any]], asked: list[Any]) -> Answers:
    def one(item: dict[str, Any]) -> Any:
        try:
            return work(item)
        except DynasealError as error:
            return error

    return [one(item) for item in asked]


def _answers(replies: list[Any]) -> Answers:
    def one(reply: dict[str, Any]) -> Any:
        try:
            return vectors.wire_item(done(reply))
        except RefusedError as error:
            return error

    return [one(reply) for reply in replies]


def _items(answers: Answers) -> list[dict[str, Any]]:
    """The items, an empty one where writing failed: its reading is then refused as well."""
    return [{} if isinstance(each, Exception) else each for each in answers]


def _wrong(wrote: Answers, read: Answers, expected: list[Any]) -> list[str]:
    """What differs of the items that were not read as expected."""
    return [
        _difference(stored if isinstance(stored, Exception) else got, wanted)
        for stored, got, wanted in zip(wrote, read, expected, strict=True)
        if got != wanted
    ]


def _difference(got: Any, wanted: dict[str, Any]) -> str:
    if isinstance(got, Exception):
        return f"{got!r} for {wanted!r}"
    names = [name for name in {**wanted, **got} if wanted.get(name) != got.get(name)]
    return "; ".join(f"{name!r} is {got.get(name)!r}, not {wanted.get(name)!r}" for name in names)
