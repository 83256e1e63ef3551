"""AWS JSON: reading and writing by botocore's shapes; a malformed body is a SerializationException."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal_lab.model import Fault, RawReply
from dynaseal_lab.wire import json_rpc
from dynaseal_lab.wire.faults import json_fault
from dynaseal_lab.wire.http import Request


def read(operation: str, content: object, service: str = "kms") -> Mapping[str, Any]:
    return json_rpc.read(service, operation, json.dumps(content).encode())


def fault_of(body: bytes, operation: str = "Encrypt", service: str = "kms") -> Fault:
    with pytest.raises(Fault) as caught:
        json_rpc.read(service, operation, body)
    return caught.value


def test_a_target_names_service_and_operation() -> None:
    def target(value: str) -> tuple[str, str]:
        return json_rpc.target(Request(method="POST", path="/", query="", headers={"x-amz-target": value}))

    assert target("TrentService.Decrypt") == ("kms", "Decrypt")
    assert target("DynamoDB_20120810.GetItem") == ("dynamodb", "GetItem")
    assert target("DynamoDBStreams_20120810.GetRecords") == ("dynamodbstreams", "GetRecords")


@pytest.mark.parametrize(
    "target", ["", "TrentService", "TrentService.", "TrentService.GetItem", "S3.GetObject"]
)
def test_an_unknown_target_is_an_unknown_operation(target: str) -> None:
    with pytest.raises(Fault) as caught:
        json_rpc.target(Request(method="POST", path="/", query="", headers={"x-amz-target": target}))
    assert caught.value.code == "UnknownOperationException"


def test_blobs_become_bytes_and_times_become_datetimes() -> None:
    assert read("Encrypt", {"KeyId": "k", "Plaintext": "AQI="}) == {"KeyId": "k", "Plaintext": b"\x01\x02"}
    assert read("ImportKeyMaterial", {"ValidTo": 0})["ValidTo"] == datetime(1970, 1, 1, tzinfo=UTC)


def test_unknown_and_null_members_are_dropped() -> None:
    assert read("Encrypt", {"KeyId": "k", "Nonsense": 1, "GrantTokens": None}) == {"KeyId": "k"}


def test_an_empty_body_has_no_parameters() -> None:
    assert json_rpc.read("kms", "ListKeys", b"") == {}


def test_dynamodbs_bodies_are_handed_on_unchanged() -> None:
    body = {"Item": {"a": {"B": "AQI="}}}
    assert read("PutItem", body, "dynamodb") == body


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"nothing",
        b"\xff",
        b'{"KeyId": NaN}',
        b"[" * 100_000,
        b'{"KeyId": "\\ud800"}',
        b'{"KeyId": 1}',
        b'{"KeyId": true}',
        b'{"KeyId": {}}',
        b'{"Plaintext": "!"}',
        b'{"GrantTokens": "a"}',
        b'{"GrantTokens": {}}',
        b'{"EncryptionContext": []}',
        b'{"EncryptionContext": {"a": 1}}',
        b'{"DryRun": "true"}',
        b'{"DryRun": 1}',
        b'{"KeyId": ' + b"1" * 5000 + b"}",
    ],
)
def test_a_body_that_does_not_fit_the_shape_is_a_serialization_exception(body: bytes) -> None:
    assert fault_of(body).code == "SerializationException"


@given(st.binary(max_size=200))
def test_no_body_raises_anything_but_a_fault(body: bytes) -> None:
    with suppress(Fault):
        json_rpc.read("kms", "Encrypt", body)


def test_a_reply_is_written_with_base64_and_seconds_since_1970() -> None:
    reply = {"Plaintext": b"\x01\x02", "Created": datetime(2026, 1, 1, tzinfo=UTC)}
    response = json_rpc.write("kms", reply, "id")
    assert json.loads(response.body) == {"Plaintext": "AQI=", "Created": 1767225600.0}
    assert response.headers["content-type"] == "application/x-amz-json-1.1"
    assert response.headers["x-amzn-requestid"] == "id"


def test_a_raw_reply_is_sent_unchanged_with_its_crc() -> None:
    response = json_rpc.write("dynamodb", RawReply(b'{"a":1}', 400), "id")
    assert (response.status, response.body) == (400, b'{"a":1}')
    assert response.headers["x-amz-crc32"] == "1444654255"
    assert response.headers["content-type"] == "application/x-amz-json-1.0"


def test_a_fault_has_type_message_and_the_members_of_its_shape() -> None:
    fault = Fault("ConditionalCheckFailedException", "The conditional request failed", details={"Item": {}})
    response = json_fault(fault, "id")
    assert response.status == 400
    assert json.loads(response.body) == {
        "__type": "ConditionalCheckFailedException",
        "message": "The conditional request failed",
        "Item": {},
    }
