"""A policy names a user or role by its unique id: one created again under the same name inherits nothing."""

import json
from typing import Any

import pytest

from dynaseal_lab.testing import LabAccount, LabUser
from lab.errors import client_error

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def allow(arn: str, action: str, **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": [arn]}, "Action": action, **elements}


def delete(user: LabUser) -> str:
    """Delete a user and return the unique id that it had."""
    iam = user.account.client("iam")
    unique_id: str = iam.get_user(UserName=user.name)["User"]["UserId"]
    for name in iam.list_user_policies(UserName=user.name)["PolicyNames"]:
        iam.delete_user_policy(UserName=user.name, PolicyName=name)
    iam.delete_access_key(UserName=user.name, AccessKeyId=user.access_key_id)
    iam.delete_user(UserName=user.name)
    return unique_id


def principals(policy: Any) -> Any:
    """Return the principals of a policy's first statement."""
    document = json.loads(policy) if isinstance(policy, str) else policy
    return document["Statement"][0]["Principal"]["AWS"]


@pytest.fixture
def ann(account: LabAccount) -> LabUser:
    return account.user("ann")


def test_a_key_policy_does_not_allow_a_new_user_of_the_old_name(account: LabAccount, ann: LabUser) -> None:
    administration = allow(f"arn:aws:iam::{account.number}:root", "kms:*", Resource="*")
    key = account.key(allow(ann.arn, "kms:Encrypt", Resource="*"), administration)
    kms = account.client("kms")
    before = kms.get_key_policy(KeyId=key)["Policy"]
    ann.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    unique_id = delete(ann)
    assert principals(kms.get_key_policy(KeyId=key)["Policy"]) == [unique_id]
    again = account.user("ann")
    assert client_error(again.client("kms").encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"
    assert principals(kms.get_key_policy(KeyId=key)["Policy"]) == [unique_id]
    kms.put_key_policy(KeyId=key, Policy=before)
    again.client("kms").encrypt(KeyId=key, Plaintext=b"x")


def test_a_key_policy_with_a_deleted_principal_cannot_be_put_again(account: LabAccount, ann: LabUser) -> None:
    administration = allow(f"arn:aws:iam::{account.number}:root", "kms:*", Resource="*")
    key = account.key(allow(ann.arn, "kms:Encrypt", Resource="*"), administration)
    delete(ann)
    kms = account.client("kms")
    shown = kms.get_key_policy(KeyId=key)["Policy"]
    code, message = client_error(kms.put_key_policy, KeyId=key, Policy=shown)
    assert (code, message) == (
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
    )


def test_a_renamed_user_keeps_what_policies_allow(account: LabAccount, ann: LabUser) -> None:
    administration = allow(f"arn:aws:iam::{account.number}:root", "kms:*", Resource="*")
    key = account.key(allow(ann.arn, "kms:Encrypt", Resource="*"), administration)
    account.client("iam").update_user(UserName="ann", NewUserName="anna")
    ann.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    shown = account.client("kms").get_key_policy(KeyId=key)["Policy"]
    assert principals(shown) == [f"arn:aws:iam::{account.number}:user/anna"]


def test_a_denial_stays_with_the_user_that_it_named(account: LabAccount, ann: LabUser) -> None:
    administration = allow(f"arn:aws:iam::{account.number}:root", "kms:*", Resource="*")
    others = {"Effect": "Deny", "NotPrincipal": {"AWS": [ann.arn, f"arn:aws:iam::{account.number}:root"]}}
    key = account.key(administration, others | {"Action": "kms:Encrypt", "Resource": "*"})
    ann.may("kms:Encrypt").client("kms").encrypt(KeyId=key, Plaintext=b"x")
    delete(ann)
    again = account.user("ann", EVERYTHING)
    assert client_error(again.client("kms").encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"


def test_a_trust_policy_does_not_trust_a_new_user_of_the_old_name(account: LabAccount, ann: LabUser) -> None:
    role = account.role("reader", allow(ann.arn, "sts:AssumeRole"))
    ann.assume_role(role)
    unique_id = delete(ann)
    again = account.user("ann")
    sts = again.client("sts")
    assert client_error(sts.assume_role, RoleArn=role, RoleSessionName="se")[0] == "AccessDenied"
    iam = account.client("iam")
    assert principals(iam.get_role(RoleName="reader")["Role"]["AssumeRolePolicyDocument"]) == [unique_id]


def test_a_role_created_again_is_not_the_role_that_another_trusted(account: LabAccount) -> None:
    ann = account.user("ann", EVERYTHING)
    first = account.role("first", allow(account.number, "sts:AssumeRole"))
    second = account.role("second", allow(first, "sts:AssumeRole"))
    ann.assume_role(first).assume_role(second)
    account.client("iam").delete_role(RoleName="first")
    again = ann.assume_role(account.role("first", allow(account.number, "sts:AssumeRole")))
    sts = again.client("sts")
    assert client_error(sts.assume_role, RoleArn=second, RoleSessionName="se")[0] == "AccessDenied"


def test_a_tables_policy_does_not_allow_a_new_user_of_the_old_name(account: LabAccount, ann: LabUser) -> None:
    account.table("items")
    dynamodb = account.client("dynamodb")
    arn = dynamodb.describe_table(TableName="items")["Table"]["TableArn"]
    document = {"Version": "2012-10-17", "Statement": [allow(ann.arn, "dynamodb:Scan", Resource=arn)]}
    first = dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps(document))
    ann.client("dynamodb").scan(TableName="items")
    unique_id = delete(ann)
    again = account.user("ann")
    scan = again.client("dynamodb").scan
    assert client_error(scan, TableName="items")[0] == "AccessDeniedException"
    assert principals(dynamodb.get_resource_policy(ResourceArn=arn)["Policy"]) == [unique_id]
    second = dynamodb.put_resource_policy(ResourceArn=arn, Policy=json.dumps(document))
    assert second["RevisionId"] != first["RevisionId"]
    scan(TableName="items")


def test_a_grant_is_not_for_a_new_user_of_the_old_name(account: LabAccount, ann: LabUser) -> None:
    key, kms = account.key(), account.client("kms")
    grant = {"KeyId": key, "GranteePrincipal": ann.arn, "Operations": ["Encrypt"], "Name": "once"}
    kms.create_grant(**grant)
    ann.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    delete(ann)
    again = account.user("ann")
    assert client_error(again.client("kms").encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"
    kms.create_grant(
        KeyId=key, GranteePrincipal=again.arn, Operations=["Encrypt", "RetireGrant"], Name="once"
    )
    again.client("kms").encrypt(KeyId=key, Plaintext=b"x")


def test_a_grant_is_for_a_principal_that_exists(account: LabAccount) -> None:
    nobody = f"arn:aws:iam::{account.number}:user/nobody"
    create_grant = account.client("kms").create_grant
    error = client_error(create_grant, KeyId=account.key(), GranteePrincipal=nobody, Operations=["Encrypt"])
    assert error[0] == "InvalidArnException"
