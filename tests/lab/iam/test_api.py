"""IAM over HTTP, as boto3 sees it."""

import json
from typing import Any

import pytest

from dynaseal_lab.testing import LabAccount
from lab.errors import client_error

READ = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}]}
)


def test_keys_of_tags_that_differ_only_in_case_are_one_key(iam: Any) -> None:
    iam.create_user(UserName="ann", Tags=[{"Key": "Department", "Value": "foo"}])
    iam.tag_user(UserName="ann", Tags=[{"Key": "department", "Value": "bar"}])
    assert iam.list_user_tags(UserName="ann")["Tags"] == [{"Key": "department", "Value": "bar"}]
    iam.untag_user(UserName="ann", TagKeys=["DEPARTMENT"])
    assert iam.list_user_tags(UserName="ann")["Tags"] == []


def test_a_user_is_created_renamed_tagged_and_deleted(account: LabAccount, iam: Any) -> None:
    created = iam.create_user(UserName="ann", Path="/team/", Tags=[{"Key": "a", "Value": "b"}])["User"]
    assert created["Arn"] == f"arn:aws:iam::{account.number}:user/team/ann"
    assert created["UserId"].startswith("AIDA")
    iam.update_user(UserName="ann", NewUserName="eve", NewPath="/")
    iam.tag_user(UserName="eve", Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_user(UserName="eve", TagKeys=["a"])
    renamed = iam.get_user(UserName="eve")["User"]
    assert (renamed["Arn"], renamed["UserId"]) == (
        f"arn:aws:iam::{account.number}:user/eve",
        created["UserId"],
    )
    assert renamed["Tags"] == iam.list_user_tags(UserName="eve")["Tags"] == [{"Key": "c", "Value": "d"}]
    iam.delete_user(UserName="eve")
    assert iam.list_users()["Users"] == []


def test_a_missing_user_role_group_or_policy_is_a_no_such_entity_error(iam: Any) -> None:
    assert client_error(iam.get_user, UserName="x") == (
        "NoSuchEntity",
        "The user with name x cannot be found.",
    )
    assert client_error(iam.get_role, RoleName="x")[1] == "The role with name x cannot be found."
    assert client_error(iam.get_group, GroupName="x")[1] == "The group with name x cannot be found."
    iam.create_user(UserName="ann")
    assert client_error(iam.get_user_policy, UserName="ann", PolicyName="p")[1] == (
        "The user policy with name p cannot be found."
    )
    assert client_error(iam.get_login_profile, UserName="ann")[0] == "NoSuchEntity"


def test_names_differ_by_more_than_case(iam: Any) -> None:
    iam.create_user(UserName="ann")
    assert client_error(iam.create_user, UserName="ANN") == (
        "EntityAlreadyExists",
        "User with name ANN already exists.",
    )


def test_a_user_in_use_cannot_be_deleted(iam: Any) -> None:
    iam.create_user(UserName="ann")
    iam.create_group(GroupName="readers")
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    arn = iam.create_policy(PolicyName="read", PolicyDocument=READ)["Policy"]["Arn"]
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    iam.put_user_policy(UserName="ann", PolicyName="inline", PolicyDocument=READ)
    iam.add_user_to_group(UserName="ann", GroupName="readers")
    for words, remove in (
        ("must delete access keys first", lambda: iam.delete_access_key(UserName="ann", AccessKeyId=key)),
        ("must detach all policies first", lambda: iam.detach_user_policy(UserName="ann", PolicyArn=arn)),
        ("must delete policies first", lambda: iam.delete_user_policy(UserName="ann", PolicyName="inline")),
        (
            "must remove users from group",
            lambda: iam.remove_user_from_group(UserName="ann", GroupName="readers"),
        ),
    ):
        code, message = client_error(iam.delete_user, UserName="ann")
        assert code == "DeleteConflict"
        assert words in message
        remove()
    iam.delete_user(UserName="ann")


def test_a_user_has_two_access_keys_at_most_and_their_secrets_are_shown_once(iam: Any) -> None:
    iam.create_user(UserName="ann")
    first = iam.create_access_key(UserName="ann")["AccessKey"]
    iam.create_access_key(UserName="ann")
    assert client_error(iam.create_access_key, UserName="ann") == (
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )
    listed = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]
    assert listed[0]["AccessKeyId"] == first["AccessKeyId"]
    assert "SecretAccessKey" not in listed[0]


def test_an_inactive_key_signs_nothing_until_it_is_active_again(account: LabAccount, iam: Any) -> None:
    ann = account.user("ann")
    iam.update_access_key(UserName="ann", AccessKeyId=ann.access_key_id, Status="Inactive")
    sts = ann.client("sts")
    assert client_error(sts.get_caller_identity)[0] == "InvalidClientTokenId"
    iam.update_access_key(UserName="ann", AccessKeyId=ann.access_key_id, Status="Active")
    assert sts.get_caller_identity()["Arn"].endswith("user/ann")
    used = iam.get_access_key_last_used(AccessKeyId=ann.access_key_id)
    assert (used["UserName"], used["AccessKeyLastUsed"]["ServiceName"]) == ("ann", "sts")


def test_a_managed_policy_has_versions_and_its_default_counts(account: LabAccount, iam: Any) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=READ)["Policy"]["Arn"]
    ann = account.user("ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    as_ann = ann.client("iam")
    as_ann.get_user()
    none = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
    )
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=none, SetAsDefault=True)
    assert client_error(as_ann.get_user)[1].endswith("with an explicit deny in an identity-based policy")
    assert client_error(iam.delete_policy_version, PolicyArn=arn, VersionId="v2")[0] == "DeleteConflict"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    as_ann.get_user()
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]["Document"] == json.loads(
        none
    )
    assert [item["VersionId"] for item in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v2", "v1"]


def test_a_policy_has_five_versions_at_most(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=READ)["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=READ)
    assert client_error(iam.create_policy_version, PolicyArn=arn, PolicyDocument=READ)[0] == "LimitExceeded"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=READ)["PolicyVersion"]
    assert version["VersionId"] == "v6"


def test_an_attached_policy_cannot_be_deleted(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=READ)["Policy"]["Arn"]
    iam.create_user(UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    assert iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"][0]["UserName"] == "ann"
    assert client_error(iam.delete_policy, PolicyArn=arn) == (
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    )
    iam.detach_user_policy(UserName="ann", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)


@pytest.mark.parametrize("document", ["{", '{"Statement": []}', READ.replace("Get*", "*:Get")])
def test_a_malformed_document_is_refused_wherever_it_is_put(iam: Any, document: str) -> None:
    iam.create_user(UserName="ann")
    for call, params in (
        (iam.create_policy, {"PolicyName": "p"}),
        (iam.put_user_policy, {"UserName": "ann", "PolicyName": "p"}),
    ):
        assert client_error(call, PolicyDocument=document, **params)[0] == "MalformedPolicyDocument"


def test_a_managed_policy_must_be_of_the_newest_version(iam: Any) -> None:
    old = READ.replace("2012-10-17", "2008-10-17")
    assert client_error(iam.create_policy, PolicyName="p", PolicyDocument=old) == (
        "MalformedPolicyDocument",
        "Policy document must be version 2012-10-17 or greater.",
    )
    iam.create_user(UserName="ann")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=old)


def test_members_of_a_group_have_its_policies(account: LabAccount, iam: Any) -> None:
    ann = account.user("ann")
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=READ)
    as_ann = ann.client("iam")
    assert client_error(as_ann.get_user)[0] == "AccessDenied"
    iam.add_user_to_group(UserName="ann", GroupName="readers")
    as_ann.get_user()
    assert [item["UserName"] for item in iam.get_group(GroupName="readers")["Users"]] == ["ann"]
    assert iam.list_groups_for_user(UserName="ann")["Groups"][0]["GroupName"] == "readers"


def test_a_denied_call_says_who_what_and_why(account: LabAccount) -> None:
    ann = account.user("ann")
    arn = f"arn:aws:iam::{account.number}:user/ann"
    assert client_error(ann.client("iam").create_access_key) == (
        "AccessDenied",
        (
            f"User: {arn} is not authorized to perform: iam:CreateAccessKey on resource: {arn} because no "
            "identity-based policy allows the iam:CreateAccessKey action"
        ),
    )


def test_iams_own_condition_keys_decide(account: LabAccount, iam: Any) -> None:
    allowed = iam.create_policy(PolicyName="ok", PolicyDocument=READ)["Policy"]["Arn"]
    statement = {
        "Effect": "Allow",
        "Action": ["iam:AttachUserPolicy", "iam:TagUser"],
        "Resource": "*",
        "Condition": {
            "ArnEqualsIfExists": {"iam:PolicyARN": allowed},
            "ForAllValues:StringEquals": {"aws:TagKeys": "a"},
        },
    }
    as_ann = account.user("ann", statement).client("iam")
    as_ann.attach_user_policy(UserName="ann", PolicyArn=allowed)
    as_ann.tag_user(UserName="ann", Tags=[{"Key": "a", "Value": "x"}])
    other = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert client_error(as_ann.attach_user_policy, UserName="ann", PolicyArn=other)[0] == "AccessDenied"
    assert (
        client_error(as_ann.tag_user, UserName="ann", Tags=[{"Key": "b", "Value": "x"}])[0] == "AccessDenied"
    )


def test_a_boundary_limits_a_user(account: LabAccount, iam: Any) -> None:
    arn = iam.create_policy(PolicyName="read", PolicyDocument=READ)["Policy"]["Arn"]
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    as_ann = account.user("ann", everything).client("iam")
    as_ann.list_users()
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
    assert client_error(as_ann.list_users)[1].endswith(
        "because no permissions boundary allows the iam:ListUsers action"
    )
    as_ann.get_user()
    iam.delete_user_permissions_boundary(UserName="ann")
    as_ann.list_users()


def test_accounts_are_separate(other_account: LabAccount, iam: Any) -> None:
    iam.create_user(UserName="ann")
    assert other_account.client("iam").list_users()["Users"] == []
    other_account.client("iam").create_user(UserName="ann")


def test_lists_come_in_pages(iam: Any) -> None:
    for number in range(5):
        iam.create_user(UserName=f"user-{number}")
    first = iam.list_users(MaxItems=2)
    assert (len(first["Users"]), first["IsTruncated"]) == (2, True)
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
    assert [user["UserName"] for page in pages for user in page["Users"]] == [f"user-{n}" for n in range(5)]
    assert client_error(iam.list_users, Marker="x")[0] == "ValidationError"


def test_a_role_is_created_changed_and_deleted(account: LabAccount, iam: Any) -> None:
    trust = json.dumps(
        {"Statement": {"Effect": "Allow", "Principal": {"AWS": account.number}, "Action": "sts:AssumeRole"}}
    )
    created = iam.create_role(
        RoleName="r", AssumeRolePolicyDocument=trust, Description="d", MaxSessionDuration=7200
    )
    assert created["Role"]["AssumeRolePolicyDocument"] == json.loads(trust)
    iam.update_role(RoleName="r", Description="e", MaxSessionDuration=3600)
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=READ)
    iam.tag_role(RoleName="r", Tags=[{"Key": "a", "Value": "b"}])
    role = iam.get_role(RoleName="r")["Role"]
    assert (role["Description"], role["Tags"]) == ("e", [{"Key": "a", "Value": "b"}])
    assert iam.list_instance_profiles_for_role(RoleName="r")["InstanceProfiles"] == []
    assert client_error(iam.delete_role, RoleName="r")[0] == "DeleteConflict"
    iam.delete_role_policy(RoleName="r", PolicyName="p")
    iam.delete_role(RoleName="r")


def test_a_role_can_only_trust_who_exists(account: LabAccount, iam: Any) -> None:
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{account.number}:user/x"},
    }
    code, message = client_error(
        iam.create_role, RoleName="r", AssumeRolePolicyDocument=json.dumps({"Statement": trust})
    )
    assert code == "MalformedPolicyDocument"
    assert message.startswith('Invalid principal in policy: "AWS"')


def test_what_a_user_of_the_lab_never_has_is_an_empty_list(iam: Any) -> None:
    iam.create_user(UserName="ann")
    assert iam.list_mfa_devices(UserName="ann")["MFADevices"] == []
    assert iam.list_signing_certificates(UserName="ann")["Certificates"] == []
    assert iam.list_ssh_public_keys(UserName="ann")["SSHPublicKeys"] == []
    assert iam.list_service_specific_credentials(UserName="ann")["ServiceSpecificCredentials"] == []
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    assert iam.list_account_aliases()["AccountAliases"] == []
    assert iam.get_account_summary()["SummaryMap"]["Users"] == 1


def test_an_operation_that_the_lab_lacks_is_an_invalid_action(iam: Any) -> None:
    assert client_error(iam.list_saml_providers)[0] == "InvalidAction"
