"""`dynaseal lab who-can` and `dynaseal lab explain`: who may, and why the others may not."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dynaseal.cli import main as cli
from dynaseal_lab.testing import LabAccount
from lab.errors import client_error

Run = Callable[..., Result]
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture
def run(account: LabAccount, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `dynaseal lab` as the account's root."""
    for name, value in account.root.settings.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(cli.main, ["lab", *arguments])


def decisions(run: Run, *arguments: str) -> Mapping[str, Mapping[str, Any]]:
    """Return what was decided, by the name at the end of each principal's ARN."""
    result = run("who-can", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return {entry["principal"].split(":")[-1]: entry for entry in json.loads(result.stdout)["principals"]}


def allowed(run: Run, *arguments: str) -> set[str]:
    return {name for name, entry in decisions(run, *arguments).items() if entry["may"]}


def test_a_keys_users_are_listed_with_the_statement_or_the_gap(run: Run, account: LabAccount) -> None:
    key = account.key()
    hr = {"Condition": {"StringEquals": {"kms:EncryptionContext:dept": "hr"}}}
    account.user("ann").may("kms:Decrypt", resource=key, **hr)
    account.user("bob", {"Effect": "Deny", "Action": "kms:*", "Resource": "*", "Sid": "Never"})
    account.user("eve")
    found = decisions(run, "kms:Decrypt", key)
    assert {name for name, entry in found.items() if entry["may"]} == {"root"}
    difference = 'condition StringEquals kms:EncryptionContext:dept "hr" does not hold, the request has none'
    assert found["user/ann"]["statements"] == [f"Allow ann/may-0 #0: {difference}"]
    assert found["user/bob"]["statements"] == ["Deny bob/inline Never"]
    assert found["user/eve"]["reason"] == "no-identity-policy"
    assert found["user/eve"]["reason_in_words"] == "no identity policy allows it"
    context = ("--context", "kms:EncryptionContext:dept=hr")
    assert allowed(run, "kms:Decrypt", key, *context) == {"root", "user/ann"}
    trail = account.trail()
    assert [event for event in trail if event["action"] == "kms:Decrypt"] == []


def test_what_is_decided_is_what_happens(run: Run, account: LabAccount, other_account: LabAccount) -> None:
    ann, bob = account.user("ann"), other_account.user("bob", EVERYTHING)
    other_account.user("eve")
    key = account.key(
        {"Effect": "Allow", "Principal": {"AWS": account.number}, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"AWS": other_account.number},
            "Action": "kms:Encrypt",
            "Resource": "*",
        },
    )
    account.client("kms").create_grant(KeyId=key, GranteePrincipal=ann.arn, Operations=["Encrypt"])
    assert allowed(run, "kms:Encrypt", key) == {"root", "user/ann", "user/bob"}
    for user in (ann, bob):
        user.client("kms").encrypt(KeyId=key, Plaintext=b"x")


def test_keys_by_alias_tables_by_name_and_roles(run: Run, account: LabAccount) -> None:
    account.client("kms").create_alias(AliasName="alias/client", TargetKeyId=account.key())
    account.table("items")
    ann = account.user("ann", {"Effect": "Allow", "Action": "dynamodb:Get*", "Resource": "*"})
    leading = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}}
    account.user("bob").may("dynamodb:GetItem", Condition=leading)
    trust = {"Effect": "Allow", "Principal": {"AWS": ann.arn}, "Action": "sts:AssumeRole"}
    role = account.role("reader", trust, EVERYTHING)
    assert allowed(run, "kms:Encrypt", "alias/client") == {"root", "role/reader"}
    keys = ("--context", "dynamodb:LeadingKeys=ann")
    assert allowed(run, "dynamodb:GetItem", "items", *keys) == {"root", "role/reader", "user/ann"}
    assert allowed(run, "sts:AssumeRole", role) == {"user/ann"}
    assert allowed(run, "kms:CreateKey", "*") == {"root", "role/reader"}


def test_the_answer_for_people(run: Run, account: LabAccount) -> None:
    key = account.key()
    account.user("eve")
    shown = run("who-can", "kms:Decrypt", key).stdout.splitlines()
    assert shown[0] == f"kms:Decrypt on {key}"
    root, eve = (f"  arn:aws:iam::{account.number}:{name}" for name in ("root", "user/eve"))
    assert shown.index("may") < shown.index(root) < shown.index("may not") < shown.index(eve)
    assert shown[shown.index(eve) + 1] == "    no identity policy allows it"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("s3:GetObject", "*"), "s3:GetObject is not an action of DynamoDB, IAM, KMS or STS"),
        (("kms:Decrypt", "alias/none"), "is not found"),
        (("dynamodb:GetItem", "none"), "Requested resource not found"),
        (("kms:Decrypt", "*", "--context", "dept"), "A condition key is written KEY=VALUE, not dept"),
    ],
)
def test_a_question_that_has_no_answer(run: Run, arguments: tuple[str, ...], message: str) -> None:
    result = run("who-can", *arguments)
    assert result.exit_code == 1
    assert message in result.stderr


def test_only_root_may_ask_and_only_about_the_own_account(
    run: Run, account: LabAccount, other_account: LabAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("who-can", "kms:Decrypt", other_account.key()).exit_code == 1
    role = f"arn:aws:iam::{other_account.number}:role/reader"
    assert "belongs to another account" in run("who-can", "sts:AssumeRole", role).stderr
    for name, value in account.user("ann").settings.items():
        monkeypatch.setenv(name, value)
    assert "Only an account's root may see" in run("who-can", "kms:Decrypt", "*").stderr


def test_a_call_is_explained_by_its_request_id(run: Run, account: LabAccount) -> None:
    key, ann = account.key(), account.user("ann")
    encrypt = ann.client("kms").encrypt
    client_error(encrypt, KeyId=key, Plaintext=b"the plaintext", EncryptionContext={"dept": "hr"})
    [event] = [event for event in account.trail() if event["outcome"] == "denied"]
    for arguments in ((event["request_id"],), (event["request_id"][:13],), ()):
        shown = run("explain", *arguments).stdout
        for fact in (ann.arn, "kms:Encrypt", key, '{"dept": "hr"}', "no identity policy allows it"):
            assert fact in shown
        assert f"dynaseal lab who-can kms:Encrypt {key}" in shown
        assert "the plaintext" not in shown
    assert json.loads(run("explain", "--json").stdout) == [event]
    account.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    last = account.trail()[-1]["request_id"]
    shown = run("explain", last).stdout
    assert "allowed by" in shown
    assert "Enable IAM User Permissions" in shown


def test_a_call_that_the_trail_does_not_have(run: Run, account: LabAccount) -> None:
    assert "no call that was denied" in run("explain").stderr
    assert "no call with the request id 123" in run("explain", "123").stderr
    account.client("sts").get_caller_identity()
    account.client("sts").get_caller_identity()
    assert "calls have request ids that begin with" in run("explain", "").stderr
