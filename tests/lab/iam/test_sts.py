"""STS over HTTP: who the caller is, sessions, and what a session may do."""

import json
from typing import Any

from dynaseal_lab.testing import LabAccount
from lab.errors import client_error

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def trust(principal: str, *actions: str, **elements: Any) -> dict[str, Any]:
    allowed = list(actions) or ["sts:AssumeRole"]
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": allowed} | elements


def test_every_caller_may_call_get_caller_identity(account: LabAccount) -> None:
    denied = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    ann = account.user("ann", denied)
    reply = ann.client("sts").get_caller_identity()
    assert (reply["Account"], reply["Arn"]) == (account.number, f"arn:aws:iam::{account.number}:user/ann")
    assert reply["UserId"].startswith("AIDA")
    assert account.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{account.number}:root"


def test_a_session_has_its_roles_policies(account: LabAccount) -> None:
    ann = account.user("ann")
    arn = account.role("reader", trust(f"arn:aws:iam::{account.number}:user/ann"), EVERYTHING)
    session = ann.assume_role(arn)
    reply = session.client("sts").get_caller_identity()
    assert reply["Arn"] == f"arn:aws:sts::{account.number}:assumed-role/reader/session"
    assert reply["UserId"].endswith(":session")
    assert session.client("iam").list_users()["Users"]
    assert client_error(ann.client("iam").list_users)[0] == "AccessDenied"


def test_a_role_that_does_not_trust_the_caller_looks_like_one_that_does_not_exist(
    account: LabAccount,
) -> None:
    ann = account.user("ann", EVERYTHING)
    account.user("eve")
    arn = account.role("reader", trust(f"arn:aws:iam::{account.number}:user/eve"))
    for role in (arn, arn + "s"):
        code, message = client_error(ann.client("sts").assume_role, RoleArn=role, RoleSessionName="se")
        assert code == "AccessDenied"
        assert message == (
            f"User: arn:aws:iam::{account.number}:user/ann is not authorized to perform: sts:AssumeRole "
            f"on resource: {role}"
        )


def test_the_external_id_must_be_the_one_in_the_trust_policy(
    account: LabAccount, other_account: LabAccount
) -> None:
    arn = account.role(
        "reader", trust(other_account.number, Condition={"StringEquals": {"sts:ExternalId": "agreed"}})
    )
    bob = other_account.user("bob", EVERYTHING)
    sts = bob.client("sts")
    assert client_error(sts.assume_role, RoleArn=arn, RoleSessionName="se")[0] == "AccessDenied"
    assert (
        client_error(sts.assume_role, RoleArn=arn, RoleSessionName="se", ExternalId="no")[0] == "AccessDenied"
    )
    sts.assume_role(RoleArn=arn, RoleSessionName="se", ExternalId="agreed")


def test_across_accounts_the_callers_own_policies_must_allow_it_too(
    account: LabAccount, other_account: LabAccount
) -> None:
    arn = account.role("reader", trust(other_account.number))
    nobody, anybody = other_account.user("nobody"), other_account.user("anybody", EVERYTHING)
    assert (
        client_error(nobody.client("sts").assume_role, RoleArn=arn, RoleSessionName="se")[0] == "AccessDenied"
    )
    assert anybody.assume_role(arn).client("sts").get_caller_identity()["Account"] == account.number


def test_root_may_not_assume_a_role(account: LabAccount) -> None:
    arn = account.role("reader", trust(account.number))
    assert client_error(account.client("sts").assume_role, RoleArn=arn, RoleSessionName="se") == (
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
    )


def test_session_policies_limit_a_session(account: LabAccount) -> None:
    ann = account.user("ann")
    arn = account.role("reader", trust(f"arn:aws:iam::{account.number}:user/ann"), EVERYTHING)
    only_get = json.dumps({"Statement": {"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}})
    iam = ann.assume_role(arn, Policy=only_get).client("iam")
    iam.get_role(RoleName="reader")
    assert client_error(iam.list_users)[1].endswith(
        "because no session policy allows the iam:ListUsers action"
    )
    assert (
        client_error(ann.client("sts").assume_role, RoleArn=arn, RoleSessionName="se", Policy="{")[0]
        == "MalformedPolicyDocument"
    )


def test_session_tags_are_the_principals_tags_and_need_permission(account: LabAccount) -> None:
    ann = account.user("ann")
    arn = f"arn:aws:iam::{account.number}:user/ann"
    red = EVERYTHING | {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}
    plain = account.role("plain", trust(arn), red)
    tags = [{"Key": "team", "Value": "red"}]
    sts = ann.client("sts")
    assert (
        "sts:TagSession" in client_error(sts.assume_role, RoleArn=plain, RoleSessionName="se", Tags=tags)[1]
    )
    tagged = account.role("tagged", trust(arn, "sts:AssumeRole", "sts:TagSession"), red)
    ann.assume_role(tagged, Tags=tags).client("iam").list_users()
    assert client_error(ann.assume_role(tagged).client("iam").list_users)[0] == "AccessDenied"


def test_a_session_lasts_no_longer_than_its_role_allows(account: LabAccount) -> None:
    ann = account.user("ann")
    arn = account.role("reader", trust(f"arn:aws:iam::{account.number}:user/ann"), MaxSessionDuration=7200)
    ann.assume_role(arn, DurationSeconds=7200)
    code, message = client_error(
        ann.client("sts").assume_role, RoleArn=arn, RoleSessionName="se", DurationSeconds=7201
    )
    assert (code, message) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )


def test_temporary_credentials_of_a_user_act_as_the_user(account: LabAccount) -> None:
    ann = account.user("ann", EVERYTHING)
    credentials = ann.client("sts").get_session_token()["Credentials"]
    temporary = ann.with_credentials(credentials)
    sts = temporary.client("sts")
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{account.number}:user/ann"
    assert client_error(sts.get_session_token)[0] == "AccessDenied"
    error = client_error(temporary.client("iam").list_users)
    assert error == ("InvalidClientTokenId", "The security token included in the request is invalid")
    broken = ann.with_credentials(credentials | {"SessionToken": "other"})
    assert client_error(broken.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"


def test_get_access_key_info_returns_the_keys_account(account: LabAccount, other_account: LabAccount) -> None:
    bob = other_account.user("bob")
    reply = account.client("sts").get_access_key_info(AccessKeyId=bob.access_key_id)
    assert reply["Account"] == other_account.number
