"""Replies and errors of IAM and STS as they were recorded on AWS."""

from typing import Any

import pytest

from dynaseal_lab.testing import LabAccount, policy
from lab.errors import client_error

TRUST = policy({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"})
EVERYTHING = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})


def test_a_new_roles_description_lacks_what_get_role_has(iam: Any) -> None:
    created = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)["Role"]
    described = iam.get_role(RoleName="reader")["Role"]
    assert described.keys() - created.keys() == {"MaxSessionDuration", "RoleLastUsed"}
    listed = iam.list_roles()["Roles"][0]
    assert listed.keys() - created.keys() == {"MaxSessionDuration"}


def test_only_get_policy_has_the_description_and_always_tags(iam: Any) -> None:
    request = {"PolicyName": "all", "PolicyDocument": EVERYTHING, "Description": "Everything"}
    created = iam.create_policy(**request)["Policy"]
    described = iam.get_policy(PolicyArn=created["Arn"])["Policy"]
    assert described.keys() - created.keys() == {"Description", "Tags"}
    assert described["Tags"] == []


def test_an_attached_policy_must_be_named_by_an_arn(iam: Any) -> None:
    iam.create_user(UserName="ann")
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)
    invalid = ("ValidationError", "Invalid ARN:  Could not be parsed!")
    name = "longpolicynamebutnoarn"
    assert client_error(iam.attach_user_policy, UserName="ann", PolicyArn=name) == invalid
    assert client_error(iam.attach_role_policy, RoleName="reader", PolicyArn=name) == invalid


@pytest.mark.parametrize(
    "arn",
    [
        "nothing-valid-in-here",
        "arn::b:::something/test-role",
        "arn:a::::something/test-role",
        "arn:a:::something/test-role",
        "arn:a:a::aaaaaaaaaa:",
    ],
)
def test_an_assumed_role_must_be_named_by_an_arn(account: LabAccount, arn: str) -> None:
    sts = account.user("ann").client("sts")
    assert client_error(sts.assume_role, RoleArn=arn, RoleSessionName="se") == (
        "ValidationError",
        f"{arn} is invalid",
    )


def test_session_tags_differ_in_more_than_case(account: LabAccount) -> None:
    account.client("iam").create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)
    tags = [{"Key": key, "Value": "red"} for key in ("team", "Team")]
    role = f"arn:aws:iam::{account.number}:role/reader"
    sts = account.user("ann").client("sts")
    assert client_error(sts.assume_role, RoleArn=role, RoleSessionName="se", Tags=tags) == (
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )
