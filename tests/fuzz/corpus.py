"""The inputs with which fuzzing begins. They are made from `vectors/` each time and not stored."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from struct import error as StructError  # noqa: N812 an exception
from typing import Any

from dynaseal import FormatError
from dynaseal.core import header
from dynaseal.core.header import FOOTER_NAME, HEADER_NAME
from dynaseal.core.values.types import MalformedValueError
from dynaseal.core.values.writing import serialize
from dynaseal.core.wire import u16
from dynaseal.legacy.internal.formatting.serialize.attribute import serialize_attribute as serialize_older
from fuzz import items
from fuzz import older_items as older
from fuzz.encoding import ODD, ODD_COUNT, Part, encoded, encoded_part
from support import vectors
from support.exports import OLD, person
from support.exports import line as export_line

LARGEST = 8192
EXPRESSIONS = json.loads((vectors.VECTORS / "expressions.json").read_text())


def headers() -> Iterator[bytes]:
    for item in _stored():
        yield item[HEADER_NAME]["B"]


def footers() -> Iterator[bytes]:
    for item in _stored():
        with suppress(FormatError):
            parsed = header.parse(item[HEADER_NAME]["B"])
            yield bytes((len(parsed.encrypted_data_keys), parsed.suite.is_signed)) + item[FOOTER_NAME]["B"]


def values() -> Iterator[bytes]:
    for item in _plain():
        for value in item.values():
            with suppress(MalformedValueError):
                yield b"".join(serialize(value))


def objects() -> Iterator[bytes]:
    yield b"\x00\x01a"
    yield b"\x01\x031e5"
    yield b"\x04\x02ab"
    yield b"\x07\x02\x01a\x01b"
    yield b"\x08\x02\x011\x0212"
    yield b"\x09\x02\x01a\x01b"
    yield b"\x0b\x02\x05\x00\x06\x00\x00\x01a"
    yield b"\x0c\x02\x01a\x05\x00\x01b\x01\x015"
    yield b"\x0b\x01" * 31 + b"\x05\x00"


def stored_items() -> Iterator[bytes]:
    for number, case in items.numbered_cases():
        for data in _encoded(vectors.wire_item(case["encrypted"])):
            yield u16(number) + data
    for odd in _odd_attributes("pk", 0):
        yield u16(0) + odd


def sealed_items() -> Iterator[bytes]:
    for at, item in enumerate(_plain()):
        flags = at % 4
        action_byte = 2 if flags & items.IS_VERSION_2 else 1
        for data in _encoded({**item, "pk": {"S": "key"}}, {"pk": action_byte}):
            yield bytes((flags,)) + data
    stored_context = b"\x00\x01\x00\x01a\x00\x01b"
    for data in _encoded({"pk": {"S": "key"}}, {"pk": 1}):
        yield bytes((items.HAS_CONTEXT,)) + u16(len(stored_context)) + stored_context + data
    for action_byte in range(3):
        for odd in _odd_attributes("pk", action_byte):
            yield b"\x00" + odd


def described_items() -> Iterator[bytes]:
    for item in _stored():
        yield from _encoded(item)
    yield encoded({"*amzn-ddb-map-desc*": {"B": b"\x00\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x00\x01b"}})
    yield b"".join(_odd_attributes("a", 251))


def older_items() -> Iterator[bytes]:
    for number, item in older.numbered_items():
        for data in _encoded(item):
            yield u16(number) + data


def older_values() -> Iterator[bytes]:
    for _, item in older.numbered_items():
        for value in item.values():
            with suppress(*older.REFUSALS):
                yield serialize_older(value)
    yield b"\x00n\x00\x00\x00\x27" + b"7" * 39


def older_descriptions() -> Iterator[bytes]:
    for _, item in older.numbered_items():
        description = item.get("*amzn-ddb-map-desc*", {})
        if "B" in description:
            yield description["B"]


def replies() -> Iterator[bytes]:
    for at, item in enumerate(_plain()):
        yield bytes((at % 256,)) + export_line(Item=item, Items=[item], Responses={"people": [item]})


def lines() -> Iterator[bytes]:
    yield export_line(Item=OLD.encrypt_item(person(1)))
    yield export_line(Keys={"pk": {"S": "person 2"}}, NewImage=person(2))
    for item in _plain():
        yield export_line(Item={**item, "pk": {"S": "key"}})


def conditions() -> Iterator[bytes]:
    for case in EXPRESSIONS["conditions"]:
        yield case["expression"].encode()
    yield b"NOT (a.b[0] = :a AND size(#c) BETWEEN :d AND :e) OR begins_with(f, :g)"


def projections() -> Iterator[bytes]:
    yield b"a, #b.c[2], d"


def updates() -> Iterator[bytes]:
    for case in EXPRESSIONS["updates"]:
        yield case["expression"].encode()
    yield b"SET a = if_not_exists(b, list_append(:l, c)) + :n REMOVE d[1] ADD #e :f DELETE g :h"


def _stored() -> Iterator[dict[str, Any]]:
    """The vectors' encrypted items that have a header and a footer."""
    for _, case in items.numbered_cases():
        item = vectors.wire_item(case["encrypted"])
        if all(_is_binary(item.get(name)) for name in (HEADER_NAME, FOOTER_NAME)):
            yield item


def _plain() -> Iterator[dict[str, Any]]:
    for _, case in items.numbered_cases():
        if "plaintext" in case:
            yield vectors.wire_item(case["plaintext"])


def _is_binary(value: Mapping[str, Any] | None) -> bool:
    return value is not None and "B" in value


def _odd_attributes(name: str, action_byte: int) -> Iterator[bytes]:
    """An attribute for each Python object that is not an attribute value."""
    return (encoded_part(Part(name, action_byte, ODD + bytes((at,)), b"")) for at in range(ODD_COUNT))


def _encoded(item: Mapping[str, Any], action_bytes: Mapping[str, int] | None = None) -> Iterator[bytes]:
    """Return an item as an input; None if it cannot be one, or is too large for changes to have an effect."""
    with suppress(MalformedValueError, StructError):
        data = encoded(item, action_bytes)
        if len(data) <= LARGEST:
            yield data
