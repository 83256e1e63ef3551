"""`dynaseal policy`: JSON, Terraform, and wrong usage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dynaseal.cli.main import main

PROGRAM = """
from dynaseal import AttributeActions, AwsKmsKeyring, RawAesKeyring, TableConfig

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
people = TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=AwsKmsKeyring(ARN))
by_alias = TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=AwsKmsKeyring("alias/a"))
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tables.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str, config: str = "tables.py:people") -> Result:
    return CliRunner().invoke(main, ["policy", config, *arguments])


@pytest.mark.parametrize("role", ["reader", "writer", "migrator", "key-admin"])
def test_each_role_has_an_iam_and_a_key_policy(role: str) -> None:
    result = run("--role", role)
    assert result.exit_code == 0, result.output
    policies = json.loads(result.stdout)
    assert sorted(policies) == ["iam", "key"]
    assert all(policies[name]["Statement"] for name in policies)


def test_options_reach_the_policies() -> None:
    principal = "arn:aws:iam::444455556666:role/reader"
    arguments = ["--tenant", "pk=acme", "--principal", principal, "--table", "other"]
    policies = json.loads(run("--role", "reader", *arguments).stdout)
    (table,) = policies["tables"]
    assert table == "arn:aws:dynamodb:us-west-2:111122223333:table/other"
    assert "dynamodb:LeadingKeys" in json.dumps(policies["iam"])
    assert principal in json.dumps(policies["key"])


def test_terraform() -> None:
    result = run("--role", "reader", "--format", "terraform")
    assert 'resource "aws_iam_policy" "people_reader" {' in result.stdout
    assert 'data "aws_iam_policy_document" "people_reader_key" {' in result.stdout


@pytest.mark.parametrize("arguments", [(), ("--role", "owner"), ("--role", "reader", "--tenant", "acme")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_configuration_without_a_policy_fails_with_a_hint() -> None:
    result = run("--role", "reader", config="tables.py:by_alias")
    assert result.exit_code == 1
    assert "'alias/a' is not the ARN of a KMS key" in result.stderr
    assert "Hint: Name the key by its ARN" in result.stderr
