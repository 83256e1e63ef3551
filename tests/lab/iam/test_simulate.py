"""The simulators return what the evaluator would decide."""

import json
from typing import Any

from dynaseal_lab.testing import LabAccount

KEY = "arn:aws:kms:eu-west-1:{}:key/a"


def statement(effect: str = "Allow", action: str = "kms:Decrypt", **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": "*"} | elements


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def verdicts(reply: dict[str, Any]) -> list[str]:
    return [result["EvalDecision"] for result in reply["EvaluationResults"]]


def test_a_users_policies_are_simulated(account: LabAccount, iam: Any) -> None:
    account.user("ann", statement(), statement("Deny", "kms:Encrypt"))
    reply = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{account.number}:user/ann",
        ActionNames=["kms:Decrypt", "kms:Encrypt", "kms:Sign"],
        ResourceArns=[KEY.format(account.number)],
    )
    assert verdicts(reply) == ["allowed", "explicitDeny", "implicitDeny"]
    assert reply["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"] == "ann/inline"


def test_policies_and_condition_keys_in_the_request_are_simulated(iam: Any) -> None:
    through_dynamodb = statement(Condition={"StringEquals": {"kms:ViaService": "dynamodb"}})
    request = {"PolicyInputList": [document(through_dynamodb)], "ActionNames": ["kms:Decrypt"]}
    without = iam.simulate_custom_policy(**request)
    assert verdicts(without) == ["implicitDeny"]
    assert without["EvaluationResults"][0]["MissingContextValues"] == ["kms:viaservice"]
    entry = {"ContextKeyName": "kms:ViaService", "ContextKeyValues": ["dynamodb"], "ContextKeyType": "string"}
    assert verdicts(iam.simulate_custom_policy(ContextEntries=[entry], **request)) == ["allowed"]


def test_a_boundary_is_simulated(iam: Any) -> None:
    reply = iam.simulate_custom_policy(
        PolicyInputList=[document(statement(action="*"))],
        PermissionsBoundaryPolicyInputList=[document(statement())],
        ActionNames=["kms:Decrypt", "kms:Encrypt"],
    )
    assert verdicts(reply) == ["allowed", "implicitDeny"]
    details = [result["PermissionsBoundaryDecisionDetail"] for result in reply["EvaluationResults"]]
    assert [detail["AllowedByPermissionsBoundary"] for detail in details] == [True, False]


def test_a_resource_policy_is_simulated(account: LabAccount, iam: Any) -> None:
    account.user("ann")
    arn = f"arn:aws:iam::{account.number}:user/ann"
    reply = iam.simulate_principal_policy(
        PolicySourceArn=arn,
        ActionNames=["kms:Decrypt"],
        ResourceArns=[KEY.format(account.number)],
        ResourcePolicy=document(statement(Principal={"AWS": arn})),
    )
    assert verdicts(reply) == ["allowed"]


def test_the_condition_keys_that_policies_use_are_listed(iam: Any) -> None:
    uses_two_keys = statement(
        Resource="arn:aws:s3:::${aws:username}", Condition={"Bool": {"aws:SecureTransport": "true"}}
    )
    names = iam.get_context_keys_for_custom_policy(PolicyInputList=[document(uses_two_keys)])[
        "ContextKeyNames"
    ]
    assert names == ["aws:securetransport", "aws:username"]
