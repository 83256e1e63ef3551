"""`dynaseal plan`: where items come from, what is printed, and its errors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from dynaseal import ItemEncryptor, KeyStore, plan_beacon
from dynaseal.cli.main import main
from support.dynamodb import create_table
from support.people import people, person

PLAIN = [{"pk": str(at), "email": f"p{at % 40}@example.com", "age": at % 7} for at in range(120)]
WIRE = [{"pk": {"S": i["pk"]}, "email": {"S": i["email"]}, "age": {"N": str(i["age"])}} for i in PLAIN]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plan", *arguments])


def lines(path: Path, items: list[Any]) -> str:
    path.write_text("\n".join(map(json.dumps, items)) + "\n\n")
    return str(path)


@pytest.fixture
def here(session: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The lab as the environment of a command has it, which boto3's default session reads once."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", session["endpoint_url"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", session["region_name"])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session["aws_access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session["aws_secret_access_key"])
    return session


@pytest.mark.parametrize("spelled", [PLAIN, WIRE, [{"Item": item} for item in WIRE]])
def test_a_file_of_items_in_any_spelling_is_planned_as_the_function_does(
    tmp_path: Path, spelled: list[Any]
) -> None:
    file = lines(tmp_path / "items.jsonl", spelled)
    result = run("people", "--attribute", "email", "--file", file, "--json")
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    expected = plan_beacon(WIRE, "email")
    assert printed["table"] == "people"
    assert (printed["recommended"], printed["values"]) == (expected.recommended, 40)
    assert printed["lengths"][2]["false_positives"] == expected.lengths[2].false_positives


def test_the_text_shows_each_length_and_says_what_to_take(tmp_path: Path) -> None:
    file = lines(tmp_path / "items.jsonl", PLAIN)
    drawing = tmp_path / "plan.svg"
    result = run("people", "--attribute", "email", "--file", file, "--plot", str(drawing))
    assert result.exit_code == 0, result.output
    assert "A beacon over email of people: 40 values in 120 items" in result.stdout
    assert max(map(len, result.stdout.splitlines()[2:6])) <= 80
    assert "Recommended: 3 bits. 3 bits is the longest length" in result.stdout
    assert "The plot was written to" in result.stderr
    assert drawing.read_text().startswith("<svg ")


def test_a_table_is_sampled_and_scaled(here: dict[str, Any]) -> None:
    client = boto3.client("dynamodb", **here)
    name = create_table(client, "pk")
    for item in WIRE:
        client.put_item(TableName=name, Item=item)
    sampled = json.loads(run(name, "--attribute", "email", "--sample", "60", "--json").stdout)
    assert (sampled["sampled_items"], sampled["table_items"]) in ((60, 60), (60, 120))
    whole = json.loads(run(name, "--attribute", "email", "--table-items", "1200", "--json").stdout)
    assert (whole["sampled_items"], whole["table_items"]) == (120, 1200)


def test_the_tables_own_key_is_fetched_from_the_key_store(here: dict[str, Any], tmp_path: Path) -> None:
    kms = boto3.client("kms", **here)
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    store = KeyStore("keys", "logical", arn, dynamodb_client=boto3.client("dynamodb", **here), kms_client=kms)
    store.create_table()
    key_id = store.create_key()
    file = lines(tmp_path / "items.jsonl", PLAIN)
    options = ["--key-store", "keys", "--logical-key-store", "logical", "--beacon-key-id", key_id]
    result = run("people", "--attribute", "email", "--beacon", "mail", "--file", file, *options,
                 "--kms-key", arn, "--json")  # fmt: skip
    assert result.exit_code == 0, result.output
    printed = json.loads(result.stdout)
    key = store.get_beacon_key(key_id).beacon_key
    expected = plan_beacon(WIRE, "email", name="mail", beacon_key=key)
    assert printed["uses_own_key"] is True
    assert printed["lengths"][1]["found"] == expected.lengths[1].found


def test_encrypted_items_are_refused_with_what_to_do(tmp_path: Path) -> None:
    stored = ItemEncryptor(people()).encrypt_item(person())
    file = lines(tmp_path / "items.jsonl", [{n: v for n, v in stored.items() if "S" in v} | {
        "aws_dbe_head": {"B": "AQ=="}
    }])  # fmt: skip
    result = run("people", "--attribute", "secret", "--file", file)
    assert result.exit_code == 1
    assert (
        "The items of people are encrypted, so a beacon over 'secret' cannot be planned with them"
        in result.stderr
    )
    assert "Pass a file of plaintext items with --file" in result.stderr


@pytest.mark.parametrize("line", ["[1]", "nonsense", '{"a": {"B": "!"}, "b": {"S": "x"}}', '{"a": {"L": 3}}'])
def test_a_line_that_is_not_an_item_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "items.jsonl"
    path.write_text(f'{{"a": "x"}}\n{line}\n')
    result = run("people", "--attribute", "a", "--file", str(path))
    assert result.exit_code == 1
    assert f"{path}, line 2, is not an item" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ((), "Missing option '--attribute'"),
        (("--attribute", "a", "--sample", "0"), "not in the range"),
        (("--attribute", "a", "--file", "no such file"), "does not exist"),
        (("--attribute", "a", "--kms-key", "arn"), "must be given together"),
    ],
)
def test_wrong_usage_ends_in_2(more: tuple[str, ...], message: str) -> None:
    result = run("people", *more)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_sample_of_a_file_is_wrong_usage(tmp_path: Path) -> None:
    file = lines(tmp_path / "items.jsonl", PLAIN)
    assert run("people", "--attribute", "a", "--file", file, "--sample", "3").exit_code == 2


@pytest.mark.usefixtures("here")
def test_a_table_that_is_missing_ends_in_one_line() -> None:
    result = run("nowhere", "--attribute", "a")
    assert result.exit_code == 1
    assert "ResourceNotFoundException" in result.stderr


def test_an_empty_table_is_an_empty_sample(here: dict[str, Any]) -> None:
    name = create_table(boto3.client("dynamodb", **here), "pk")
    result = run(name, "--attribute", "email")
    assert result.exit_code == 1
    assert "The sample has no items" in result.stderr
