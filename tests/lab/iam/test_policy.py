"""Which policy documents are accepted, and AWS's messages for those that are not."""

import json
from typing import Any

import pytest

from dynaseal_lab.iam.policy import PolicyError, PolicyKind, parse

IDENTITY = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
NAMED = IDENTITY | {"Sid": "a"}
RESOURCE = IDENTITY | {"Principal": {"AWS": "111122223333"}}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}


SYNTAX = "Syntax errors in policy."
LEGACY = "The policy failed legacy parsing"
NOT_JSON = "This policy contains invalid Json"
NO_PARTITION = 'Partition "moon" is not valid for resource "arn:moon:kms:::a".'
COMPLETED = 'Partition "b" is not valid for resource "arn:b:c:*:*:*".'
NO_SERVICE = "Resource vendor must be fully qualified and cannot contain regexes."
NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
ONE_COLON = "Actions/Condition can contain only one colon."
NOT_UNIQUE = "Statement IDs (SID) in a single policy must be unique."
OLD = "Policy document must be version 2012-10-17 or greater."
IAM_REGION = "IAM resource arn:aws:iam:eu-west-1::user/a cannot contain region information."
S3_REGION = "Resource arn:aws:s3:eu-west-1::a can not contain region information."
NO_SID = (
    "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
    "[0-9A-Za-z]*"
)


def not_an_arn(resource: str) -> str:
    return f'Resource {resource} must be in ARN format or "*".'


def before(date: str) -> dict[str, Any]:
    return IDENTITY | {"Condition": {"DateLessThan": {"aws:CurrentTime": date}}}


def document(*statements: Any, **elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)} | elements)


def reason(policy: str, kind: PolicyKind = PolicyKind.IDENTITY) -> str:
    """Return the message with which a document is refused."""
    with pytest.raises(PolicyError) as caught:
        parse(policy, kind)
    return str(caught.value)


def test_each_kind_of_policy_is_parsed() -> None:
    assert parse(document(IDENTITY), PolicyKind.IDENTITY).statements[0].effect == "Allow"
    assert parse(document(RESOURCE), PolicyKind.RESOURCE).statements[0].principals
    assert parse(document(TRUST), PolicyKind.TRUST).statements[0].resources is None


def test_a_single_statement_need_not_be_in_a_list() -> None:
    assert len(parse(json.dumps({"Statement": IDENTITY}), PolicyKind.IDENTITY).statements) == 1


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ("", SYNTAX),
        ("{", SYNTAX),
        ("[" * 100_000, SYNTAX),
        ('{"Statement": [], "Statement": []}', SYNTAX),
        ("[]", SYNTAX),
        ("{}", SYNTAX),
        (document(), SYNTAX),
        (document("x"), SYNTAX),
        (document(IDENTITY, Version="2020-01-01"), SYNTAX),
        (document(IDENTITY, Statements=[]), SYNTAX),
        (document(IDENTITY, Id=1), SYNTAX),
        (document(IDENTITY | {"Conditions": {}}), SYNTAX),
        (document(IDENTITY | {"Effect": "Perhaps"}), SYNTAX),
        (document({"Action": "a:b", "Resource": "*"}), SYNTAX),
        (document(IDENTITY | {"Action": 1}), SYNTAX),
        (document(IDENTITY | {"Action": [[]]}), SYNTAX),
        (document(IDENTITY | {"NotAction": "a:b"}), SYNTAX),
        (document(IDENTITY | {"Sid": 1}), SYNTAX),
        (document(IDENTITY | {"Condition": []}), SYNTAX),
        (document(IDENTITY | {"Condition": {"Bool": "true"}}), SYNTAX),
        (document(IDENTITY | {"Condition": {"Like": {"aws:a": "b"}}}), SYNTAX),
        (document(IDENTITY | {"Condition": {"StringEquals": {"aws:a": {}}}}), SYNTAX),
        (document(IDENTITY | {"Condition": {"NullIfExists": {"aws:a": "true"}}}), SYNTAX),
        (document(IDENTITY | {"Effect": "allow"}), LEGACY),
        (document(IDENTITY | {"Effect": "allow", "Action": []}), LEGACY),
        (document(IDENTITY | {"Resource": "arn:aws:s3::bucket"}), LEGACY),
        (document(IDENTITY | {"Resource": "arn:aws::::a"}), LEGACY),
        (document(IDENTITY | {"Action": "kms:"}), LEGACY),
        (document(before("2026-13-01")), LEGACY),
        (document(before("9223372036854775808")), LEGACY),
        (document(before("tomorrow") | {"Resource": "arn:moon:kms:::a"}), LEGACY),
        (document(NAMED, NAMED), NOT_UNIQUE),
        (document(NAMED, NAMED | {"Action": []}), NOT_UNIQUE),
        (document(IDENTITY | {"Sid": "a b"}), NO_SID),
        (document({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
        (document(IDENTITY | {"Action": []}), "Policy statement must contain actions."),
        (document(IDENTITY | {"Action": "a:b:c", "Resource": "x"}), not_an_arn("x")),
        (document(IDENTITY | {"Resource": ""}), not_an_arn("")),
        (document(IDENTITY | {"Resource": "arn"}), not_an_arn("arn")),
        (document(IDENTITY | {"Resource": "arn:moon:kms:::a"}), NO_PARTITION),
        (document(IDENTITY | {"Resource": "a:b:c"}), COMPLETED),
        (document(IDENTITY | {"Resource": "a:aws:kms:::c"}), not_an_arn("a:aws:kms:::c")),
        (document(IDENTITY | {"Resource": "arn:aws"}), NO_SERVICE),
        (document(IDENTITY | {"Resource": "arn:aws:k*:::a"}), NO_SERVICE),
        (document(IDENTITY | {"Resource": "arn:aws:iam:eu-west-1::user/a"}), IAM_REGION),
        (document(IDENTITY | {"Resource": "arn:aws:s3:eu-west-1::a"}), S3_REGION),
        (document(IDENTITY | {"Action": "Decrypt"}), NO_VENDOR),
        (document({"Effect": "Allow", "Action": "Decrypt"}), NO_VENDOR),
        (document(IDENTITY | {"Action": "k*s:Decrypt"}), "Vendor k*s is not valid"),
        (document(IDENTITY | {"Action": "kms:a:b"}), ONE_COLON),
        (document({"Effect": "Allow", "Action": "a:b"}), "Policy statement must contain resources."),
        (document(IDENTITY | {"Resource": []}), "Policy statement must contain resources."),
        (document(RESOURCE), "Policy document should not specify a principal."),
        (document(IDENTITY | {"Resource": "arn:aws:s3:::${x}"}), "Invalid policy variable: ${x}"),
        (document(IDENTITY | {"Condition": {"Bool": {"aws:a": "perhaps"}}}), "Not a boolean: perhaps"),
    ],
)  # fmt: skip
def test_an_invalid_identity_policy_is_refused_with_the_reason(policy: str, message: str) -> None:
    assert reason(policy) == message


def test_an_iam_arn_must_have_one_of_iams_paths() -> None:
    message = reason(document(IDENTITY | {"Resource": "arn:aws:iam::111122223333:house/a"}))
    assert message.startswith(
        'IAM resource path must either be "*" or start with user/, federated-user/, role/, '
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"Resource": "arn:aws:kms"},
        {"Resource": ["arn:aws:kms:*:*:key/a", None]},
        {"Resource": "arn:aws:iam::*:*"},
        {"Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/a"},
        {"Action": "s3.s:Get"},
        {"Sid": ""},
        {"Condition": {"Like": {}}},
        {"Condition": {"StringEqualsIfExists": {"key": "a"}}},
        {"Condition": {"ForAnyValue:DateLessThan": {"key": []}}},
        {"Condition": {"Bool": {"aws:a": True}, "NumericLessThan": {"aws:b": 5}}},
    ],
)
def test_what_iam_accepts_is_accepted(changes: dict[str, Any]) -> None:
    assert parse(document(IDENTITY | changes), PolicyKind.IDENTITY).statements


@pytest.mark.parametrize("version", [None, "2008-10-17"])
def test_a_managed_policys_version_is_checked_before_anything_else(
    version: str | None,
) -> None:
    policy = document(IDENTITY | {"Effect": "allow"}, **({"Version": version} if version else {}))
    without = json.dumps({"Statement": IDENTITY})
    assert reason(policy if version else without, PolicyKind.MANAGED) == OLD
    assert parse(without, PolicyKind.IDENTITY)


@pytest.mark.parametrize("kind", [PolicyKind.TRUST, PolicyKind.RESOURCE])
def test_a_trust_or_resource_policys_faulty_element_is_named(kind: PolicyKind) -> None:
    assert reason("{", kind) == NOT_JSON
    assert reason(document(TRUST | {"Conditions": {}}), kind) == "Unknown field Conditions"
    assert reason(document(TRUST | {"Effect": "Perhaps"}), kind) == "Invalid effect: Perhaps"
    assert reason(document({"Action": "a:b"}), kind) == "Missing required field Effect"


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "arn:aws:iam::111122223333:user/*"},
        {"AWS": "arn:aws:iam::111122223333:*"},
        {"AWS": "arn:aws:iam::1:user/a"},
        {"AWS": "ann"},
        {"AWS": ["*", 1]},
        {"Human": "ann"},
        {},
        [],
        "111122223333",
    ],
)
def test_a_principal_has_no_wildcards_except_a_star_alone(principal: Any) -> None:
    message = reason(document(RESOURCE | {"Principal": principal}), PolicyKind.RESOURCE)
    assert message.startswith("Invalid principal in policy")


def test_a_resource_policy_must_name_a_principal() -> None:
    assert reason(document(IDENTITY), PolicyKind.RESOURCE) == "Missing required field Principal"


def test_a_trust_policy_has_no_resource() -> None:
    assert reason(document(TRUST | {"Resource": "*"}), PolicyKind.TRUST) == "Has prohibited field Resource"


def test_a_trust_policy_cannot_have_not_principal() -> None:
    policy = document({"Effect": "Deny", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": "111122223333"}})
    assert reason(policy, PolicyKind.TRUST) == "Has prohibited field NotPrincipal"


def test_statement_ids_of_a_resource_policy_may_have_spaces() -> None:
    assert parse(document(RESOURCE | {"Sid": "Allow use of the key"}), PolicyKind.RESOURCE).statements
