"""VCR.py records what DynamoDB and KMS answered and replays it: how a request is found again."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
import vcr
from boto3.dynamodb.conditions import Key
from botocore.exceptions import HTTPClientError

from dynaseal import AwsKmsKeyring, EncryptedTable, TableConfig
from dynaseal_lab.testing import LabAccount
from support.people import ACTIONS, people

ANN = {"pk": "ann", "secret": "the secret", "city": "Bern"}
BOB = {"pk": "bob", "secret": "of bob", "city": "Basel"}
CREDENTIALS = ["authorization", "x-amz-security-token"]


def called(request: Any) -> tuple[str, Any]:
    """Return a request's operation, table and key: what is the same each time, unlike ciphertext."""
    operation = request.headers["X-Amz-Target"]
    body = json.loads(request.body)
    key = body.get("Key") or body.get("Item", {}).get("pk") or body.get("ExpressionAttributeValues")
    return operation.decode() if isinstance(operation, bytes) else operation, (body.get("TableName"), key)


def same_call(one: Any, other: Any) -> None:
    assert called(one) == called(other)


@pytest.fixture
def plain(lab: LabAccount) -> Any:
    """A boto3 Table, whose client does not try again when it is refused."""
    lab.table("people", "pk")
    return lab.resource("dynamodb").Table("people")


def cassette(path: Path, mode: str, *match_on: str) -> Any:
    """Record to or replay from a file; `match_on` says in what a request must be like the recorded one."""
    recorder = vcr.VCR()
    recorder.register_matcher("same_call", same_call)
    return recorder.use_cassette(
        str(path), record_mode=vcr.mode(mode), filter_headers=CREDENTIALS, match_on=["host", *match_on]
    )


def write_and_read(table: EncryptedTable) -> list[Any]:
    table.put_item(Item=ANN)
    table.put_item(Item=BOB)
    found = table.query(KeyConditionExpression=Key("pk").eq("bob"))["Items"]
    return [table.get_item(Key={"pk": "ann"})["Item"], *found]


@pytest.mark.parametrize("match_on", [("method", "path"), ("same_call",)], ids=["in order", "by the call"])
def test_a_recorded_program_is_replayed(plain: Any, tmp_path: Path, match_on: tuple[str, ...]) -> None:
    path = tmp_path / "people.yaml"
    with cassette(path, "once", *match_on):
        assert write_and_read(EncryptedTable(plain, config=people())) == [ANN, BOB]
    plain.delete_item(Key={"pk": "ann"})  # so that a request which reached DynamoDB would find nothing
    with cassette(path, "none", *match_on) as replayed:
        assert write_and_read(EncryptedTable(plain, config=people())) == [ANN, BOB]
        assert replayed.all_played


def test_a_write_does_not_match_by_its_body_because_its_ciphertext_is_new(plain: Any, tmp_path: Path) -> None:
    table = EncryptedTable(plain, config=people())
    path = tmp_path / "people.yaml"
    with cassette(path, "once", "body"):
        write_and_read(table)
    with cassette(path, "none", "body"):
        assert table.get_item(Key={"pk": "ann"})["Item"] == ANN
        with pytest.raises(HTTPClientError, match="closest differ in body"):
            table.put_item(Item=ANN)


def test_by_the_call_requests_are_found_in_any_order(plain: Any, tmp_path: Path) -> None:
    table = EncryptedTable(plain, config=people())
    path = tmp_path / "people.yaml"
    with cassette(path, "once", "same_call"):
        write_and_read(table)
        table.get_item(Key={"pk": "bob"})
    with cassette(path, "none", "same_call"):
        assert table.get_item(Key={"pk": "bob"})["Item"] == BOB
        assert table.get_item(Key={"pk": "ann"})["Item"] == ANN


def test_a_cassette_has_no_plaintext_under_a_raw_key(plain: Any, tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    with cassette(path, "once", "same_call"):
        write_and_read(EncryptedTable(plain, config=people()))
    recorded = path.read_text(encoding="utf-8")
    assert "the secret" not in recorded
    assert "Bern" in recorded


def test_a_cassette_of_kms_replays_and_has_the_data_keys(
    lab: LabAccount, lab_key: str, plain: Any, tmp_path: Path
) -> None:
    config = TableConfig(
        "people",
        "pk",
        attribute_actions=ACTIONS,
        allowed_unsigned_attributes=["memo"],
        keyring=AwsKmsKeyring(lab_key, client=lab.client("kms")),
    )
    table = EncryptedTable(plain, config=config)
    path = tmp_path / "people.yaml"
    with cassette(path, "once", "method") as recorded:
        table.put_item(Item=ANN)
        assert table.get_item(Key={"pk": "ann"})["Item"] == ANN
    data_keys = [
        b64decode(body["Plaintext"])
        for body in (json.loads(reply["body"]["string"]) for reply in recorded.responses)
        if "Plaintext" in body
    ]
    assert [len(key) for key in data_keys] == [32, 32]
    lab.client("kms").disable_key(KeyId=lab_key)
    with cassette(path, "none", "method") as replayed:
        table.put_item(Item=ANN)
        assert table.get_item(Key={"pk": "ann"})["Item"] == ANN
        assert replayed.all_played
