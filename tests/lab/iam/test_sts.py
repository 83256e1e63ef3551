"""STS over HTTP: identities, sessions, and what a session may do."""

import json

import pytest
from botocore.exceptions import ClientError

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def refused(call, **params) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def trust(principal: str, *actions: str, **elements) -> dict:
    wanted = list(actions) or ["sts:AssumeRole"]
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": wanted} | elements


def test_everybody_may_ask_who_they_are(account):
    denied = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    ann = account.user("ann", denied)
    answer = ann.client("sts").get_caller_identity()
    assert (answer["Account"], answer["Arn"]) == (account.number, f"arn:aws:iam::{account.number}:user/ann")
    assert answer["UserId"].startswith("AIDA")
    assert account.client("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{account.number}:root"


def test_a_session_is_its_role_and_has_the_roles_policies(account):
    ann = account.user("ann")
    arn = account.role("reader", trust(f"arn:aws:iam::{account.number}:user/ann"), EVERYTHING)
    session = ann.assume_role(arn)
    answer = session.client("sts").get_caller_identity()
    assert answer["Arn"] == f"arn:aws:sts::{account.number}:assumed-role/reader/session"
    assert answer["UserId"].endswith(":session")
    assert session.client("iam").list_users()["Users"]
    assert refused(ann.client("iam").list_users)[0] == "AccessDenied"


def test_a_role_that_trusts_another_is_not_told_from_one_that_is_not_there(account):
    ann = account.user("ann", EVERYTHING)
    account.user("eve")
    arn = account.role("reader", trust(f"arn:aws:iam::{account.number}:user/eve"))
    for wanted in (arn, arn + "s"):
        code, message = refused(ann.client("sts").assume_role, RoleArn=wanted, RoleSessionName="se")
        assert code == "AccessDenied"
        assert message == (
            f"User: arn:aws:iam::{account.number}:user/ann is not authorized to perform: sts:AssumeRole "
            f"on resource: {wanted}"
        )


def test_an_external_id_must_be_the_agreed_one(account, other_account):
    arn = account.role(
        "reader", trust(other_account.number, Condition={"StringEquals": {"sts:ExternalId": "agreed"}})
    )
    bob = other_account.user("bob", EVERYTHING)
    sts = bob.client("sts")
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="se")[0] == "AccessDenied"
    assert refused(sts.assume_role, RoleArn=arn, RoleSessionName="se", ExternalId="no")[0] == "AccessDenied"
    sts.assume_role(RoleArn=arn, RoleSessionName="se", ExternalId="agreed")


def test_across_accounts_the_callers_own_policies_must_allow_it_too(account, other_account):
    arn = account.role("reader", trust(other_account.number))
    nobody, anybody = other_account.user("nobody"), other_account.user("anybody", EVERYTHING)
    assert refused(nobody.client("sts").assume_role, RoleArn=arn, RoleSessionName="se")[0] == "AccessDenied"
    assert anybody.assume_role(arn).client("sts").get_caller_identity()["Account"] == account.number


def test_root_may_not_assume_a_role(account):
    arn = account.role("reader", trust(account.number))
    assert refused(account.client("sts").assume_role, RoleArn=arn, RoleSessionName="se") == (
        "AccessDenied",
        "Roles may not be assumed by root accounts.",
    )


def test_session_policies_cut_a_session_down(account):
    ann = account.user("ann")
    arn = account.role("reader", trust(f"arn:aws:iam::{account.number}:user/ann"), EVERYTHING)
    only_get = json.dumps({"Statement": {"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}})
    iam = ann.assume_role(arn, Policy=only_get).client("iam")
    iam.get_role(RoleName="reader")
    assert refused(iam.list_users)[1].endswith("because no session policy allows the iam:ListUsers action")
    assert (
        refused(ann.client("sts").assume_role, RoleArn=arn, RoleSessionName="se", Policy="{")[0]
        == "MalformedPolicyDocument"
    )


def test_session_tags_are_the_principals_tags_and_need_permission(account):
    ann = account.user("ann")
    arn = f"arn:aws:iam::{account.number}:user/ann"
    red = EVERYTHING | {"Condition": {"StringEquals": {"aws:PrincipalTag/team": "red"}}}
    plain = account.role("plain", trust(arn), red)
    tags = [{"Key": "team", "Value": "red"}]
    sts = ann.client("sts")
    assert "sts:TagSession" in refused(sts.assume_role, RoleArn=plain, RoleSessionName="se", Tags=tags)[1]
    tagged = account.role("tagged", trust(arn, "sts:AssumeRole", "sts:TagSession"), red)
    ann.assume_role(tagged, Tags=tags).client("iam").list_users()
    assert refused(ann.assume_role(tagged).client("iam").list_users)[0] == "AccessDenied"


def test_a_session_lasts_no_longer_than_its_role_allows(account):
    ann = account.user("ann")
    arn = account.role("reader", trust(f"arn:aws:iam::{account.number}:user/ann"), MaxSessionDuration=7200)
    ann.assume_role(arn, DurationSeconds=7200)
    code, message = refused(
        ann.client("sts").assume_role, RoleArn=arn, RoleSessionName="se", DurationSeconds=7201
    )
    assert (code, message) == (
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )


def test_temporary_credentials_of_a_user_are_the_user(account):
    ann = account.user("ann", EVERYTHING)
    credentials = ann.client("sts").get_session_token()["Credentials"]
    temporary = ann.with_credentials(credentials)
    sts = temporary.client("sts")
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{account.number}:user/ann"
    assert refused(sts.get_session_token)[0] == "AccessDenied"
    said = refused(temporary.client("iam").list_users)
    assert said == ("InvalidClientTokenId", "The security token included in the request is invalid")
    broken = ann.with_credentials(credentials | {"SessionToken": "other"})
    assert refused(broken.client("sts").get_caller_identity)[0] == "InvalidClientTokenId"


def test_an_access_key_tells_its_account(account, other_account):
    bob = other_account.user("bob")
    answer = account.client("sts").get_access_key_info(AccessKeyId=bob.access_key_id)
    assert answer["Account"] == other_account.number
