"""The file `.env`, and the environments of programs."""

import stat
from pathlib import Path

from dotenv import dotenv_values

from dynaseal_lab.stack.environment import dotenv_text, isolated_environment, write_private
from dynaseal_lab.stack.provision import AccessKey, Provisioned

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/k"
STACK = Provisioned("eu-west-1", "demo", KEY_ARN, "demo-full", "demo-limited")
KEY = AccessKey("AKIDEXAMPLE", "very-secret")


def test_dotenv_has_the_promised_settings_and_the_endpoint_of_a_lab(tmp_path: Path) -> None:
    write_private(tmp_path / ".env", dotenv_text(STACK, "http://127.0.0.1:9"))
    assert dotenv_values(tmp_path / ".env") == {
        "AWS_REGION": "eu-west-1",
        "DEMO_TABLE_NAME": "demo",
        "DEMO_CLIENT_KMS_KEY_ARN": KEY_ARN,
        "FULL_USER_NAME": "demo-full",
        "LIMITED_USER_NAME": "demo-limited",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }


def test_dotenv_has_no_endpoint_for_aws() -> None:
    assert "AWS_ENDPOINT_URL" not in dotenv_text(STACK, None)


def test_a_private_file_is_readable_only_by_its_owner_even_if_it_replaces_a_public_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / ".env"
    path.write_text("OLD=1")
    path.chmod(0o644)
    write_private(path, "NEW=1\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "NEW=1\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_program_for_the_lab_sees_no_settings_for_aws() -> None:
    for_aws = {
        "AWS_PROFILE": "production",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL_KMS": "https://elsewhere.example",
        "DEMO_TABLE_NAME": "customers",
    }
    environment = isolated_environment({"PATH": "/bin", "NO_PROXY": "intranet.example", **for_aws}, KEY)
    assert environment["PATH"] == "/bin"
    assert (
        not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_KMS", "DEMO_TABLE_NAME"}
        & environment.keys()
    )
    assert environment["AWS_ACCESS_KEY_ID"] == "AKIDEXAMPLE"
    assert environment["NO_PROXY"] == "intranet.example,127.0.0.1"


def test_the_secret_of_an_access_key_is_not_in_its_representation() -> None:
    assert repr(KEY) == "AccessKey('AKIDEXAMPLE')"
