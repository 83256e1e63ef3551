"""`dynaseal cost`: the text, the JSON, and an item of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dynaseal.cli.main import main

PROGRAM = """
from dynaseal import AttributeActions, AwsKmsKeyring, TableConfig

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
people = TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=AwsKmsKeyring(ARN))
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tables.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    counts = ["--items", "1000", "--reads", "1000000", "--writes", "10000"]
    return CliRunner().invoke(main, ["cost", "tables.py:people", *counts, *arguments])


def test_the_text_has_calls_money_sizes_and_sources() -> None:
    result = run()
    assert result.exit_code == 0, result.output
    assert "1,000,000 Decrypt" in result.stdout
    assert "$3.00" in result.stdout
    assert "encryption costs $4.03 per month" in result.stdout
    assert "2026-03, https://aws.amazon.com/kms/pricing/" in result.stdout


def test_the_json_has_the_same() -> None:
    estimate = json.loads(run("--json").stdout)
    assert [usage["calls"] for usage in estimate["kms"]] == [1_000_000, 10_000]
    assert estimate["added_dollars"] == pytest.approx(4.03, abs=0.01)
    assert {price["source"] for price in estimate["prices"]} == {
        "https://aws.amazon.com/kms/pricing/",
        "https://aws.amazon.com/dynamodb/pricing/on-demand/",
    }


def test_an_item_of_one_s_own_is_measured(tmp_path: Path) -> None:
    (tmp_path / "items.jsonl").write_text(json.dumps({"pk": "x", "notes": "y" * 5000}) + "\n")
    estimate = json.loads(run("--json", "--item", "items.jsonl").stdout)
    assert estimate["sizes"]["plain"] == 2 + 1 + 5 + 5000
    (tmp_path / "items.jsonl").write_text("")
    assert "items.jsonl has no item" in run("--item", "items.jsonl").stderr


def test_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["cost", "tables.py:people"]).exit_code == 2
    assert run("--processes", "0").exit_code == 2
