"""`demo.py`, run as people run it: in a process of its own, against a lab."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dynaseal_lab.stack import program
from dynaseal_lab.stack.program import FULL, LIMITED, Outcome
from support.provisioned_demo import ProvisionedDemo


def test_it_is_short_enough_to_be_read() -> None:
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
    failed(demo.as_limited(), "AccessDeniedException", "KMS key access denied error")


def failed(outcome: Outcome, *said: str) -> None:
    """The program ended with 1 and one line that says why, and what to do."""
    assert outcome.exit_code == 1, outcome.printed
    assert outcome.printed.startswith("demo.py: ")
    assert outcome.printed.count("\n") == 1, outcome.printed
    assert [text for text in said if text not in outcome.printed] == []


def test_without_an_encrypted_item_the_limited_user_is_told_to_wait(demo: ProvisionedDemo) -> None:
    failed(demo.as_limited(), "no item is stored yet", "First run it as the full user")


def test_without_settings_it_says_which_are_missing(demo: ProvisionedDemo, tmp_path: Path) -> None:
    (tmp_path / ".env").unlink()
    failed(
        demo.as_full(),
        "AWS_REGION, DEMO_TABLE_NAME, DEMO_CLIENT_KMS_KEY_ARN",
        "Run make demo or terraform apply: they write .env",
    )


@pytest.mark.parametrize("setting", ["AWS_REGION", "DEMO_TABLE_NAME", "DEMO_CLIENT_KMS_KEY_ARN"])
def test_one_missing_setting_is_named(demo: ProvisionedDemo, setting: str) -> None:
    failed(demo.as_full(**{setting: ""}), f"no {setting}.")


def test_another_region_is_told_by_the_resource_that_is_asked_for(demo: ProvisionedDemo) -> None:
    failed(demo.as_full(AWS_REGION="us-east-1"), "dynamodb:us-east-1:", "Check AWS_REGION")


def test_a_name_that_is_no_region_is_said_to_be_none(demo: ProvisionedDemo) -> None:
    failed(demo.as_full(AWS_REGION="not a region"), "region_name 'not a region'")


def test_a_table_that_is_missing_is_said_to_be(demo: ProvisionedDemo) -> None:
    demo.clients.dynamodb.delete_table(TableName=demo.stack.table_name)
    failed(demo.as_full(), "ResourceNotFoundException", "Check AWS_REGION, DEMO_TABLE_NAME")


def test_a_table_that_this_user_may_not_use_is_said_to_be(demo: ProvisionedDemo) -> None:
    failed(demo.as_full(DEMO_TABLE_NAME="other"), "AccessDeniedException", "dynamodb:DescribeTable")


def test_a_lab_that_is_not_running_is_said_to_be(demo: ProvisionedDemo) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # taken, but nobody listens
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        failed(demo.as_full(AWS_ENDPOINT_URL=endpoint), endpoint, "Start the lab")


def test_an_endpoint_that_is_none_is_said_to_be(demo: ProvisionedDemo) -> None:
    failed(demo.as_full(AWS_ENDPOINT_URL="nowhere"), "Invalid endpoint: nowhere", "AWS_ENDPOINT_URL")


def test_missing_credentials_are_said_to_be(demo: ProvisionedDemo) -> None:
    failed(
        demo.as_full(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""),
        "Unable to locate credentials",
        "AWS_PROFILE",
    )


def test_unknown_credentials_are_said_to_be(demo: ProvisionedDemo) -> None:
    failed(
        demo.as_full(AWS_ACCESS_KEY_ID="AKIAIOSFODNN7EXAMPLE"),
        "UnrecognizedClientException",
        "whose credentials",
    )


def test_a_wrong_secret_is_said_to_be(demo: ProvisionedDemo) -> None:
    failed(demo.as_full(AWS_SECRET_ACCESS_KEY="wrong"), "Check your AWS Secret Access Key")


def test_a_profile_that_is_not_there_is_said_to_be(demo: ProvisionedDemo) -> None:
    failed(demo.as_full(AWS_PROFILE="nobody"), "nobody")


def test_a_malformed_key_arn_is_said_to_be(demo: ProvisionedDemo) -> None:
    failed(demo.as_full(DEMO_CLIENT_KMS_KEY_ARN="arn:aws:kms:nonsense"), "arn:aws:kms:nonsense")


def test_a_key_that_does_not_exist_is_said_not_to(demo: ProvisionedDemo) -> None:
    arn = demo.stack.client_key_arn[:-4] + "0000"
    failed(demo.as_full(DEMO_CLIENT_KMS_KEY_ARN=arn), "NotFoundException", arn)


def test_a_disabled_key_is_said_to_be(demo: ProvisionedDemo) -> None:
    demo.clients.kms.disable_key(KeyId=demo.stack.client_key_arn)
    failed(demo.as_full(), "DisabledException", "Enable the key")


def test_arguments_that_it_does_not_take_are_wrong_usage(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(program.find()), "--all"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "unrecognized arguments: --all" in done.stderr
