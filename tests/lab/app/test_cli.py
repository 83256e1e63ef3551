"""`dynaseal lab` on the command line: its commands, their output and their errors."""

import json
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import boto3
import click
import pytest
from click.testing import CliRunner, Result

from dynaseal.cli import main as cli
from dynaseal.errors import ConfigError
from dynaseal_lab.testing import LabAccount, LabPrincipal

Run = Callable[..., Result]
"""Runs `dynaseal` with arguments."""


@pytest.fixture
def run(account: LabAccount, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return a function that runs `dynaseal` as root, with profile files in a temporary folder."""
    for name, value in account.root.settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "aws" / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "aws" / "credentials"))

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli.main, arguments)

    return run


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("lab",),
        ("lab", "serve"),
        ("lab", "trail"),
        ("lab", "users"),
        ("lab", "credentials"),
        ("lab", "run"),
        ("lab", "as"),
        ("lab", "clock"),
        ("lab", "explain"),
        ("lab", "scp"),
        ("lab", "who-can"),
    ],
)
def test_every_command_has_help_with_an_example(run: Run, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Example: " in result.output


def test_users_are_listed_with_their_groups_policies_and_keys(run: Run, account: LabAccount) -> None:
    ann = account.user("ann", {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    listed = json.loads(run("lab", "users", "--json").stdout)
    assert listed == [
        {
            "name": "ann",
            "arn": f"arn:aws:iam::{account.number}:user/ann",
            "groups": [],
            "policies": ["inline"],
            "access_keys": [f"{ann.access_key_id} (active)"],
        }
    ]
    assert f"arn:aws:iam::{account.number}:user/ann" in run("lab", "users").stdout


def test_credentials_are_printed_as_exports_that_work(run: Run, account: LabAccount) -> None:
    account.client("iam").create_user(UserName="ann")
    exports = dict(
        line.removeprefix("export ").split("=", 1)
        for line in run("lab", "credentials", "ann").stdout.split("\n")
        if line
    )
    ann = LabPrincipal(f"arn:aws:iam::{account.number}:user/ann", exports)
    assert ann.client("sts").get_caller_identity()["Arn"].endswith("user/ann")


def test_credentials_as_a_profile_are_for_their_owner_only(
    run: Run, account: LabAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.client("iam").create_user(UserName="ann")
    folder = tmp_path / "aws"
    folder.mkdir()
    (folder / "credentials").write_text("# a comment\n[other]\naws_access_key_id = x\n")
    for _ in range(2):
        assert run("lab", "credentials", "ann", "--profile", "demo").exit_code == 0
    for name in ("credentials", "config"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    text = (folder / "credentials").read_text()
    assert text.startswith("# a comment\n[other]\naws_access_key_id = x\n")
    assert text.count("[demo]") == 1
    for name in account.root.settings:
        monkeypatch.delenv(name)
    sts = boto3.Session(profile_name="demo").client("sts")
    assert sts.get_caller_identity()["Arn"].endswith("user/ann")


@pytest.mark.parametrize("name", ["credentials", "config"])
def test_a_profile_that_cannot_be_written_leaves_the_access_keys_as_they_are(
    run: Run, account: LabAccount, tmp_path: Path, name: str
) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="ann")
    assert run("lab", "credentials", "ann", "--profile", "demo").exit_code == 0
    before = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    file = tmp_path / "aws" / name
    file.write_text(file.read_text() + "\n[other]\n[other]\n")
    result = run("lab", "credentials", "ann", "--profile", "demo")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"Error: {file} cannot be read by AWS's tools: line 6 repeats a section or a setting",
        "Hint: Correct the file, and repeat the command",
    ]
    assert run("lab", "credentials", "ann", "--profile", "DEFAULT").exit_code == 1
    assert iam.list_access_keys(UserName="ann")["AccessKeyMetadata"] == before


def test_a_third_access_key_says_what_to_do(run: Run, account: LabAccount) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="ann")
    older, newer = (iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"] for _ in range(2))
    for command in (("credentials", "ann"), ("credentials", "ann", "--profile", "x"), ("as", "ann", "true")):
        result = run("lab", *command)
        assert result.exit_code == 1
        assert result.stderr.splitlines() == [
            f"Error: ann has 2 access keys already, which is IAM's limit: {older}, {newer}",
            "Hint: Replace the oldest: dynaseal lab credentials ann --replace",
        ]
    assert run("lab", "credentials", "ann", "--replace").exit_code == 0
    left = {key["AccessKeyId"] for key in iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]}
    assert newer in left
    assert older not in left


@pytest.mark.parametrize("keys_before", [0, 1])
def test_a_replaced_profile_leaves_no_access_key_behind(
    run: Run, account: LabAccount, keys_before: int
) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="ann")
    for _ in range(keys_before):
        iam.create_access_key(UserName="ann")
    for _ in range(4):
        assert run("lab", "credentials", "ann", "--profile", "ann").exit_code == 0
    assert len(iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]) == keys_before + 1


def test_the_trail_shows_what_was_denied(run: Run, account: LabAccount) -> None:
    iam = account.user("ann").client("iam")
    with pytest.raises(iam.exceptions.ClientError):
        iam.list_users()
    events = json.loads(run("lab", "trail", "--denied", "--json").stdout)
    assert [event["action"] for event in events] == ["iam:ListUsers"]
    shown = run("lab", "trail", "--denied").stdout
    (denial,) = [line for line in shown.splitlines() if "DENIED" in line]
    assert denial.split()[1:] == ["DENIED", "iam:ListUsers", "user/ann", "on", "user/"]
    assert "no identity policy allows it" in shown
    assert f"request {events[0]['request_id']}" in shown
    assert "iam:CreateUser" not in shown
    assert "iam:CreateUser" in run("lab", "trail").stdout


def test_the_trail_explains_why_no_statement_applies(run: Run, account: LabAccount) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    only_hr = {"StringEquals": {"kms:EncryptionContext:dept": ["hr", "it"]}}
    allowed = {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*", "Condition": only_hr}
    never = {"Effect": "Deny", "Action": "kms:Decrypt", "Resource": key, "Sid": "Never"}
    kms = account.user("ann", allowed, never).client("kms")
    with pytest.raises(kms.exceptions.ClientError) as caught:
        kms.encrypt(KeyId=key, Plaintext=b"the plaintext", EncryptionContext={"dept": "pr"})
    encrypted = kms.encrypt(KeyId=key, Plaintext=b"the plaintext", EncryptionContext={"dept": "hr"})
    with pytest.raises(kms.exceptions.ClientError):
        kms.decrypt(CiphertextBlob=encrypted["CiphertextBlob"], EncryptionContext={"dept": "hr"})
    first, second = json.loads(run("lab", "trail", "--denied", "--json").stdout)
    assert first["request_id"] == caught.value.response["ResponseMetadata"]["RequestId"]
    difference = 'StringEquals kms:EncryptionContext:dept "hr" or "it" does not hold, the request has "pr"'
    shown = run("lab", "trail", "--denied").stdout.splitlines()
    assert all(len(line) <= 80 for line in shown)
    # A line that is indented further continues the one before it.
    lines = "\n".join(shown).replace("\n           ", " ").splitlines()
    about_key = f"user/ann on key/{key.rpartition('/')[2]}"
    explanation = [line.strip() for line in lines if line.startswith(" ")]
    assert [line for line in explanation if line != about_key] == [
        "encryption context: dept=pr",
        "no identity policy allows it",
        f"Allow ann/inline #0: condition {difference}",
        f"request {first['request_id']}",
        "encryption context: dept=hr",
        "an identity policy denies it",
        "Deny ann/inline Never",
        f"request {second['request_id']}",
    ]
    assert "the plaintext" not in run("lab", "trail", "--json").stdout


def test_a_call_with_a_missing_resource_is_in_the_trail_as_failed_or_as_denied(
    run: Run, account: LabAccount, other_account: LabAccount
) -> None:
    kms = account.client("kms")
    own = f"arn:aws:kms:eu-west-1:{account.number}:key/none"
    others = f"arn:aws:kms:eu-west-1:{other_account.number}:key/none"
    for key in (own, others):
        with pytest.raises(kms.exceptions.ClientError):
            kms.encrypt(KeyId=key, Plaintext=b"the plaintext")
    events = json.loads(run("lab", "trail", "--json").stdout)
    assert [(event["outcome"], event["action"], event["resource"]) for event in events] == [
        ("failed", "kms:Encrypt", own),
        ("denied", "kms:Encrypt", others),
    ]
    assert "the plaintext" not in str(events)


def test_the_trail_is_followed_until_ctrl_c(account: LabAccount) -> None:
    account.client("sts").get_caller_identity()
    # Under a shell's background job Ctrl-C is ignored, and a child inherits that.
    handle_ctrl_c = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    command = [sys.executable, "-c", f"{handle_ctrl_c}; from dynaseal.cli.main import main; main()"]
    command += ["lab", "trail", "--follow", "--json"]
    root = account.root.environment
    with subprocess.Popen(command, env=root, stdout=subprocess.PIPE, text=True) as following:
        try:
            assert following.stdout is not None
            assert json.loads(following.stdout.readline())["action"] == "sts:GetCallerIdentity"
            account.client("iam").list_users()
            assert json.loads(following.stdout.readline())["action"] == "iam:ListUsers"
            following.send_signal(signal.SIGINT)
            assert following.wait(timeout=30) == 0
        finally:
            following.kill()


def test_only_root_may_read_the_trail(run: Run, account: LabAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in account.user("ann").settings.items():
        monkeypatch.setenv(name, value)
    result = run("lab", "trail")
    assert (result.exit_code, result.stderr) == (1, "Error: Only an account's root may read its trail\n")


def test_a_refusal_is_one_line_and_exit_code_1(run: Run) -> None:
    result = run("lab", "credentials", "nobody")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: An error occurred (NoSuchEntity) when calling the CreateAccessKey operation: "
        "The user with name nobody cannot be found.\n"
    )


def test_a_lab_that_does_not_run_is_one_line_and_a_hint(run: Run) -> None:
    result = run("lab", "users", "--endpoint", "http://127.0.0.1:1")
    assert result.exit_code == 1
    message, hint = result.stderr.splitlines()
    assert message.startswith("Error: Could not connect to the endpoint URL")
    assert hint.startswith("Hint: ")


def test_no_command_goes_to_another_machine(run: Run) -> None:
    result = run("lab", "users", "--endpoint", "https://iam.amazonaws.com")
    assert result.exit_code == 1
    assert result.stderr == (
        "Error: https://iam.amazonaws.com is not on this machine, so it is not a lab; "
        "use the endpoint that `dynaseal lab serve` printed\n"
    )


def test_a_missing_endpoint_is_wrong_usage(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    result = run("lab", "users")
    assert result.exit_code == 2
    assert "Start a lab with `dynaseal lab serve`" in result.stderr


def test_a_command_whose_package_is_missing_says_so_and_the_others_work(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = EntryPoint("missing", "package_that_is_not_there:command", cli.COMMANDS)
    monkeypatch.setattr(cli, "entry_points", lambda **_group: [missing])
    assert run("--help").exit_code == 0
    result = run("missing", "--anything")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Error: dynaseal missing needs the package package_that_is_not_there, which is not installed",
        "Hint: pip install 'dynaseal[cli,lab]'",
    ]


def test_an_error_of_the_library_is_printed_with_its_hint_and_its_reference(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def broken() -> None:
        raise ConfigError("The table has no keyring", hint="Give one")

    monkeypatch.setitem(cli.main.commands, "broken", broken)
    result = run("broken")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "Error: The table has no keyring",
        "Hint: Give one",
        "See: docs/reference/errors.md#config",
    ]
