"""`demo.py`, run as a user runs it: as a program of its own, against a lab."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dynaseal_lab.stack import program
from dynaseal_lab.stack.dotenv import change_file
from dynaseal_lab.stack.program import FULL, LIMITED, Outcome
from support.provisioned_demo import ProvisionedDemo


def test_it_has_fewer_than_100_lines() -> None:
    assert len(program.find().read_text().splitlines()) < 100


def test_the_full_user_stores_and_reads_the_secret(demo: ProvisionedDemo) -> None:
    assert demo.as_full().differences(FULL) == []


def test_the_limited_user_works_with_the_table_and_sees_ciphertext(demo: ProvisionedDemo) -> None:
    demo.as_full()
    assert demo.as_limited().differences(LIMITED) == []


def test_the_limited_users_denials_are_kms_own_words(demo: ProvisionedDemo) -> None:
    demo.as_full()
    text = " ".join(demo.as_limited().printed.split())
    user = f"arn:aws:iam::{demo.place.account}:user/{demo.stack.limited_user}"
    for action in ("kms:GenerateDataKey", "kms:Decrypt"):
        assert (
            f"AccessDeniedException: User: {user} is not authorized to perform: {action} on resource: "
            f"{demo.stack.client_key_arn} because no identity-based policy allows the {action} action"
        ) in text


def test_giving_the_limited_user_the_client_key_lets_it_read_the_secret(demo: ProvisionedDemo) -> None:
    demo.clients.iam.attach_user_policy(
        UserName=demo.stack.limited_user, PolicyArn=demo.policy_arn("kms-client-full")
    )
    assert demo.as_limited().differences(FULL) == []


def test_taking_the_client_key_from_the_full_user_leaves_it_ciphertext(demo: ProvisionedDemo) -> None:
    demo.as_full()
    demo.clients.iam.detach_user_policy(
        UserName=demo.stack.full_user, PolicyArn=demo.policy_arn("kms-client-full")
    )
    assert demo.as_full().differences(LIMITED) == []


def test_without_the_storage_keys_account_wide_statement_not_even_ciphertext_is_seen(
    demo: ProvisionedDemo,
) -> None:
    demo.as_full()
    alias = f"alias/{demo.stack.table_name}-storage"
    key = demo.clients.kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    client_policy = demo.clients.kms.get_key_policy(KeyId=demo.stack.client_key_arn, PolicyName="default")
    demo.clients.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=client_policy["Policy"])
    assert_failed(demo.as_limited(), "AccessDeniedException", "KMS key access denied error")


def assert_failed(outcome: Outcome, *words: str) -> None:
    """Assert that the program ended with exit code 1 and one line, which contains these words."""
    assert outcome.exit_code == 1, outcome.printed
    assert outcome.printed.startswith("demo.py: ")
    assert outcome.printed.count("\n") == 1, outcome.printed
    assert [each for each in words if each not in outcome.printed] == []


def test_without_an_encrypted_item_the_limited_user_is_told_to_wait(demo: ProvisionedDemo) -> None:
    assert_failed(demo.as_limited(), "no item is stored yet", "First run it as the full user")


def test_without_settings_it_says_which_are_missing(demo: ProvisionedDemo, tmp_path: Path) -> None:
    (tmp_path / ".env").unlink()
    assert_failed(
        demo.as_full(),
        "AWS_REGION, DEMO_TABLE_NAME, DEMO_CLIENT_KMS_KEY_ARN",
        "Run make demo or terraform apply: they write .env",
    )


@pytest.mark.parametrize("setting", ["AWS_REGION", "DEMO_TABLE_NAME", "DEMO_CLIENT_KMS_KEY_ARN"])
def test_one_missing_setting_is_named(demo: ProvisionedDemo, setting: str) -> None:
    assert_failed(demo.as_full(**{setting: ""}), f"no {setting}.")


def test_in_the_wrong_region_the_message_names_the_missing_resource(demo: ProvisionedDemo) -> None:
    assert_failed(demo.as_full(AWS_REGION="us-east-1"), "dynamodb:us-east-1:", "Check AWS_REGION")


def test_an_invalid_region_is_named(demo: ProvisionedDemo) -> None:
    assert_failed(demo.as_full(AWS_REGION="not a region"), "region_name 'not a region'")


def test_a_missing_table_is_reported(demo: ProvisionedDemo) -> None:
    demo.clients.dynamodb.delete_table(TableName=demo.stack.table_name)
    assert_failed(demo.as_full(), "ResourceNotFoundException", "Check AWS_REGION, DEMO_TABLE_NAME")


def test_a_table_that_the_user_may_not_use_is_reported(demo: ProvisionedDemo) -> None:
    assert_failed(demo.as_full(DEMO_TABLE_NAME="other"), "AccessDeniedException", "dynamodb:DescribeTable")


def test_a_lab_that_is_not_running_is_reported(demo: ProvisionedDemo) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # the port is taken, but nothing listens
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert_failed(demo.as_full(AWS_ENDPOINT_URL=endpoint), endpoint, "Start the lab")


def test_an_invalid_endpoint_is_reported(demo: ProvisionedDemo) -> None:
    assert_failed(demo.as_full(AWS_ENDPOINT_URL="nowhere"), "Invalid endpoint: nowhere", "AWS_ENDPOINT_URL")


def test_missing_credentials_are_reported(demo: ProvisionedDemo) -> None:
    assert_failed(
        demo.as_full(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""),
        "Unable to locate credentials",
        "AWS_PROFILE",
    )


def test_unknown_credentials_are_reported(demo: ProvisionedDemo) -> None:
    assert_failed(
        demo.as_full(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE"),
        "UnrecognizedClientException",
        "whose credentials",
    )


def test_a_wrong_secret_is_reported(demo: ProvisionedDemo) -> None:
    assert_failed(demo.as_full(AWS_SECRET_ACCESS_KEY="wrong"), "Check your AWS Secret Access Key")


def test_a_missing_profile_is_reported(demo: ProvisionedDemo) -> None:
    assert_failed(demo.as_full(AWS_PROFILE="nobody"), "nobody")


def test_a_malformed_key_arn_is_reported(demo: ProvisionedDemo) -> None:
    assert_failed(demo.as_full(DEMO_CLIENT_KMS_KEY_ARN="arn:aws:kms:nonsense"), "arn:aws:kms:nonsense")


def test_a_key_that_does_not_exist_is_reported(demo: ProvisionedDemo) -> None:
    arn = demo.stack.client_key_arn[:-4] + "0000"
    assert_failed(demo.as_full(DEMO_CLIENT_KMS_KEY_ARN=arn), "NotFoundException", arn)


def test_a_disabled_key_is_reported(demo: ProvisionedDemo) -> None:
    demo.clients.kms.disable_key(KeyId=demo.stack.client_key_arn)
    assert_failed(demo.as_full(), "DisabledException", "Enable the key")


def test_unknown_arguments_are_wrong_usage(tmp_path: Path) -> None:
    completed = subprocess.run(
        [sys.executable, str(program.find()), "--all"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 2
    assert "unrecognized arguments: --all" in completed.stderr


def test_the_region_may_come_from_the_variable_that_boto3_reads(demo: ProvisionedDemo) -> None:
    dotenv = demo.folder / ".env"
    change_file(dotenv, {"AWS_REGION": None})
    assert demo.as_full(AWS_DEFAULT_REGION=demo.place.region).differences(FULL) == []
