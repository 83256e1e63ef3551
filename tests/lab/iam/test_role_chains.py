"""Session tags and source identities along a chain of roles."""

from typing import Any

import pytest

from dynaseal_lab.testing import LabAccount, LabPrincipal
from lab.errors import client_error

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TEAM = [{"Key": "team", "Value": "red"}]


def role(account: LabAccount, name: str, *actions: str, **elements: Any) -> str:
    """Create a role that the account's principals may assume, with further actions on it."""
    allowed = ["sts:AssumeRole", *actions]
    trust = {"Effect": "Allow", "Principal": {"AWS": account.number}, "Action": allowed, **elements}
    return account.role(name, trust, EVERYTHING)


def refusal(session: LabPrincipal, role_arn: str, **parameters: Any) -> tuple[str, str]:
    sts = session.client("sts")
    return client_error(sts.assume_role, RoleArn=role_arn, RoleSessionName="next", **parameters)


@pytest.fixture
def ann(account: LabAccount) -> LabPrincipal:
    return account.user("ann", EVERYTHING)


@pytest.fixture
def tagged(account: LabAccount, ann: LabPrincipal) -> LabPrincipal:
    """A session with the transitive tag team=red."""
    first = role(account, "first", "sts:TagSession")
    return ann.assume_role(first, Tags=TEAM, TransitiveTagKeys=["team"])


def test_a_transitive_tag_cannot_get_another_value(account: LabAccount, tagged: LabPrincipal) -> None:
    second = role(account, "second", "sts:TagSession")
    conflict = (
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag "
        "key from the calling session."
    )
    for key in ("team", "Team"):
        error = refusal(tagged, second, Tags=[{"Key": key, "Value": "blue"}])
        assert error == ("InvalidParameterValue", conflict)


def test_a_transitive_tag_must_be_one_of_the_requests_tags(account: LabAccount, ann: LabPrincipal) -> None:
    first = role(account, "first", "sts:TagSession")
    assert refusal(ann, first, Tags=TEAM, TransitiveTagKeys=["cost"]) == (
        "InvalidParameterValue",
        "The specified transitive tag key must be included in the requested tags.",
    )


def test_an_inherited_tag_needs_tag_session_in_the_next_roles_trust_policy(
    account: LabAccount, tagged: LabPrincipal
) -> None:
    code, message = refusal(tagged, role(account, "plain"))
    assert (code, "sts:TagSession" in message) == ("AccessDenied", True)
    red = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    trust = {"Effect": "Allow", "Principal": {"AWS": account.number}, "Action": "sts:*"}
    second = account.role("second", trust, EVERYTHING | {"Condition": red})
    tagged.assume_role(second).client("iam").list_users()


def test_a_source_identity_stays_along_the_chain(account: LabAccount, ann: LabPrincipal) -> None:
    identity = ["sts:SetSourceIdentity"]
    first = ann.assume_role(role(account, "first", *identity), SourceIdentity="ann.smith")
    as_ann = {"Condition": {"StringEquals": {"sts:SourceIdentity": "ann.smith"}}}
    second = role(account, "second", *identity, **as_ann)
    sts = first.client("sts")
    assert sts.assume_role(RoleArn=second, RoleSessionName="next")["SourceIdentity"] == "ann.smith"
    trust = {"Effect": "Allow", "Principal": {"AWS": account.number}, "Action": "sts:*"}
    who = {"Condition": {"StringEquals": {"aws:SourceIdentity": "ann.smith"}}}
    third = account.role("third", trust, EVERYTHING | who)
    first.assume_role(second).assume_role(third).client("iam").list_users()


def test_a_source_identity_never_changes(account: LabAccount, ann: LabPrincipal) -> None:
    first = ann.assume_role(role(account, "first", "sts:SetSourceIdentity"), SourceIdentity="ann.smith")
    second = role(account, "second", "sts:SetSourceIdentity")
    code, message = refusal(first, second, SourceIdentity="eve.smith")
    assert (code, "sts:SetSourceIdentity" in message) == ("AccessDenied", True)
    first.assume_role(second, SourceIdentity="ann.smith")


def test_a_source_identity_needs_permission_in_every_trust_policy(
    account: LabAccount, ann: LabPrincipal
) -> None:
    first = ann.assume_role(role(account, "first", "sts:SetSourceIdentity"), SourceIdentity="ann.smith")
    code, message = refusal(first, role(account, "second"))
    assert (code, "sts:SetSourceIdentity" in message) == ("AccessDenied", True)
