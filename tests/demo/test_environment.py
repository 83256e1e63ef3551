"""The file `.env`, and the environments of programs."""

from pathlib import Path

from dotenv import dotenv_values

from dynaseal_lab.stack.dotenv import change_file
from dynaseal_lab.stack.environment import dotenv_settings, isolated_environment
from dynaseal_lab.stack.provision import AccessKey, Provisioned

KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/k"
STACK = Provisioned(
    region="eu-west-1",
    table_name="demo",
    client_key_arn=KEY_ARN,
    full_user="demo-full",
    limited_user="demo-limited",
)
KEY = AccessKey("AKIDEXAMPLE", "very-secret")


def test_dotenv_has_the_promised_settings_and_the_endpoint_of_a_lab(tmp_path: Path) -> None:
    change_file(tmp_path / ".env", dotenv_settings(STACK, "http://127.0.0.1:9"))
    assert dotenv_values(tmp_path / ".env") == {
        "AWS_REGION": "eu-west-1",
        "DEMO_TABLE_NAME": "demo",
        "DEMO_CLIENT_KMS_KEY_ARN": KEY_ARN,
        "FULL_USER_NAME": "demo-full",
        "LIMITED_USER_NAME": "demo-limited",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    }


def test_dotenv_has_no_endpoint_for_aws(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AWS_ENDPOINT_URL=http://127.0.0.1:9\n")
    change_file(tmp_path / ".env", dotenv_settings(STACK, None))
    assert "AWS_ENDPOINT_URL" not in dotenv_values(tmp_path / ".env")


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
