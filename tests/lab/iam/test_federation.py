"""GetFederationToken over HTTP: whose permissions the session has, and what it may not do."""

import json
from typing import Any

import pytest

from dynaseal_lab.testing import LabAccount, LabPrincipal, LabUser
from lab.errors import client_error

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(*actions: str, resource: str = "*") -> str:
    return json.dumps({"Statement": {"Effect": "Allow", "Action": list(actions), "Resource": resource}})


def federated(user: LabPrincipal, name: str = "guest", **parameters: Any) -> LabPrincipal:
    reply = user.client("sts").get_federation_token(Name=name, **parameters)
    return user.with_credentials(reply["Credentials"], arn=reply["FederatedUser"]["Arn"])


@pytest.fixture
def ann(account: LabAccount) -> LabUser:
    may_federate = {"Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*"}
    may_use_kms = {"Effect": "Allow", "Action": ["kms:ListKeys", "kms:ListAliases"], "Resource": "*"}
    return account.user("ann", may_federate, may_use_kms)


def test_a_session_has_a_name_of_its_own(account: LabAccount, ann: LabUser) -> None:
    reply = ann.client("sts").get_federation_token(Name="guest", Policy=document("kms:ListKeys"))
    arn = f"arn:aws:sts::{account.number}:federated-user/guest"
    assert reply["FederatedUser"] == {"FederatedUserId": f"{account.number}:guest", "Arn": arn}
    assert 0 < reply["PackedPolicySize"] <= 100
    caller = ann.with_credentials(reply["Credentials"]).client("sts").get_caller_identity()
    assert (caller["Arn"], caller["UserId"]) == (arn, f"{account.number}:guest")


def test_a_session_may_do_what_both_the_user_and_its_policy_allow(ann: LabUser) -> None:
    kms = federated(ann, Policy=document("kms:ListKeys", "kms:CreateKey")).client("kms")
    kms.list_keys()
    code, message = client_error(kms.list_aliases)
    assert code == "AccessDeniedException"
    assert message.endswith("because no session policy allows the kms:ListAliases action")
    assert message.startswith("User: arn:aws:sts::")
    assert "no identity-based policy allows the kms:CreateKey" in client_error(kms.create_key)[1]


def test_a_session_without_a_policy_may_do_nothing_but_what_a_resource_allows_it(
    account: LabAccount, ann: LabUser
) -> None:
    session = federated(ann)
    assert client_error(session.client("kms").list_keys)[0] == "AccessDeniedException"
    arn = f"arn:aws:sts::{account.number}:federated-user/guest"
    key = account.key(
        EVERYTHING | {"Principal": {"AWS": account.number}, "Action": "kms:*"},
        {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": "kms:Encrypt", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account.number}:user/ann"},
            "Action": "kms:DescribeKey",
            "Resource": "*",
        },
    )
    session.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    # Naming the user is less direct: the session's policies limit it, and there are none.
    assert client_error(session.client("kms").describe_key, KeyId=key)[0] == "AccessDeniedException"
    limited = federated(ann, Policy=document("kms:DescribeKey"))
    limited.client("kms").describe_key(KeyId=key)


def test_a_grant_can_name_a_session(account: LabAccount, ann: LabUser) -> None:
    session = federated(ann)
    key = account.key()
    arn = f"arn:aws:sts::{account.number}:federated-user/guest"
    account.client("kms").create_grant(KeyId=key, GranteePrincipal=arn, Operations=["DescribeKey"])
    denied = client_error(session.client("kms").describe_key, KeyId=key)[1]
    assert denied.endswith("because no session policy allows the kms:DescribeKey action")
    federated(ann, Policy=document("kms:DescribeKey")).client("kms").describe_key(KeyId=key)


def test_the_users_permissions_are_those_of_now(account: LabAccount, ann: LabUser) -> None:
    session = federated(ann, Policy=document("*"))
    session.client("kms").list_keys()
    iam = account.client("iam")
    for name in iam.list_user_policies(UserName="ann")["PolicyNames"]:
        iam.delete_user_policy(UserName="ann", PolicyName=name)
    assert client_error(session.client("kms").list_keys)[0] == "AccessDeniedException"


def test_root_may_do_everything_that_its_sessions_policy_allows(account: LabAccount) -> None:
    session = federated(account.root, DurationSeconds=129_600, Policy=document("kms:List*"))
    session.client("kms").list_keys()
    assert client_error(session.client("kms").create_key)[0] == "AccessDeniedException"


def test_it_needs_permission_and_a_key_of_the_users_own(account: LabAccount, ann: LabUser) -> None:
    bob = account.user("bob")
    code, message = client_error(bob.client("sts").get_federation_token, Name="guest")
    assert code == "AccessDenied"
    assert f"on resource: arn:aws:sts::{account.number}:federated-user/guest" in message
    temporary = ann.with_credentials(ann.client("sts").get_session_token()["Credentials"])
    for caller in (temporary, federated(ann, Policy=document("*"))):
        error = client_error(caller.client("sts").get_federation_token, Name="guest")
        assert error == ("AccessDenied", "Cannot call GetFederationToken with session credentials")
    error = client_error(ann.client("sts").get_federation_token, Name="guest", Policy="{")
    assert error[0] == "MalformedPolicyDocument"


def test_a_session_can_call_neither_iam_nor_the_rest_of_sts(account: LabAccount) -> None:
    ann = account.user("ann", EVERYTHING)
    session = federated(ann, Policy=document("*"))
    assert client_error(session.client("iam").list_users)[0] == "InvalidClientTokenId"
    role = f"arn:aws:iam::{account.number}:role/reader"
    sts = session.client("sts")
    assert client_error(sts.assume_role, RoleArn=role, RoleSessionName="se")[0] == "AccessDenied"
    assert client_error(sts.get_session_token)[0] == "AccessDenied"


def test_tags_need_permission_and_are_the_sessions_tags(account: LabAccount, ann: LabUser) -> None:
    tags = [{"Key": "team", "Value": "red"}]
    error = client_error(ann.client("sts").get_federation_token, Name="guest", Tags=tags)
    assert "sts:TagSession" in error[1]
    red = EVERYTHING | {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}
    is_federated = EVERYTHING | {"Condition": {"StringEquals": {"aws:PrincipalType": "FederatedUser"}}}
    policy = json.dumps({"Statement": [red]})
    dora = account.user("dora", EVERYTHING)
    federated(dora, Policy=policy, Tags=tags).client("kms").list_keys()
    assert client_error(federated(dora, Policy=policy).client("kms").list_keys)[0] == "AccessDeniedException"
    federated(dora, Policy=json.dumps({"Statement": [is_federated]})).client("kms").list_keys()
    repeated = [*tags, {"Key": "Team", "Value": "blue"}]
    error = client_error(dora.client("sts").get_federation_token, Name="guest", Tags=repeated)
    assert error[0] == "InvalidParameterValue"


def test_a_session_ends_with_its_user(account: LabAccount) -> None:
    eve = account.user("eve", EVERYTHING)
    session = federated(eve, Policy=document("*"))
    iam = account.client("iam")
    for name in iam.list_user_policies(UserName="eve")["PolicyNames"]:
        iam.delete_user_policy(UserName="eve", PolicyName=name)
    for key in iam.list_access_keys(UserName="eve")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="eve", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="eve")
    account.user("eve", EVERYTHING)
    assert client_error(session.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"


def test_the_trail_shows_the_session(account: LabAccount, ann: LabUser) -> None:
    federated(ann, Policy=document("kms:ListKeys")).client("kms").list_keys()
    last = account.trail()[-1]
    assert last["principal"] == f"arn:aws:sts::{account.number}:federated-user/guest"
    assert (last["action"], last["outcome"]) == ("kms:ListKeys", "allowed")
