"""What is a policy document, and what AWS says of one that is none."""

import json
from typing import Any

import pytest

from dynaseal_lab.iam.policy import Kind, PolicyError, parse

IDENTITY = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
NAMED = IDENTITY | {"Sid": "a"}
NO_VALUE = "A condition's value must be a string, a number or a boolean"
RESOURCE = IDENTITY | {"Principal": {"AWS": "111122223333"}}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111122223333"}}


NOT_JSON = "The policy is not in the valid JSON format."
NO_PARTITION = 'Partition "moon" is not valid for resource "arn:moon:kms:::a".'
NO_SERVICE = "Resource vendor must be fully qualified and cannot contain regexes."
NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."


def document(*statements: Any, **elements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)} | elements)


def reason(text: str, kind: Kind = Kind.IDENTITY) -> str:
    with pytest.raises(PolicyError) as caught:
        parse(text, kind)
    return str(caught.value)


def test_each_kind_of_document_is_read():
    assert parse(document(IDENTITY), Kind.IDENTITY).statements[0].effect == "Allow"
    assert parse(document(RESOURCE), Kind.RESOURCE).statements[0].principals
    assert parse(document(TRUST), Kind.TRUST).statements[0].resources is None


def test_one_statement_needs_no_list():
    assert len(parse(json.dumps({"Statement": IDENTITY}), Kind.IDENTITY).statements) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", NOT_JSON),
        ("{", NOT_JSON),
        ("[" * 100_000, NOT_JSON),
        ('{"Statement": [], "Statement": []}', NOT_JSON),
        ("[]", "Syntax errors in policy."),
        ("{}", "Syntax errors in policy."),
        (document(), "Syntax errors in policy."),
        (document("x"), "Syntax errors in policy."),
        (document(IDENTITY, Version="2020-01-01"), "Syntax errors in policy."),
        (document(IDENTITY, Statements=[]), "Unknown field Statements"),
        (document(IDENTITY | {"Conditions": {}}), "Unknown field Conditions"),
        (document(IDENTITY | {"Effect": "allow"}), "Invalid effect: allow"),
        (document({"Action": "a:b", "Resource": "*"}), "Missing required field Effect"),
        (document(NAMED, NAMED), "Statement IDs (SID) in a single policy must be unique."),
        (document({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
        (document(IDENTITY | {"Action": []}), "Policy statement must contain actions."),
        (document(IDENTITY | {"Action": 1}), "Syntax errors in policy."),
        (document(IDENTITY | {"NotAction": "a:b"}), "Syntax errors in policy."),
        (document(IDENTITY | {"Action": "Decrypt"}), NO_VENDOR),
        (document(IDENTITY | {"Action": "k*s:Decrypt"}), "Vendor k*s is not valid"),
        (document(IDENTITY | {"Action": "kms:a:b"}), "Actions/Condition can contain only one colon."),
        (document({"Effect": "Allow", "Action": "a:b"}), "Policy statement must contain resources."),
        (document(IDENTITY | {"Resource": []}), "Policy statement must contain resources."),
        (document(IDENTITY | {"Resource": ""}), 'Resource  must be in ARN format or "*".'),
        (document(IDENTITY | {"Resource": "key/a"}), 'Resource key/a must be in ARN format or "*".'),
        (document(IDENTITY | {"Resource": "arn"}), 'Resource arn must be in ARN format or "*".'),
        (document(IDENTITY | {"Resource": "arn:moon:kms:::a"}), NO_PARTITION),
        (document(IDENTITY | {"Resource": "arn:aws"}), NO_SERVICE),
        (document(IDENTITY | {"Resource": "arn:aws:k*:::a"}), NO_SERVICE),
        (document(IDENTITY | {"Resource": "arn:aws:s3::bucket"}), "The policy failed legacy parsing"),
        (document(IDENTITY | {"Resource": "arn:aws:s3:::${x}"}), "Invalid policy variable: ${x}"),
        (document(RESOURCE), "Policy document should not specify a principal."),
        (document(IDENTITY | {"Condition": []}), "Syntax errors in policy."),
        (document(IDENTITY | {"Condition": {"Bool": "true"}}), "Syntax errors in policy."),
        (document(IDENTITY | {"Condition": {"Like": {"aws:a": "b"}}}), "Invalid Condition type : Like."),
        (document(IDENTITY | {"Condition": {"Bool": {"a": "true"}}}), NO_VENDOR),
        (document(IDENTITY | {"Condition": {"Bool": {"aws:a": "perhaps"}}}), "Not a boolean: perhaps"),
        (document(IDENTITY | {"Condition": {"StringEquals": {"aws:a": {}}}}), NO_VALUE),
    ],
)  # fmt: skip
def test_a_text_that_is_no_identity_policy_is_refused_with_the_reason(text: str, said: str):
    assert reason(text) == said


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
def test_a_principal_is_exact_or_everybody(principal: Any):
    said = reason(document(RESOURCE | {"Principal": principal}), Kind.RESOURCE)
    assert said.startswith("Invalid principal in policy")


def test_a_resource_policy_must_name_a_principal():
    assert reason(document(IDENTITY), Kind.RESOURCE) == "Missing required field Principal"


def test_a_trust_policy_has_no_resource():
    assert reason(document(TRUST | {"Resource": "*"}), Kind.TRUST) == "Has prohibited field Resource"


def test_numbers_and_booleans_may_stand_for_their_texts():
    condition = {"Bool": {"aws:a": True}, "NumericLessThan": {"aws:b": 5}}
    assert (
        len(parse(document(IDENTITY | {"Condition": condition}), Kind.IDENTITY).statements[0].conditions) == 2
    )
