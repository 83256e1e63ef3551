"""Service control policies: they limit everybody in the account, its root user too."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dynaseal.cli import main as cli
from dynaseal_lab.testing import LabAccount, policy
from lab.errors import client_error

Run = Callable[..., Result]
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NO_DELETION = {"Effect": "Deny", "Action": "kms:ScheduleKeyDeletion", "Resource": "*", "Sid": "Keep"}


@pytest.fixture
def run(account: LabAccount, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `dynaseal lab` as the account's root."""
    for name, value in account.root.settings.items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(cli.main, ["lab", *arguments])


def test_a_denial_binds_every_principal_of_the_account_and_of_no_other(
    run: Run, account: LabAccount, other_account: LabAccount, tmp_path: Path
) -> None:
    ann = account.user("ann", EVERYTHING)
    file = tmp_path / "keep-keys.json"
    file.write_text(policy(NO_DELETION))
    assert run("scp", str(file)).stdout == "FullAWSAccess\nkeep-keys\n"
    key = account.key()
    for kms in (account.client("kms"), ann.client("kms")):
        kms.describe_key(KeyId=key)
        code, message = client_error(kms.schedule_key_deletion, KeyId=key)
        assert code == "AccessDeniedException"
        assert message.endswith("with an explicit deny in a service control policy")
    other_account.client("kms").schedule_key_deletion(KeyId=other_account.key())
    assert "a service control policy denies it" in run("trail", "--denied").stdout
    shown = run("who-can", "kms:ScheduleKeyDeletion", key).stdout
    assert "may: nobody" in shown
    assert "Deny service control policy keep-keys Keep" in shown
    assert run("scp", "--clear").stdout == "no service control policies\n"
    ann.client("kms").schedule_key_deletion(KeyId=key)


def test_only_what_control_policies_allow_is_allowed(run: Run, account: LabAccount, tmp_path: Path) -> None:
    file = tmp_path / "kms.json"
    file.write_text(policy({"Effect": "Allow", "Action": "kms:*", "Resource": "*"}))
    run("scp", str(file), "--only")
    assert list(json.loads(run("scp", "--json").stdout)) == ["kms"]
    key = account.key()
    account.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    code, message = client_error(account.client("iam").list_users)
    assert code == "AccessDenied"
    assert message.endswith("because no service control policy allows the iam:ListUsers action")


def test_a_key_policy_that_names_the_caller_does_not_exempt_it(
    run: Run, account: LabAccount, tmp_path: Path
) -> None:
    ann = account.user("ann")
    administration = {
        "Effect": "Allow",
        "Principal": {"AWS": [ann.arn, account.number]},
        "Action": "kms:*",
        "Resource": "*",
    }
    key = account.key(administration)
    file = tmp_path / "no-decrypt.json"
    file.write_text(policy({"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"}))
    run("scp", str(file))
    assert client_error(ann.client("kms").encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"


def test_what_is_not_a_policy_is_refused_and_changes_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text("{}")
    result = run("scp", str(file))
    assert (result.exit_code, result.stderr) == (1, "Error: broken: Syntax errors in policy.\n")
    assert run("scp").stdout == "no service control policies\n"
    assert run("scp", str(file), "--clear").exit_code == 2


def test_only_root_may_set_control_policies(
    run: Run, account: LabAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in account.user("ann", EVERYTHING).settings.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "all.json"
    file.write_text(policy(EVERYTHING))
    assert "Only an account's root may set its service control policies" in run("scp", str(file)).stderr
