"""Targets of what DynamoDB sends and exports: the body of a reply, a line of an export file.

- A reply has the outcome that it has in botocore.
- A line has one outcome with both JSON parsers, and what was encrypted is decrypted to what was read.
"""

from __future__ import annotations

import json
from typing import Any

from dynaseal import from_stream_image
from dynaseal.boto.interception.reply_parser import OPERATIONS_WITH_ITEMS
from dynaseal.core.values.writing import serialize
from dynaseal.migrate import PLAINTEXT
from dynaseal.migrate.exports.json_lines import FastJson, StandardJson
from dynaseal.migrate.exports.lines import LineTransformer
from support.botocore_replies import outcome, response
from support.exports import NEW, OLD, PLAIN

OPERATIONS = tuple(OPERATIONS_WITH_ITEMS)
PARSERS = (StandardJson(), FastJson())
DECRYPTING = tuple(LineTransformer(OLD, PLAINTEXT, parser) for parser in PARSERS)
ENCRYPTING = tuple(LineTransformer(PLAIN, NEW, parser) for parser in PARSERS)


def parse_reply(data: bytes) -> bool:
    operation = OPERATIONS[data[0] % len(OPERATIONS)] if data else OPERATIONS[0]
    received = response(data[1:])
    expected = outcome(operation, received, in_one_pass=False)
    assert outcome(operation, received, in_one_pass=True) == expected
    return isinstance(expected, dict)


def transform_line(data: bytes) -> bool:
    standard, fast = (each.transform(data) for each in DECRYPTING)
    assert standard == fast
    standard, fast = (each.transform(data) for each in ENCRYPTING)
    assert (standard.state, standard.reason, standard.key) == (fast.state, fast.reason, fast.key)
    if standard.state != "changed":
        return standard.state == "skipped"
    assert standard.line is not None
    _check_items(json.loads(data), json.loads(standard.line))
    return True


def _check_items(before: dict[str, Any], after: dict[str, Any]) -> None:
    for member in ("Item", "NewImage", "OldImage"):
        if member in after:
            plaintext = from_stream_image(before[member])
            stored = from_stream_image(after[member])
            assert _bytes_of(NEW.decrypt_item(stored)) == _bytes_of(PLAIN.decrypt_item(plaintext))


def _bytes_of(item: dict[str, Any]) -> dict[str, tuple[bytes, bytes]]:
    return {name: serialize(value) for name, value in item.items()}
