"""Targets for whole items: AWS's items with changes, items encrypted by someone with the key, and reports.

- What is read of a changed item is, in its signed part, what one of the items' writers wrote.
- An item with valid tags is refused or gives exactly what was encrypted, whatever bytes that was.
- A report never fails.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    ConfigError,
    DecryptError,
    ItemEncryptor,
    KmsError,
    RawAesKeyring,
    TableConfig,
    describe_item,
)
from dynaseal.core.header import ENCRYPTED
from dynaseal.core.values.reading import deserialize
from dynaseal.core.values.writing import serialize
from fuzz.encoding import ODD, Cursor, parts_of
from support import vectors
from support.fake_kms import FakeKms
from support.sorted_sets import can_only_be_read, with_sorted_sets
from support.unchecked_items import Attribute, encrypt_unchecked

FILES = ("items-raw.json", "items-kms.json", "items-hierarchy.json", "items-reject.json")
KEYRING = RawAesKeyring("fuzz", "one", bytes(32))
TABLE = TableConfig(
    "people",
    "pk",
    attribute_actions=AttributeActions(),
    keyring=KEYRING,
    allowed_unsigned_attribute_prefix=":",
)
ENCRYPTOR = ItemEncryptor(TABLE)
IS_VERSION_2, IS_SIGNED, HAS_CONTEXT = 1, 2, 4


@dataclass(frozen=True)
class VectorTable:
    """The reader of one of the vectors' tables and its KMS."""

    reader: ItemEncryptor
    kms: FakeKms


def change_item(data: bytes) -> bool:
    cursor = Cursor(data)
    tables = all_vector_tables()
    table = tables[cursor.short() % len(tables)]
    parts = parts_of(cursor)
    item = {name: part.value for name, part in parts.items()}
    table.kms.calls.clear()
    try:
        result = table.reader.decrypt_item(item)
    except (DecryptError, KmsError):
        return False
    except TypeError:
        assert any(part.type_id[:1] == ODD for part in parts.values())
        return False
    assert signed_part(table.reader.config, result) in written_parts()
    return True


def seal_item(data: bytes) -> bool:
    cursor = Cursor(data)
    flags = cursor.byte()
    stored_context = cursor.sized() if flags & HAS_CONTEXT else None
    attributes: dict[str, Attribute] = {}
    for name, part in parts_of(cursor).items():
        action_byte = b"esc"[part.action_byte % 3]
        if action_byte == ENCRYPTED:
            attributes[name] = Attribute(action_byte, plaintext=(part.type_id.ljust(2, b"\x00"), part.data))
        else:
            attributes[name] = Attribute(action_byte, part.value)
    try:
        item = encrypt_unchecked(
            TABLE,
            KEYRING,
            attributes,
            version=2 if flags & IS_VERSION_2 else 1,
            suite=AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG
            if flags & IS_SIGNED
            else AlgorithmSuite.COMMIT_KEY_SYMSIG,
            stored_context=stored_context,
        )
    except (TypeError, ValueError):
        return False  # no bytes are signed for such a value or context
    try:
        result = ENCRYPTOR.decrypt_item(item)
    except DecryptError:
        return False
    assert result.keys() == attributes.keys()
    for name, attribute in attributes.items():
        assert with_sorted_sets(result[name]) == with_sorted_sets(_sealed_value(attribute))
    return True


def _sealed_value(attribute: Attribute) -> dict[str, Any]:
    return deserialize(*attribute.plaintext) if attribute.legend_byte == ENCRYPTED else dict(attribute.value)


def describe(data: bytes) -> bool:
    item: dict[Any, Any] = {
        part.action_byte if part.action_byte > 250 else name: part.value
        for name, part in parts_of(Cursor(data)).items()
    }
    report = describe_item(item, allowed_unsigned_attribute_prefix=":")
    json.dumps(report.to_dict())
    assert len(report.attributes) <= len(item)
    return not report.damage


@cache
def all_vector_tables() -> list[VectorTable]:
    """One `VectorTable` for each table and keyring of the vectors."""
    return list(_vector_tables().values())


def numbered_cases() -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The vectors' cases that have an item, each with the number of its table."""
    numbers = {key: number for number, key in enumerate(_vector_tables())}
    for case in _cases():
        if _key(case) in numbers:
            yield numbers[_key(case)], case


@cache
def written_parts() -> frozenset[frozenset[tuple[str, bytes, bytes]]]:
    """The signed parts of all items of the vectors that are read, each as its table reads it."""
    parts: set[frozenset[tuple[str, bytes, bytes]]] = set()
    tables = all_vector_tables()
    for number, case in numbered_cases():
        reader = tables[number].reader
        try:
            parts.add(signed_part(reader.config, reader.decrypt_item(vectors.wire_item(case["encrypted"]))))
        except DecryptError:
            continue
    return frozenset(parts)


def signed_part(config: TableConfig, item: Mapping[str, Any]) -> frozenset[tuple[str, bytes, bytes]]:
    """The signed attributes of a plaintext item, each by the bytes of its normal form."""
    return frozenset(
        (name, *_bytes_of(value)) for name, value in item.items() if not config.is_unsigned(name)
    )


def _bytes_of(value: dict[str, Any]) -> tuple[bytes, bytes]:
    # An empty set can be read, as AWS's libraries write it, and has no bytes here, as DynamoDB allows none.
    return (b"", repr(value).encode()) if can_only_be_read(value) else serialize(value)


@cache
def _vector_tables() -> dict[str, VectorTable]:
    tables: dict[str, VectorTable] = {}
    for case in _cases():
        if _key(case) not in tables:
            kms = vectors.kms_for(case)
            with suppress(ConfigError):
                tables[_key(case)] = VectorTable(vectors.reader(case, kms), kms)
    return tables


@cache
def _cases() -> list[dict[str, Any]]:
    return [case for file in FILES for case in vectors.cases(file) if "encrypted" in case]


def _key(case: Mapping[str, Any]) -> str:
    return json.dumps([case["file"], case["table"], case["keyring"]], sort_keys=True)
