"""The lab's clock, moved forward: rotation, deletion and expiry happen, and clients need no change."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from dynaseal.cli import main as cli
from dynaseal_lab.testing import LabAccount
from lab.state.conftest import started

MoveClock = Callable[..., Any]
"""Moves the clock of an account's lab and returns the clock: `clock(account, "+91d")`."""


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> MoveClock:
    """Return a function that runs `dynaseal lab clock` as root."""

    def clock(account: LabAccount, *arguments: str) -> Any:
        for name, value in account.root.settings.items():
            monkeypatch.setenv(name, value)
        result = CliRunner().invoke(cli.main, ["lab", "clock", *arguments, "--json"])
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return clock


def error_code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    response: Any = caught.value.response
    return response["Error"]["Code"]


def test_a_key_that_has_rotated_decrypts_what_it_encrypted_before(state: Path, clock: MoveClock) -> None:
    with started(state) as account:
        kms = account.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
        blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        clock(account, "+91d")
        assert [rotation["RotationType"] for rotation in kms.list_key_rotations(KeyId=key)["Rotations"]] == [
            "AUTOMATIC"
        ]
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    with started(state) as account:
        assert account.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_deletion_window_ends(state: Path, clock: MoveClock) -> None:
    with started(state) as account:
        kms = account.client("kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        clock(account, "+6d")
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
        clock(account, "+1d1h")
        with pytest.raises(kms.exceptions.NotFoundException):
            kms.describe_key(KeyId=key)


def test_temporary_credentials_expire(state: Path, clock: MoveClock) -> None:
    with started(state) as account:
        credentials = account.client("sts").get_session_token(DurationSeconds=3600)["Credentials"]
        session = account.root.with_credentials(credentials).client("sts")
        session.get_caller_identity()
        clock(account, "+61m")
        with pytest.raises(ClientError) as caught:
            session.get_caller_identity()
        assert error_code(caught) == "ExpiredToken"


def test_the_clock_stays_moved_across_a_restart_and_clients_need_no_change(
    state: Path, clock: MoveClock
) -> None:
    with started(state) as account:
        moved = clock(account, "+91d")
        assert moved["seconds_ahead"] == 91 * 86400
        account.client("iam").create_user(UserName="ann")
    with started(state) as account:
        assert clock(account)["seconds_ahead"] == 91 * 86400
        created = account.client("iam").get_user(UserName="ann")["User"]["CreateDate"]
        assert created.isoformat()[:10] == moved["now"][:10]
        assert clock(account, "+1d")["seconds_ahead"] == 92 * 86400


@pytest.mark.parametrize("duration", ["91", "-1d", "+1y", "", "+999999999999d"])
def test_an_invalid_duration_is_wrong_usage(duration: str) -> None:
    result = CliRunner().invoke(
        cli.main, ["lab", "clock", "--endpoint", "http://127.0.0.1:1", "--", duration]
    )
    assert result.exit_code == 2
