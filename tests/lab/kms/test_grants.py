"""Grants: who may do what because of them, within which encryption context, and how they end."""

from typing import Any

import pytest

from dynaseal_lab.model import Decision, Fault, Reply
from lab.services import KmsCaller, raises_fault, user

BOB, CAROL = user("bob"), user("carol")


def outcome(kms: KmsCaller, operation: str, **arguments: Any) -> str:
    try:
        kms(operation, **arguments)
    except Fault as fault:
        return fault.code
    return "allowed"


@pytest.fixture
def key(kms: KmsCaller) -> str:
    """A key that alice may use by policy, and others only by a grant."""
    arn = kms.key()
    kms.authorizer.rule = lambda call, access_request: (
        Decision(True, "allowed")
        if call.principal.name == "alice" or access_request.grants_allow
        else Decision(False, "no-identity-policy")
    )
    return arn


def grant(kms: KmsCaller, key: str, **terms: Any) -> Reply:
    terms = {"GranteePrincipal": BOB.arn, "Operations": ["Encrypt", "Decrypt"]} | terms
    return kms("CreateGrant", KeyId=key, **terms)


def test_a_grant_allows_its_grantee_its_operations_and_nothing_else(kms: KmsCaller, key: str) -> None:
    grant(kms, key, Operations=["Encrypt"])
    blob = kms("Encrypt", caller=BOB, KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    with raises_fault("AccessDeniedException"):
        kms("Decrypt", caller=BOB, CiphertextBlob=blob)
    with raises_fault("AccessDeniedException"):
        kms("Encrypt", caller=CAROL, KeyId=key, Plaintext=b"x")


@pytest.mark.parametrize(
    ("constraint", "context", "allowed"),
    [
        ({"EncryptionContextEquals": {"a": "1"}}, {"a": "1"}, True),
        ({"EncryptionContextEquals": {"a": "1"}}, {"a": "1", "b": "2"}, False),
        ({"EncryptionContextEquals": {"a": "1"}}, {}, False),
        ({"EncryptionContextSubset": {"a": "1"}}, {"a": "1", "b": "2"}, True),
        ({"EncryptionContextSubset": {"a": "1"}}, {"a": "2", "b": "2"}, False),
        ({"EncryptionContextSubset": {"a": "1"}, "EncryptionContextEquals": {}}, {"a": "1"}, True),
    ],
)
def test_a_constraint_holds_the_encryption_context(
    kms: KmsCaller, key: str, constraint: dict[str, Any], context: dict[str, str], allowed: bool
) -> None:
    grant(kms, key, Constraints=constraint)
    arguments = {"caller": BOB, "KeyId": key, "Plaintext": b"x", "EncryptionContext": context}
    assert outcome(kms, "Encrypt", **arguments) == ("allowed" if allowed else "AccessDeniedException")


def test_a_revoked_grant_allows_nothing_at_once(kms: KmsCaller, key: str) -> None:
    created = grant(kms, key)
    assert [entry["GrantId"] for entry in kms("ListGrants", KeyId=key)["Grants"]] == [created["GrantId"]]
    kms("RevokeGrant", KeyId=key, GrantId=created["GrantId"])
    with raises_fault("AccessDeniedException"):
        kms("Encrypt", caller=BOB, KeyId=key, Plaintext=b"x")
    with raises_fault("NotFoundException"):
        kms("RevokeGrant", KeyId=key, GrantId=created["GrantId"])


def test_the_retiring_principal_retires_by_token_and_others_do_not(kms: KmsCaller, key: str) -> None:
    created = grant(kms, key, RetiringPrincipal=CAROL.arn)
    assert len(kms("ListRetirableGrants", RetiringPrincipal=CAROL.arn)["Grants"]) == 1
    with raises_fault("AccessDeniedException"):
        kms("RetireGrant", caller=BOB, GrantToken=created["GrantToken"])
    kms("RetireGrant", caller=CAROL, GrantToken=created["GrantToken"])
    assert kms("ListGrants", KeyId=key)["Grants"] == []


def test_a_grantee_may_give_up_a_grant_that_says_so(kms: KmsCaller, key: str) -> None:
    created = grant(kms, key, Operations=["Encrypt", "RetireGrant"])
    kms("RetireGrant", caller=BOB, KeyId=key, GrantId=created["GrantId"])
    assert kms("ListGrants", KeyId=key)["Grants"] == []


@pytest.mark.parametrize(
    ("operations", "constraints", "allowed"),
    [
        (["Decrypt"], {"EncryptionContextSubset": {"a": "1", "b": "2"}}, True),
        (["Decrypt"], {"EncryptionContextEquals": {"a": "1"}}, True),
        (["Decrypt", "Encrypt"], {"EncryptionContextSubset": {"a": "1"}}, False),
        (["Decrypt"], {"EncryptionContextSubset": {"b": "2"}}, False),
        (["Decrypt"], {}, False),
    ],
)
def test_a_grant_is_passed_on_only_with_less_power(
    kms: KmsCaller, key: str, operations: list[str], constraints: dict[str, Any], allowed: bool
) -> None:
    parent = {"EncryptionContextSubset": {"a": "1"}}
    grant(kms, key, Operations=["Decrypt", "CreateGrant"], Constraints=parent)
    arguments = {"caller": BOB, "GranteePrincipal": CAROL.arn, "Operations": operations}
    if constraints:
        arguments["Constraints"] = constraints
    code = outcome(kms, "CreateGrant", KeyId=key, **arguments)
    assert code == ("allowed" if allowed else "AccessDeniedException")


def test_the_same_named_grant_is_made_once(kms: KmsCaller, key: str) -> None:
    assert grant(kms, key, Name="one") == grant(kms, key, Name="one")
    assert grant(kms, key) != grant(kms, key)


def test_the_question_says_what_the_grant_would_give(kms: KmsCaller, key: str) -> None:
    terms = {"RetiringPrincipal": CAROL.arn, "Constraints": {"EncryptionContextSubset": {"a": "1"}}}
    kms(
        "CreateGrant",
        KeyId=key,
        GranteePrincipal="dynamodb.us-west-2.amazonaws.com",
        Operations=["Decrypt", "Encrypt"],
        via="dynamodb.us-west-2.amazonaws.com",
        **terms,
    )
    context = kms.authorizer.access_requests[-1].condition_keys
    assert context["kms:GranteePrincipal"] == ["dynamodb.us-west-2.amazonaws.com"]
    assert context["kms:RetiringPrincipal"] == [CAROL.arn]
    assert context["kms:GrantOperations"] == ["Decrypt", "Encrypt"]
    assert context["kms:GrantConstraintType"] == ["EncryptionContextSubset"]
    assert context["kms:GrantIsForAWSResource"] == ["true"]


def test_a_grant_names_a_principal_and_fitting_operations(kms: KmsCaller, key: str) -> None:
    with raises_fault("InvalidArnException"):
        grant(kms, key, GranteePrincipal="bob")
    with raises_fault("ValidationException: Grant operations Sign"):
        grant(kms, key, Operations=["Sign"])
    kms("DisableKey", KeyId=key)
    with raises_fault("DisabledException"):
        grant(kms, key)


def test_a_token_of_a_grant_is_taken_and_an_unknown_one_refused(kms: KmsCaller, key: str) -> None:
    created = grant(kms, key)
    kms("Encrypt", caller=BOB, KeyId=key, Plaintext=b"x", GrantTokens=[created["GrantToken"]])
    with raises_fault("InvalidGrantTokenException"):
        kms("Encrypt", caller=BOB, KeyId=key, Plaintext=b"x", GrantTokens=["unknown"])
