"""Resource-based policies: put, got and deleted by revision, with DynamoDB's errors."""

import json

import pytest

from dynaseal_lab.model import Fault

TABLE = "arn:aws:dynamodb:us-west-2:111122223333:table/items"


def policy(action: str = "dynamodb:GetItem") -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": TABLE}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(autouse=True)
def _table(lab):
    lab.table()


def put(lab, document: str, **more: str) -> str:
    return lab("PutResourcePolicy", ResourceArn=TABLE, Policy=document, **more)["RevisionId"]


def test_what_was_put_is_got_with_its_revision(lab):
    revision = put(lab, policy())
    assert lab("GetResourcePolicy", ResourceArn=TABLE) == {"Policy": policy(), "RevisionId": revision}


def test_the_same_policy_again_is_no_new_revision(lab):
    spaced = json.dumps(json.loads(policy()), indent=2)
    assert put(lab, policy()) == put(lab, spaced)


def test_a_change_may_insist_on_the_revision_that_it_knows(lab):
    revision = put(lab, policy(), ExpectedRevisionId="NO_POLICY")
    with pytest.raises(Fault, match=r"^PolicyNotFoundException"):
        put(lab, policy("dynamodb:Query"), ExpectedRevisionId="NO_POLICY")
    with pytest.raises(Fault, match=r"^PolicyNotFoundException"):
        lab("DeleteResourcePolicy", ResourceArn=TABLE, ExpectedRevisionId="1")
    gone = lab("DeleteResourcePolicy", ResourceArn=TABLE, ExpectedRevisionId=revision)
    assert gone == {"RevisionId": revision}


def test_where_there_is_none_nothing_is_got_and_deleting_it_does_no_harm(lab):
    with pytest.raises(Fault, match=f"^PolicyNotFoundException: .*{TABLE}"):
        lab("GetResourcePolicy", ResourceArn=TABLE)
    assert lab("DeleteResourcePolicy", ResourceArn=TABLE) == {"RevisionId": ""}


def test_a_table_or_stream_that_is_not_there_has_none(lab):
    for arn in (TABLE + "x", f"{TABLE}/stream/2026-01-01T00:00:00.000"):
        with pytest.raises(Fault, match=r"^ResourceNotFoundException"):
            lab("PutResourcePolicy", ResourceArn=arn, Policy=policy())


def test_a_policy_goes_with_its_table(lab):
    put(lab, policy())
    lab("DeleteTable", TableName="items")
    lab.table()
    with pytest.raises(Fault, match=r"^PolicyNotFoundException"):
        lab("GetResourcePolicy", ResourceArn=TABLE)


def test_a_table_may_be_made_with_its_policy(lab):
    arn = lab.table("other", ResourcePolicy=policy())
    assert lab("GetResourcePolicy", ResourceArn=arn)["Policy"] == policy()


@pytest.mark.parametrize("document", ["{}", "[]", "nonsense", json.dumps({"x": "y" * 21_000})])
def test_what_is_no_policy_or_too_large_is_invalid(lab, document):
    with pytest.raises(Fault, match=r"^ValidationException"):
        put(lab, document)
