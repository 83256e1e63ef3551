"""Targets of the older format's readers: a stored item, a material description, a decrypted value's bytes.

- What is read of a changed item is, in its signed part, what one of AWS's libraries stored. The material
  description is not signed and may be anything.
- A description or value is refused with a documented error, or is read again from what is written for it;
  only a number with more than 38 digits can be read and not written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

from dynaseal import ConfigError, DecryptError, KmsError
from dynaseal.legacy.exceptions import DynamodbEncryptionSdkError
from dynaseal.legacy.identifiers import CryptoAction
from dynaseal.legacy.internal.dialects import PYTHON
from dynaseal.legacy.internal.formatting import material_description
from dynaseal.legacy.internal.formatting.deserialize.attribute import deserialize_attribute
from dynaseal.legacy.internal.formatting.serialize.attribute import serialize_attribute
from dynaseal.legacy.internal.identifiers import ReservedAttributes
from dynaseal.legacy.internal.numbers import signed_by_python
from dynaseal.legacy.items import OlderItems
from dynaseal.legacy.structures import TableIndex
from fuzz.encoding import Cursor, parts_of
from support import legacy, vectors

REFUSALS = (DynamodbEncryptionSdkError, KeyError, UnicodeDecodeError, ArithmeticError)
"""What the older library lets escape from damaged bytes, and so does `dynaseal.legacy`."""

# Minus zero is zero: a signature of the Java client covers one for the other.
SIGNED = replace(PYTHON, number=lambda value: f"{Decimal(signed_by_python(value)) + 0:f}")
UNSIGNED = {each.value for each in ReservedAttributes}
Bytes = frozenset[tuple[str, bytes]]


class OlderTable(NamedTuple):
    """The reader of one of the vectors' tables, and the cases that are read with it."""

    reader: OlderItems
    cases: list[Mapping[str, Any]]


def change_item(data: bytes) -> bool:
    cursor = Cursor(data)
    tables = all_tables()
    table = tables[cursor.short() % len(tables)]
    item = {name: part.value for name, part in parts_of(cursor).items()}
    try:
        result = table.reader.read(item)
    except (DecryptError, KmsError):
        return False
    assert result.keys() == item.keys() - UNSIGNED
    assert signed_part(table.reader, item) in stored_parts()
    return True


def read_value(data: bytes) -> bool:
    try:
        value = deserialize_attribute(data)
    except REFUSALS:
        return False
    try:
        written = serialize_attribute(value)
    except ArithmeticError:
        # A number with more than 38 digits: the older writers encrypt it, though DynamoDB would not store it.
        return False
    assert serialize_attribute(deserialize_attribute(written)) == written
    return True


def read_description(data: bytes) -> bool:
    try:
        description = material_description.deserialize({"B": data})
    except REFUSALS:
        return False
    assert material_description.deserialize(material_description.serialize(description)) == description
    return True


@cache
def all_tables() -> list[OlderTable]:
    """One `OlderTable` for each table, set of actions and provider of the vectors."""
    tables: dict[str, OlderTable] = {}
    data = vectors.read(vectors.VECTORS / "legacy-items.json")
    for case in data["cases"]:
        key = json.dumps([case["table"], case["actions"], case["provider"]], sort_keys=True)
        if key not in tables:
            with suppress(ConfigError, KeyError):
                tables[key] = OlderTable(_reader(case, data["keys"]), [])
        if key in tables:
            tables[key].cases.append(case)
    return list(tables.values())


def _reader(case: Mapping[str, Any], keys: Mapping[str, Any]) -> OlderItems:
    table = case["table"]
    return OlderItems(
        legacy.provider(legacy.DYNASEAL, case["provider"], keys),
        table["name"],
        TableIndex(table["partition_key"], table.get("sort_key")),
        legacy.actions(legacy.DYNASEAL, case["actions"]),
    )


def numbered_items() -> Iterator[tuple[int, dict[str, Any]]]:
    """The vectors' stored items, each with the number of its table."""
    for number, table in enumerate(all_tables()):
        for case in table.cases:
            yield number, vectors.wire_item(case["encrypted"])


@cache
def stored_parts() -> frozenset[Bytes]:
    """The signed parts of all items of the vectors that are read, as they are stored."""
    parts: set[Bytes] = set()
    for number, item in numbered_items():
        reader = all_tables()[number].reader
        with suppress(DecryptError, KmsError):
            reader.read(item)
            parts.add(signed_part(reader, item))
    return frozenset(parts)


def signed_part(reader: OlderItems, item: Mapping[str, Any]) -> Bytes:
    """The signed attributes of a stored item, each by the bytes that are signed of it."""
    return frozenset(
        (name, serialize_attribute(value, SIGNED))
        for name, value in item.items()
        if name not in UNSIGNED and reader.attribute_actions.action(name) is not CryptoAction.DO_NOTHING
    )
