"""The lab's clock, moved forward: rotation, deletion and expiry happen; clients in real time go on."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from dynaseal.cli import main as cli
from dynaseal_lab.server import RunningLab
from lab.state.test_restart import client, started


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch):
    """`clock(lab, "+91d")` as a person types it, as root."""

    def clock(lab: RunningLab, *arguments: str) -> Any:
        monkeypatch.setenv("AWS_ENDPOINT_URL", lab.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", lab.root_secret)
        result = CliRunner().invoke(cli.main, ["lab", "clock", *arguments, "--json"])
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return clock


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return caught.value.response["Error"]["Code"]


def test_a_year_on_a_key_has_rotated_and_reads_what_it_encrypted_before(state, clock):
    with started(state) as lab:
        kms = client(lab, "kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
        blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        clock(lab, "+91d")
        assert [one["RotationType"] for one in kms.list_key_rotations(KeyId=key)["Rotations"]] == [
            "AUTOMATIC"
        ]
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    with started(state) as lab:
        assert client(lab, "kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_a_deletion_window_runs_out(state, clock):
    with started(state) as lab:
        kms = client(lab, "kms")
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        clock(lab, "+6d")
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
        clock(lab, "+1d1h")
        with pytest.raises(kms.exceptions.NotFoundException):
            kms.describe_key(KeyId=key)


def test_temporary_credentials_expire(state, clock):
    with started(state) as lab:
        made = client(lab, "sts").get_session_token(DurationSeconds=3600)["Credentials"]
        session = client(
            lab,
            "sts",
            aws_access_key_id=made["AccessKeyId"],
            aws_secret_access_key=made["SecretAccessKey"],
            aws_session_token=made["SessionToken"],
        )
        session.get_caller_identity()
        clock(lab, "+61m")
        with pytest.raises(ClientError) as caught:
            session.get_caller_identity()
        assert code(caught) == "ExpiredToken"


def test_clients_that_sign_in_real_time_go_on_and_the_clock_stays_moved_across_a_restart(state, clock):
    with started(state) as lab:
        moved = clock(lab, "+91d")
        assert moved["seconds_ahead"] == 91 * 86400
        client(lab, "iam").create_user(UserName="ann")
    with started(state) as lab:
        assert clock(lab)["seconds_ahead"] == 91 * 86400
        created = client(lab, "iam").get_user(UserName="ann")["User"]["CreateDate"]
        assert created.isoformat()[:10] == moved["now"][:10]
        assert clock(lab, "+1d")["seconds_ahead"] == 92 * 86400


@pytest.mark.parametrize("span", ["91", "-1d", "+1y", "", "+999999999999d"])
def test_what_is_no_span_of_time_is_wrong_usage(span):
    result = CliRunner().invoke(cli.main, ["lab", "clock", "--endpoint", "http://127.0.0.1:1", "--", span])
    assert result.exit_code == 2
