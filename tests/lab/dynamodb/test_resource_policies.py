"""Resource-based policies: set, read and deleted by revision, with DynamoDB's errors."""

import json
from typing import Any

import pytest

from dynaseal_lab.model import Fault
from lab.services import DynamoDbCaller

TABLE = "arn:aws:dynamodb:us-west-2:111122223333:table/items"


def policy(action: str = "dynamodb:GetItem") -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": TABLE}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(autouse=True)
def _table(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()


def put(dynamodb: DynamoDbCaller, document: str, **more: Any) -> str:
    return dynamodb("PutResourcePolicy", ResourceArn=TABLE, Policy=document, **more)["RevisionId"]


def test_a_policy_is_read_back_with_its_revision(dynamodb: DynamoDbCaller) -> None:
    revision = put(dynamodb, policy())
    assert dynamodb("GetResourcePolicy", ResourceArn=TABLE) == {"Policy": policy(), "RevisionId": revision}


def test_the_same_policy_again_is_not_a_new_revision(dynamodb: DynamoDbCaller) -> None:
    spaced = json.dumps(json.loads(policy()), indent=2)
    assert put(dynamodb, policy()) == put(dynamodb, spaced)


def test_each_change_is_a_new_revision_also_within_a_millisecond(
    dynamodb: DynamoDbCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 10**18)
    revisions = [put(dynamodb, policy(action)) for action in ("dynamodb:Query", "dynamodb:Scan")]
    assert len(set(revisions)) == 2


def test_a_change_may_demand_the_revision_that_it_knows(dynamodb: DynamoDbCaller) -> None:
    revision = put(dynamodb, policy(), ExpectedRevisionId="NO_POLICY")
    with pytest.raises(Fault, match=r"^PolicyNotFoundException"):
        put(dynamodb, policy("dynamodb:Query"), ExpectedRevisionId="NO_POLICY")
    with pytest.raises(Fault, match=r"^PolicyNotFoundException"):
        dynamodb("DeleteResourcePolicy", ResourceArn=TABLE, ExpectedRevisionId="1")
    reply = dynamodb("DeleteResourcePolicy", ResourceArn=TABLE, ExpectedRevisionId=revision)
    assert reply == {"RevisionId": revision}


def test_reading_a_missing_policy_is_an_error_and_deleting_it_is_not(dynamodb: DynamoDbCaller) -> None:
    with pytest.raises(Fault, match=f"^PolicyNotFoundException: .*{TABLE}"):
        dynamodb("GetResourcePolicy", ResourceArn=TABLE)
    assert dynamodb("DeleteResourcePolicy", ResourceArn=TABLE) == {"RevisionId": ""}


def test_a_table_or_stream_that_does_not_exist_has_no_policy(dynamodb: DynamoDbCaller) -> None:
    for arn in (TABLE + "x", f"{TABLE}/stream/2026-01-01T00:00:00.000"):
        with pytest.raises(Fault, match=r"^ResourceNotFoundException"):
            dynamodb("PutResourcePolicy", ResourceArn=arn, Policy=policy())


def test_a_policy_is_deleted_with_its_table(dynamodb: DynamoDbCaller) -> None:
    put(dynamodb, policy())
    dynamodb("DeleteTable", TableName="items")
    dynamodb.table()
    with pytest.raises(Fault, match=r"^PolicyNotFoundException"):
        dynamodb("GetResourcePolicy", ResourceArn=TABLE)


def test_a_table_may_be_created_with_its_policy(dynamodb: DynamoDbCaller) -> None:
    arn = dynamodb.table("other", ResourcePolicy=policy())
    assert dynamodb("GetResourcePolicy", ResourceArn=arn)["Policy"] == policy()


@pytest.mark.parametrize("document", ["{}", "[]", "nonsense", json.dumps({"x": "y" * 21_000})])
def test_a_string_that_is_not_a_policy_or_is_too_large_is_invalid(
    dynamodb: DynamoDbCaller, document: str
) -> None:
    with pytest.raises(Fault, match=r"^ValidationException"):
        put(dynamodb, document)
