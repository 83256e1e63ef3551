"""`dynaseal doctor`: what is printed, and the exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import boto3
import pytest
from click.testing import CliRunner, Result

from dynaseal.cli.main import main
from dynaseal.native import engine_name
from dynaseal_lab.testing import LabAccount, LabPrincipal, LabServer

PROGRAM = """
from dynaseal import AttributeActions, CryptoAction, RawAesKeyring, TableConfig

actions = AttributeActions(CryptoAction.ENCRYPT_AND_SIGN)
people = TableConfig("people", "pk", attribute_actions=actions, keyring=RawAesKeyring("n", "k", bytes(32)))
"""


@pytest.fixture
def lab(lab_server: LabServer) -> LabAccount:
    return lab_server.new_account()


@pytest.fixture(autouse=True)
def program(lab: LabAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tables.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    lab.table("people")
    act_as(lab.root, monkeypatch)


def act_as(principal: LabPrincipal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials that it found first
    for name, value in principal.settings.items():
        monkeypatch.setenv(name, value)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["doctor", "people", "--config", "tables.py:people", *arguments])


def test_a_healthy_table_prints_the_engine_and_one_line() -> None:
    result = run()
    expected = f"engine: {engine_name()}\nnothing found; 0 stored items looked at\n"
    assert (result.exit_code, result.stdout) == (0, expected)
    assert json.loads(run("--json").stdout) == {
        "table": "people",
        "items": 0,
        "findings": [],
        "not_checked": [],
        "engine": engine_name(),
    }


def test_an_error_is_printed_with_what_to_do_and_exit_code_1(lab: LabAccount) -> None:
    lab.client("dynamodb").put_item(TableName="people", Item={"pk": {"S": "\x1b[2J"}})
    result = run()
    assert result.exit_code == 1
    assert "error    plaintext: people\n" in result.stdout
    assert "Items are not encrypted (1 of 1 items, such as pk='\\x1b[2J')." in result.stdout
    assert "To do: Encrypt them with dynaseal migrate" in result.stdout
    (finding,) = json.loads(run("--json").stdout)["findings"]
    assert (finding["code"], finding["severity"]) == ("plaintext", "error")


def test_what_may_not_be_looked_at_is_printed_with_the_permission(
    lab: LabAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    act_as(lab.user("app").may("dynamodb:DescribeTable"), monkeypatch)
    result = run()
    assert result.exit_code == 0
    assert "not checked: people\n" in result.stdout
    assert "(needs dynamodb:Scan)." in result.stdout
    assert "(needs iam:SimulatePrincipalPolicy)." in result.stdout
    assert result.stdout.endswith("nothing found in what could be checked; 0 stored items looked at\n")


def test_a_role_limits_which_permissions_are_needed(lab: LabAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    user = lab.user("app").may(
        "dynamodb:BatchGetItem",
        "dynamodb:Describe*",
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:Scan",
        "iam:SimulatePrincipalPolicy",
    )
    act_as(user, monkeypatch)
    assert run("--role", "reader").exit_code == 0
    assert "error    permission: dynamodb:PutItem on arn:aws:dynamodb:" in run().stdout


def test_a_configuration_that_cannot_write_is_an_error_for_a_writer(tmp_path: Path) -> None:
    keyring = 'keyring=RawAesKeyring("n", "k", bytes(32))'
    (tmp_path / "tables.py").write_text(
        PROGRAM.replace(keyring, "keyring=AwsKmsDiscoveryKeyring()").replace(
            "RawAesKeyring", "AwsKmsDiscoveryKeyring"
        )
    )
    result = run("--role", "writer")
    assert result.exit_code == 1
    assert "error    cannot-write: people\n" in result.stdout
    assert run("--role", "reader").exit_code == 0


def test_a_configuration_that_does_not_exist_is_wrong_usage() -> None:
    result = CliRunner().invoke(main, ["doctor", "people", "--config", "tables.py:nobody"])
    assert result.exit_code == 2
    assert "tables.py has no nobody. Its configurations are people." in result.stderr


@pytest.mark.parametrize(
    ("changes", "code", "action"),
    [
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "region", "Set AWS_REGION or AWS_DEFAULT_REGION"),
        ({"AWS_PROFILE": "nobody"}, "credentials", "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID"),
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODY"}, "credentials", "Check the access key id and the endpoint"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "credentials", "Set AWS_PROFILE, or"),
    ],
)
def test_settings_that_are_missing_or_wrong_are_found(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], code: str, action: str
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    for name, value in changes.items():
        if value:
            monkeypatch.setenv(name, value)
        else:
            monkeypatch.delenv(name)
    result = run("--json")
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["code"] == code
    assert finding["action"].startswith(action)
