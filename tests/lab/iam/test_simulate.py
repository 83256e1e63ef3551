"""The simulators answer what the evaluator decides."""

import json

import pytest

KEY = "arn:aws:kms:eu-west-1:{}:key/a"


@pytest.fixture
def iam(account):
    return account.client("iam")


def statement(effect: str = "Allow", action: str = "kms:Decrypt", **elements) -> dict:
    return {"Effect": effect, "Action": action, "Resource": "*"} | elements


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def verdicts(answer: dict) -> list[str]:
    return [result["EvalDecision"] for result in answer["EvaluationResults"]]


def test_a_users_policies_are_simulated(account, iam):
    account.user("ann", statement(), statement("Deny", "kms:Encrypt"))
    answer = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{account.number}:user/ann",
        ActionNames=["kms:Decrypt", "kms:Encrypt", "kms:Sign"],
        ResourceArns=[KEY.format(account.number)],
    )
    assert verdicts(answer) == ["allowed", "explicitDeny", "implicitDeny"]
    assert answer["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"] == "ann/inline"


def test_given_policies_are_simulated_with_given_keys(iam):
    wanted = statement(Condition={"StringEquals": {"kms:ViaService": "dynamodb"}})
    given = {"PolicyInputList": [document(wanted)], "ActionNames": ["kms:Decrypt"]}
    without = iam.simulate_custom_policy(**given)
    assert verdicts(without) == ["implicitDeny"]
    assert without["EvaluationResults"][0]["MissingContextValues"] == ["kms:viaservice"]
    entry = {"ContextKeyName": "kms:ViaService", "ContextKeyValues": ["dynamodb"], "ContextKeyType": "string"}
    assert verdicts(iam.simulate_custom_policy(ContextEntries=[entry], **given)) == ["allowed"]


def test_a_boundary_is_simulated(iam):
    answer = iam.simulate_custom_policy(
        PolicyInputList=[document(statement(action="*"))],
        PermissionsBoundaryPolicyInputList=[document(statement())],
        ActionNames=["kms:Decrypt", "kms:Encrypt"],
    )
    assert verdicts(answer) == ["allowed", "implicitDeny"]
    details = [result["PermissionsBoundaryDecisionDetail"] for result in answer["EvaluationResults"]]
    assert [one["AllowedByPermissionsBoundary"] for one in details] == [True, False]


def test_a_resource_policy_is_simulated(account, iam):
    account.user("ann")
    arn = f"arn:aws:iam::{account.number}:user/ann"
    answer = iam.simulate_principal_policy(
        PolicySourceArn=arn,
        ActionNames=["kms:Decrypt"],
        ResourceArns=[KEY.format(account.number)],
        ResourcePolicy=document(statement(Principal={"AWS": arn})),
    )
    assert verdicts(answer) == ["allowed"]


def test_the_keys_that_policies_use_are_listed(iam):
    wanted = statement(
        Resource="arn:aws:s3:::${aws:username}", Condition={"Bool": {"aws:SecureTransport": "true"}}
    )
    names = iam.get_context_keys_for_custom_policy(PolicyInputList=[document(wanted)])["ContextKeyNames"]
    assert names == ["aws:securetransport", "aws:username"]
