"""The evaluator compared with one written independently: they decide alike about random policies."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from dynaseal_lab.iam.evaluate import NamedPolicy, Policies, evaluate
from dynaseal_lab.model import AccessRequest, Principal
from lab.iam.reference import Case, Document, allowed

OWN, OTHER = "111122223333", "444455556666"
ANN, BOB = f"arn:aws:iam::{OWN}:user/ann", f"arn:aws:iam::{OTHER}:user/bob"
READER, WRITER = f"arn:aws:iam::{OWN}:role/reader", f"arn:aws:iam::{OTHER}:role/writer"
MONDAY = f"arn:aws:sts::{OWN}:assumed-role/reader/monday"
TUESDAY = f"arn:aws:sts::{OTHER}:assumed-role/writer/tuesday"
CALLERS = (
    Principal(kind="user", account=OWN, arn=ANN, caller_arn=ANN, user_id="AIDAANN", name="ann"),
    Principal(kind="user", account=OTHER, arn=BOB, caller_arn=BOB, user_id="AIDABOB", name="bob"),
    Principal(
        kind="assumed-role",
        account=OWN,
        arn=READER,
        caller_arn=MONDAY,
        user_id="AROAREADER:monday",
        name="reader",
    ),
    Principal(
        kind="assumed-role",
        account=OTHER,
        arn=WRITER,
        caller_arn=TUESDAY,
        user_id="AROAWRITER:tuesday",
        name="writer",
    ),
)
KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/a1"
TABLE = f"arn:aws:dynamodb:eu-west-1:{OWN}:table/ann-t"
ROLE = f"arn:aws:iam::{OWN}:role/target"
ACCESS_REQUESTS = [
    ("kms:Decrypt", KEY),
    ("kms:Encrypt", KEY),
    ("dynamodb:GetItem", TABLE),
    ("dynamodb:Query", f"{TABLE}/index/i"),
    ("sts:AssumeRole", ROLE),
]
ACTIONS = ["*", "kms:*", "KMS:decrypt", "kms:?n*t", "dynamodb:Get*", "dynamodb:*", "sts:AssumeRole"]
RESOURCES = [
    "*",
    KEY,
    TABLE,
    ROLE,
    f"arn:aws:kms:*:{OWN}:key/a?",
    "arn:aws:kms:*:*:*",
    "arn:aws:dynamodb:eu-*-1:*:table/*",
    f"arn:aws:dynamodb:*:{OWN}:table/${{aws:username}}-*",
    f"arn:aws:dynamodb:*:{OWN}:table/${{aws:PrincipalTag/none, 'ann'}}-t",
]
NAMED = [ANN, BOB, READER, WRITER, MONDAY, TUESDAY]
PRINCIPALS = [*NAMED, OWN, OTHER, f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{OTHER}:root", "*"]
STRINGS = [
    "red",
    "RED",
    "r?d",
    "r*",
    "a*",
    "${aws:username}",
    "${aws:PrincipalTag/none, 'red'}",
    "${*}",
    "*",
    "",
]
TYPED = {
    "String": (
        ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"],
        ["aws:PrincipalTag/Team", "aws:username", "dynamodb:LeadingKeys"],
        STRINGS,
    ),
    "Arn": (["ArnLike", "ArnNotEquals"], ["aws:PrincipalArn"], [ANN, "arn:aws:iam::*:role/*", READER]),
    "Numeric": (
        ["NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals"],
        ["kms:Count"],
        ["5", "5.0", "10", "-1"],
    ),
    "Date": (
        ["DateEquals", "DateNotEquals", "DateLessThanEquals", "DateGreaterThan"],
        ["aws:CurrentTime"],
        ["2026-06-01T12:00:00Z", "2026-06-01T14:00:00+02:00", "2027-01-01"],
    ),
    "Bool": (["Bool"], ["aws:SecureTransport"], ["true", "False"]),
    "Ip": (["IpAddress", "NotIpAddress"], ["aws:SourceIp"], ["127.0.0.0/8", "10.0.0.0/8", "127.0.0.1"]),
}
PREFIXES = ["", "", "", "ForAllValues:", "ForAnyValue:"]


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, dict[str, list[str]]]:
    """Up to two conditions, most often none."""
    blocks: dict[str, dict[str, list[str]]] = {}
    for value_type in draw(st.lists(st.sampled_from([*TYPED, "Null"]), max_size=2)):
        if value_type == "Null":
            block = {"aws:username": draw(st.sampled_from([["true"], ["false"]]))}
            blocks["Null"] = block
            continue
        operators, keys, values = TYPED[value_type]
        operator = draw(st.sampled_from(PREFIXES)) + draw(st.sampled_from(operators))
        operator += draw(st.sampled_from(["", "", "IfExists"]))
        blocks[operator] = {draw(st.sampled_from(keys)): draw(one_or_two(values))}
    return blocks


def one_or_two(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


@st.composite
def statements(draw: st.DrawFn, access: tuple[str, str], on_resource: bool = False) -> Document:
    """A statement that often applies to an action on a resource: `access` is the two."""
    statement: Document = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"]))}
    patterns = draw(one_or_two([access[0], *ACTIONS]))
    statement[draw(st.sampled_from(["Action"] * 6 + ["NotAction"]))] = patterns
    if not (on_resource and access[1] == ROLE):
        statement[draw(st.sampled_from(["Resource"] * 6 + ["NotResource"]))] = draw(
            one_or_two([access[1], *RESOURCES])
        )
    if on_resource and statement["Effect"] == "Deny" and access[1] != ROLE and draw(st.booleans()):
        statement["NotPrincipal"] = {"AWS": draw(one_or_two(NAMED))}
    elif on_resource:
        statement["Principal"] = {"AWS": draw(one_or_two(PRINCIPALS))}
    condition = draw(conditions())
    # AWS's documentation does not say what a variable without a value means in NotResource, and there the two
    # evaluators differ: it is not tried.
    if any("${" in pattern for pattern in statement.get("NotResource", ())):
        statement["NotResource"] = [KEY]
    return statement | ({"Condition": condition} if condition else {})


@st.composite
def cases(draw: st.DrawFn) -> tuple[Principal, Case]:
    """A caller, and an action on a resource with policies of every kind."""
    caller, access = draw(st.sampled_from(CALLERS)), draw(st.sampled_from(ACCESS_REQUESTS))
    condition_keys = {
        "aws:PrincipalArn": [caller.arn],
        "aws:CurrentTime": ["2026-06-01T12:00:00Z"],
        "aws:SecureTransport": ["false"],
        "aws:SourceIp": ["127.0.0.1"],
    }
    condition_keys |= {"aws:username": [caller.name]} if caller.kind == "user" else {}
    condition_keys |= draw(st.sampled_from([{}, {"aws:PrincipalTag/Team": ["red"]}, {"kms:Count": ["5"]}]))
    condition_keys |= draw(
        st.sampled_from([{}, {"dynamodb:LeadingKeys": ["ann"]}, {"dynamodb:LeadingKeys": ["a", "b"]}])
    )

    def document(on_resource: bool = False) -> st.SearchStrategy[Document]:
        several = st.lists(statements(access, on_resource), min_size=1, max_size=3)
        return several.map(lambda drawn: {"Version": "2012-10-17", "Statement": drawn})

    must_have_policy = access[1] != TABLE
    return caller, Case(
        account=caller.account,
        arns=tuple(dict.fromkeys((caller.caller_arn, caller.arn))),
        action=access[0],
        resource=access[1],
        owner=OWN,
        condition_keys=condition_keys,
        identity=draw(st.lists(document(), max_size=2)),
        on_resource=draw(document(on_resource=True) if must_have_policy else st.none() | document(True)),
        boundary=draw(st.none() | document()),
        session=draw(st.none() | document()) if caller.kind == "assumed-role" else None,
    )


def lab_allows(caller: Principal, case: Case) -> bool:
    def named(*documents: Document | None) -> list[NamedPolicy]:
        return [NamedPolicy("p", json.dumps(document)) for document in documents if document]

    access_request = AccessRequest(
        action=case.action,
        resource=case.resource,
        resource_account=case.owner,
        resource_policies=[json.dumps(case.on_resource)] if case.on_resource else (),
    )
    policies = Policies(
        named(*case.identity),
        named(case.boundary) or None,
        named(case.session) or None,
    )
    condition_keys = {name.lower(): values for name, values in case.condition_keys.items()}
    return evaluate(access_request, caller, policies, condition_keys).allowed


EVERYTHING: dict[str, Any] = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
TO_ANN = {"Version": "2012-10-17", "Statement": [EVERYTHING | {"Principal": {"AWS": [ANN]}}]}


@example((CALLERS[0], Case(OWN, (ANN,), *ACCESS_REQUESTS[0], OWN, {}, on_resource=TO_ANN)))
@given(cases())
@settings(max_examples=300)
def test_both_evaluators_decide_alike(drawn: tuple[Principal, Case]) -> None:
    caller, case = drawn
    assert lab_allows(caller, case) == allowed(case)
