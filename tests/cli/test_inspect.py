"""`dynaseal inspect`: an item of a table, a file or standard input, as text and as JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

from dynaseal import (
    AttributeActions,
    AwsKmsKeyring,
    CryptoAction,
    EncryptedTable,
    ItemEncryptor,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.cli.main import main

ACTIONS = AttributeActions(CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN})
SECRET = "behind the third stone"
CONFIG = """
from dynaseal import AttributeActions, CryptoAction, RawAesKeyring, TableConfig

people = TableConfig(
    "people",
    "pk",
    attribute_actions=AttributeActions(CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN}),
    keyring=RawAesKeyring("n", "k", bytes(32)),
)
"""


def become(user: str, *actions: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create a user who may do these actions, and use the user's credentials."""
    iam = boto3.client("iam")
    iam.create_user(UserName=user)
    document = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["inspect", *arguments], input=stdin)


def as_json(item: dict[str, Any]) -> str:
    def encoded(value: dict[str, Any]) -> dict[str, Any]:
        return {"B": b64encode(value["B"]).decode()} if "B" in value else value

    return json.dumps({"Item": {name: encoded(value) for name, value in item.items()}})


def stored_item() -> dict[str, Any]:
    config = TableConfig(
        "people", "pk", attribute_actions=ACTIONS, keyring=RawAesKeyring("n", "k", bytes(32))
    )
    return ItemEncryptor(config).encrypt_item({"pk": {"S": "ann"}, "secret": {"S": SECRET}})


@pytest.fixture
def _table(account: str) -> None:  # noqa: ARG001 the account's root is in the environment
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    table = boto3.resource("dynamodb").create_table(
        TableName="people",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "n", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    encrypted = EncryptedTable(table, AwsKmsKeyring(key), attribute_actions=ACTIONS)
    encrypted.put_item(Item={"pk": "ann", "n": 1, "secret": SECRET})


@pytest.mark.usefixtures("_table")
def test_an_item_of_a_table_is_shown_beside_its_plaintext() -> None:
    result = run("people", "pk=ann", "n=1")
    assert result.exit_code == 0, result.output
    assert "people  pk='ann' n=1" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80
    for word in ("message id", "legend", "wrapped key 1: key", "commitment", "signature", "arn:aws:kms:"):
        assert word in result.stdout
    assert "Verified: the item is as its writer wrote it." in result.stdout
    assert "behind the" in result.stdout


@pytest.mark.usefixtures("_table")
def test_json_has_the_same() -> None:
    printed = json.loads(run("people", "pk=ann", "n=1", "--json").stdout)
    attributes = {attribute["name"]: attribute for attribute in printed["attributes"]}
    assert printed["plaintext"] == {"shown": True}
    assert attributes["secret"]["plaintext"] == {"S": SECRET}
    assert printed["encryption_context"]["aws-crypto-table-name"] == "people"
    assert "".join(each["bytes"] for each in printed["header"]).startswith("0101")


@pytest.mark.usefixtures("_table")
def test_a_refusal_of_kms_is_shown_in_its_words_beside_the_stored_item(
    account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="bob")
    statement = {"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:DescribeTable"], "Resource": "*"}
    iam.put_user_policy(
        UserName="bob", PolicyName="read", PolicyDocument=json.dumps({"Statement": [statement]})
    )
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)

    result = run("people", "pk=ann", "n=1")

    text = " ".join(result.stdout.split())
    assert result.exit_code == 0, result.output
    assert f"User: arn:aws:iam::{account}:user/bob is not authorized to perform: kms:Decrypt" in text
    assert "cannot be shown" in " ".join(re.sub("[│┃]", " ", text).split())
    assert SECRET not in text


@pytest.mark.usefixtures("_table")
def test_an_item_that_is_not_there_is_an_error() -> None:
    result = run("people", "pk=nobody", "n=1")
    assert result.exit_code == 1
    assert "there is no such item" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["people", "pk=ann"], "The key of the table people is written pk=VALUE n=VALUE"),
        (["people", "pk=ann", "n=x"], "is a number"),
        ([], "Give TABLE and KEY"),
        (["-", "pk=ann"], "give only one"),
        (["people", "--config", "nothing.py:x"], "There is no file nothing.py"),
    ],
)
@pytest.mark.usefixtures("_table")
def test_wrong_usage_says_what_to_write(arguments: list[str], message: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, message in result.stderr) == (2, True), result.output


def test_a_file_is_read_with_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tables.py").write_text(CONFIG)
    Path("item.json").write_text(as_json(stored_item()))
    result = run("--file", "item.json", "--config", "tables.py:people", "--json")
    attributes = {each["name"]: each["plaintext"] for each in json.loads(result.stdout)["attributes"]}
    assert attributes["secret"] == {"S": SECRET}


def test_standard_input_without_a_key_says_what_cannot_be_shown() -> None:
    result = run("-", stdin=as_json(stored_item()))
    assert result.exit_code == 0, result.output
    assert "Not decrypted: No key was given" in result.stdout
    assert "Hint: Pass --config MODULE:NAME" in result.stdout


@pytest.mark.parametrize(
    "content",
    ["", "[]", "5", '{"pk": {"S": "a"}}\n{"pk": {"S": "b"}}', '{"a":' * 100_000, "\ud800"],
)
def test_a_file_that_is_not_one_item_is_an_error(content: str, tmp_path: Path) -> None:
    file = tmp_path / "item.json"
    file.write_bytes(content.encode("utf-8", "surrogatepass"))
    result = run("--file", str(file))
    assert result.exit_code == 1
    assert "Hint: Give one item in DynamoDB JSON" in result.stderr


def test_hostile_items_are_shown_as_text() -> None:
    item = {
        "[bold]pk[/bold]": {"S": "\x1b[2J\r\n:smile: [red]x[/red]\u202e"},
        "secret": {"B": "not base64"},
        "many": {"S": "x" * 300_000},
        "python": 5,
        "aws_dbe_head": {"B": "AQE="},
        "\ud800": {"S": "\udfff"},
    }
    result = run("-", stdin=json.dumps({"Item": item}))
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "[bold]pk" in result.stdout
    assert "Damage: The item's header ends too early" in result.stdout
    assert len(result.stdout) < 20_000


@pytest.mark.usefixtures("_table")
def test_a_table_of_another_account_is_named_by_its_arn(monkeypatch: pytest.MonkeyPatch) -> None:
    client, kms = boto3.client("dynamodb"), boto3.client("kms")
    arn = client.describe_table(TableName="people")["Table"]["TableArn"]
    (key,) = kms.list_keys()["Keys"]
    other = "444455556666"
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{other}:root"}, "Resource": "*"}
    own = json.loads(kms.get_key_policy(KeyId=key["KeyId"], PolicyName="default")["Policy"])["Statement"]
    policy = {"Statement": [*own, {**statement, "Action": "kms:Decrypt"}]}
    kms.put_key_policy(KeyId=key["KeyId"], PolicyName="default", Policy=json.dumps(policy))
    items = {**statement, "Action": ["dynamodb:DescribeTable", "dynamodb:GetItem"], "Resource": arn}
    client.put_resource_policy(ResourceArn=arn, Policy=json.dumps({"Statement": [items]}))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", other)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    result = run(arn, "pk=ann", "n=1")
    assert "Verified" in result.stdout, result.output


@pytest.mark.usefixtures("_table")
@pytest.mark.parametrize("may_scan", [True, False])
def test_a_configuration_says_what_describe_table_may_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, may_scan: bool
) -> None:
    """The policy that `dynaseal policy` writes for a reader does not allow DescribeTable."""
    (tmp_path / "tables.py").write_text(CONFIG.replace('"pk",', '"pk", "n",'))
    actions = ["dynamodb:GetItem", *(["dynamodb:Scan"] if may_scan else [])]
    become("reader", *actions, monkeypatch=monkeypatch)
    result = run("people", "pk=ann", "n=1", "--config", f"{tmp_path}/tables.py:people")
    # Of which type a key is, only an item shows; DynamoDB says that it is not a string.
    expected = "aws_dbe_head" if may_scan else "ValidationException"
    assert expected in result.output
    without_configuration = run("people", "pk=ann", "n=1")
    assert "not authorized to perform: dynamodb:DescribeTable" in " ".join(
        without_configuration.stderr.split()
    )


@pytest.mark.parametrize("width", [20, 40, 59, 60, 80, 200])
def test_every_width_shows_the_whole_words(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run("-", stdin=as_json(stored_item())).stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    words = re.sub("[│┃]", " ", " ".join(lines)).split()
    assert {"encrypted,", "signed", "legend", "commitment"} <= {*words}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_an_encoding_does_not_have_is_escaped(encoding: str) -> None:
    command = [sys.executable, "-c", "from dynaseal.cli.main import main; main()", "inspect", "-"]
    done = subprocess.run(
        command,
        input=json.dumps({"pk": {"S": "\u6f22 \u0151"}, "\U0001f511": {"S": "x"}}).encode(),
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert ("\u6f22" if encoding == "utf-8" else "\\u6f22") in done.stdout.decode(encoding)
