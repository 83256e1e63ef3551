"""AWS's own policies, instance profiles, service-linked roles, and the account's authorization details."""

from typing import Any

import pytest

from dynaseal_lab.iam.managed import AWS_MANAGED
from dynaseal_lab.iam.policy import PolicyKind, parse
from dynaseal_lab.testing import LabAccount, policy
from lab.errors import client_error

TRUST = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
REPLICATION = "replication.dynamodb.amazonaws.com"


@pytest.mark.parametrize("arn", AWS_MANAGED)
def test_awss_own_policies_are_valid(arn: str) -> None:
    assert parse(AWS_MANAGED[arn].document, PolicyKind.MANAGED).statements


def with_policies(account: LabAccount, user: str, *names: str) -> Any:
    created = account.user(user)
    for name in names:
        arn = f"arn:aws:iam::aws:policy/{name}"
        account.client("iam").attach_user_policy(UserName=user, PolicyArn=arn)
    return created


def test_what_awss_own_policies_allow(account: LabAccount) -> None:
    account.table("items")
    read_only = with_policies(account, "reader", "AmazonDynamoDBReadOnlyAccess")
    full = with_policies(account, "writer", "AmazonDynamoDBFullAccess")
    power = with_policies(account, "power", "PowerUserAccess")
    auditor = with_policies(account, "auditor", "SecurityAudit")
    item = {"TableName": "items", "Item": {"pk": {"S": "a"}}}
    for user in (full, power):
        user.client("dynamodb").put_item(**item)
    assert read_only.client("dynamodb").scan(TableName="items")["Count"] == 1
    for user in (read_only, auditor):
        assert client_error(user.client("dynamodb").put_item, **item)[0] == "AccessDeniedException"
    assert client_error(auditor.client("dynamodb").scan, TableName="items")[0] == "AccessDeniedException"
    assert client_error(power.client("iam").list_users)[0] == "AccessDenied"
    assert auditor.client("iam").list_users()["Users"]


def test_an_instance_profile_has_one_role(account: LabAccount) -> None:
    iam = account.client("iam")
    for role in ("worker", "other"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    tags = [{"Key": "team", "Value": "red"}]
    created = iam.create_instance_profile(InstanceProfileName="workers", Tags=tags)["InstanceProfile"]
    assert created["Arn"] == f"arn:aws:iam::{account.number}:instance-profile/workers"
    assert (created["Roles"], created["Tags"]) == ([], tags)
    iam.add_role_to_instance_profile(InstanceProfileName="workers", RoleName="worker")
    second = {"InstanceProfileName": "workers", "RoleName": "other"}
    assert client_error(iam.add_role_to_instance_profile, **second)[0] == "LimitExceeded"
    for profiles in (iam.list_instance_profiles(), iam.list_instance_profiles_for_role(RoleName="worker")):
        assert [role["RoleName"] for role in profiles["InstanceProfiles"][0]["Roles"]] == ["worker"]
    assert client_error(iam.delete_role, RoleName="worker")[0] == "DeleteConflict"
    assert client_error(iam.delete_instance_profile, InstanceProfileName="workers")[0] == "DeleteConflict"
    iam.remove_role_from_instance_profile(InstanceProfileName="workers", RoleName="worker")
    iam.untag_instance_profile(InstanceProfileName="workers", TagKeys=["team"])
    assert iam.list_instance_profile_tags(InstanceProfileName="workers")["Tags"] == []
    iam.delete_instance_profile(InstanceProfileName="workers")
    assert client_error(iam.get_instance_profile, InstanceProfileName="workers")[0] == "NoSuchEntity"


def test_a_role_in_an_instance_profile_must_be_passed(account: LabAccount) -> None:
    iam = account.client("iam")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="workers")
    ann = account.user("ann", {"Effect": "Allow", "Action": "iam:Add*", "Resource": "*"})
    request = {"InstanceProfileName": "workers", "RoleName": "worker"}
    assert "iam:PassRole" in client_error(ann.client("iam").add_role_to_instance_profile, **request)[1]
    to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    ann.may("iam:PassRole", Condition=to_ec2).client("iam").add_role_to_instance_profile(**request)


def test_a_service_linked_role_is_changed_only_by_aws(account: LabAccount) -> None:
    iam = account.client("iam")
    role = iam.create_service_linked_role(AWSServiceName=REPLICATION)["Role"]
    name = role["RoleName"]
    assert role["Path"] == f"/aws-service-role/{REPLICATION}/"
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["DynamoDBReplicationServiceRolePolicy"]
    assert client_error(iam.create_service_linked_role, AWSServiceName=REPLICATION) == (
        "InvalidInput",
        f"Service role name {name} has been taken in this account, please try a different suffix.",
    )
    assert client_error(iam.delete_role, RoleName=name)[0] == "UnmodifiableEntity"
    task = iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert client_error(iam.get_role, RoleName=name)[0] == "NoSuchEntity"


def test_service_linked_roles_that_cannot_be_created(account: LabAccount) -> None:
    iam = account.client("iam")
    suffix = {"AWSServiceName": REPLICATION, "CustomSuffix": "mine"}
    assert client_error(iam.create_service_linked_role, **suffix) == (
        "InvalidInput",
        f"Custom suffix is not allowed for {REPLICATION}",
    )
    assert (
        "ecs.amazonaws.com"
        in client_error(iam.create_service_linked_role, AWSServiceName="ecs.amazonaws.com")[1]
    )
    full = with_policies(account, "writer", "AmazonDynamoDBFullAccess").client("iam")
    assert (
        client_error(full.create_service_linked_role, AWSServiceName="ecs.amazonaws.com")[0] == "AccessDenied"
    )
    full.create_service_linked_role(AWSServiceName=REPLICATION)


def test_authorization_details_have_every_document(account: LabAccount) -> None:
    iam = account.client("iam")
    iam.create_group(GroupName="staff")
    ann = with_policies(account, "ann", "SecurityAudit").may("kms:Decrypt")
    iam.add_user_to_group(GroupName="staff", UserName="ann")
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=TRUST)
    iam.create_policy(PolicyName="all", PolicyDocument=policy(EVERYTHING))
    details = iam.get_account_authorization_details()
    [user] = details["UserDetailList"]
    assert (user["Arn"], user["GroupList"]) == (ann.arn, ["staff"])
    assert user["UserPolicyList"][0]["PolicyDocument"]["Statement"][0]["Action"] == ["kms:Decrypt"]
    assert [each["RoleName"] for each in details["RoleDetailList"]] == ["worker"]
    assert [each["GroupName"] for each in details["GroupDetailList"]] == ["staff"]
    assert [each["PolicyName"] for each in details["Policies"]] == ["all", "SecurityAudit"]
    assert details["Policies"][0]["PolicyVersionList"][0]["Document"]["Statement"] == [EVERYTHING]
    only_roles = iam.get_account_authorization_details(Filter=["Role"])
    assert (only_roles["UserDetailList"], len(only_roles["RoleDetailList"])) == ([], 1)
    pages = iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 2})
    assert sum(len(page["UserDetailList"] + page["Policies"]) for page in pages) == 3
