"""Requests and replies as AWS's Java release 3.9.0 handles them (`vectors/requests.json`), without beacons.

The cases of the kinds below come out the same whether the table has beacons or not, so its search
configuration is left out here; the beacon that is signed into items stands as a signed attribute.
"""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from dynaseal import CryptoAction, RawAesKeyring, TableConfig
from dynaseal.boto.interception.plaintext_tables import ALL_OTHER_TABLES
from dynaseal.boto.wrappers.client import EncryptedClient
from dynaseal.errors import DecryptError, UnsupportedOperationError
from support.added_conditions import with_added_conditions
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "requests.json").read_text())
KINDS = {"condition", "legacy", "partiql", "passthrough", "read", "update"}
SIGNED_BEACON = "PlaceKey"

REFUSED_HERE = {
    "r-condition-006": "size() of an encrypted attribute would be that of its ciphertext",
    "r-condition-019": "size() of an encrypted attribute would be that of its ciphertext",
    "r-condition-012": "nothing is below the ciphertext of an encrypted attribute",
    "r-condition-025": "nothing is below the ciphertext of an encrypted attribute",
    "r-update-023": "the condition would send the value it compares with in the clear, and never hold",
}
"""AWS's library sends these; DynamoDB would answer them otherwise than on the plaintext table."""

TABLES_REFUSED_HERE = {
    "r-passthrough-004": "takes the time to live from 'diagnosis'",
    "r-passthrough-005": "makes 'diagnosis' a key",
}
"""AWS's library sends these; the table could not hold or would not expire encrypted items."""

UPDATES_REFUSED_HERE = {
    "r-update-004": "touches 'stranger'.* has no action",
    "r-update-019": "touches 'aws_dbe_b_diagnosis'.* is reserved",
    "r-update-020": "touches 'aws_dbe_head'.* is reserved",
    "r-update-021": "touches 'memox'.* has no action",
    "r-update-022": "touches '#z'.* has no action",
}
"""AWS's library sends these; a put with the attribute is refused, and the item could not be read again."""

PARTS_REFUSED_HERE = {"r-legacy-012", "r-legacy-024", "r-read-003"}
"""AWS's library sends these, and refuses every item that they return, because it is a part of one."""

SENT_HERE = {"r-query-018"}
"""AWS's library refuses this: whether an encrypted attribute exists can be told without its value."""

CASES = [case for case in VECTORS["cases"] if case["kind"] in KINDS or case["config"] == "nosearch"]


def wire(value: Any) -> Any:
    """A member of a request or reply as botocore has it: items by name put in, binary as bytes."""
    if isinstance(value, list):
        return [wire(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "$item" in value:
        return wire(VECTORS["items"][value["$item"]])
    if value.keys() == {"B"}:
        return {"B": b64decode(value["B"])}
    return {name: wire(part) for name, part in value.items()}


def portable(value: Any) -> Any:
    """The same for a reply's body: items by name put in, binary as it is."""
    if isinstance(value, list):
        return [portable(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "$item" in value:
        return VECTORS["items"][value["$item"]]
    return {name: portable(part) for name, part in value.items()}


def fits(found: Any, expected: Any) -> bool:
    """Whether a request or reply is the expected one: `{"*": ...}` stands for what is random."""
    if isinstance(expected, dict) and "*" in expected:
        return isinstance(found, str) or set(found) == {"B"}
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(fits(found[name], expected[name]) for name in expected)
    if isinstance(expected, list) and all(isinstance(part, str) for part in expected):
        return sorted(found) == sorted(expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(fits, found, expected))
    return found == expected


def filled(message: dict[str, Any]) -> dict[str, Any]:
    """A message without empty members: Java's SDK does not tell them from absent ones."""
    return {name: part for name, part in message.items() if part not in ({}, [])}


def config(name: str) -> TableConfig:
    spec = VECTORS["configs"][name]
    key = VECTORS["keys"]["raw_aes"]
    actions = {**spec["actions"], SIGNED_BEACON: "SIGN_ONLY"}
    return TableConfig(
        spec["table"],
        spec["partition_key"],
        spec.get("sort_key"),
        attribute_actions={attribute: CryptoAction[action] for attribute, action in actions.items()},
        allowed_unsigned_attributes=spec["unsigned"],
        keyring=RawAesKeyring(key["namespace"], key["name"], bytes.fromhex(key["key_hex"])),
    )


CONFIGS = {name: config(name) for name in ("main", "nosearch")}


def call(case: dict[str, Any], stub: StubbedDynamoDb) -> dict[str, Any]:
    table_config = CONFIGS[case["config"]]
    client = EncryptedClient(
        stub.client(),
        configs={table_config.logical_table_name: table_config},
        plaintext_tables=ALL_OTHER_TABLES,
    )
    stub.reply(portable(case.get("response", {})))
    reply = getattr(client, xform_name(case["operation"]))(**wire(case["input"]))
    reply.pop("ResponseMetadata")
    return reply


def expected_request(case: dict[str, Any]) -> dict[str, Any]:
    """What AWS's library sends, with the condition that is added here to updates."""
    return with_added_conditions(case["operation"], filled(case["sent"]))


def identity(case: dict[str, Any]) -> str:
    return f"{case['id']} {case['note']}"


@pytest.mark.parametrize(
    "case",
    [
        c
        for c in CASES
        if c["expect"] == "sent"
        and c["id"]
        not in REFUSED_HERE.keys()
        | UPDATES_REFUSED_HERE.keys()
        | TABLES_REFUSED_HERE.keys()
        | PARTS_REFUSED_HERE
    ],
    ids=identity,
)
def test_a_request_leaves_and_its_reply_arrives_as_with_aws(case: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()
    reply = call(case, stub)
    assert [operation for operation, _ in stub.sent_requests] == [case["operation"]]
    assert fits(filled(stub.sent_requests[0][1]), expected_request(case))
    if "returned" in case:
        assert fits(filled(reply), filled(wire(case["returned"])))


@pytest.mark.parametrize(
    "case",
    [c for c in CASES if c["expect"] == "reject" and c["id"] not in PARTS_REFUSED_HERE | SENT_HERE],
    ids=identity,
)
def test_what_aws_refuses_is_refused_at_the_same_stage(case: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()
    with pytest.raises(UnsupportedOperationError if case["stage"] == "request" else DecryptError):
        call(case, stub)
    assert len(stub.sent_requests) == (0 if case["stage"] == "request" else 1)


@pytest.mark.parametrize("case", [c for c in CASES if c["id"] in PARTS_REFUSED_HERE], ids=identity)
def test_a_projection_that_can_only_fail_is_refused_although_aws_sends_it(case: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()
    with pytest.raises(UnsupportedOperationError, match="only whole items can be verified"):
        call(case, stub)
    assert stub.sent_requests == []


@pytest.mark.parametrize("case", [c for c in CASES if c["id"] in SENT_HERE], ids=identity)
def test_a_filter_on_existence_is_sent_although_aws_refuses_it(case: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()
    call(case, stub)
    assert [body for _, body in stub.sent_requests] == [case["input"]]


@pytest.mark.parametrize("case", [c for c in CASES if c["id"] in REFUSED_HERE], ids=identity)
def test_what_dynamodb_would_answer_wrongly_is_refused_although_aws_sends_it(case: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()
    with pytest.raises(UnsupportedOperationError, match="is encrypted"):
        call(case, stub)
    assert stub.sent_requests == []


@pytest.mark.parametrize("case", [c for c in CASES if c["id"] in UPDATES_REFUSED_HERE], ids=identity)
def test_an_update_is_refused_where_a_put_would_be_although_aws_sends_it(case: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()
    with pytest.raises(UnsupportedOperationError, match=UPDATES_REFUSED_HERE[case["id"]]):
        call(case, stub)
    assert stub.sent_requests == []


@pytest.mark.parametrize("case", [c for c in CASES if c["id"] in TABLES_REFUSED_HERE], ids=identity)
def test_a_table_that_encryption_would_break_is_refused_although_aws_sends_it(case: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()
    with pytest.raises(UnsupportedOperationError, match=TABLES_REFUSED_HERE[case["id"]]):
        call(case, stub)
    assert stub.sent_requests == []
