"""The user agent of the calls that this library makes or changes."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.config import Config

import dynaseal
from dynaseal import AttributeActions, EncryptedClient, RawAesKeyring, TableConfig, UpdateMode, attach
from support.stubbed_dynamodb import StubbedDynamoDb

SUFFIX = f" dynaseal/{dynaseal.__version__}"
CONFIG = TableConfig(
    "people",
    "pk",
    attribute_actions=AttributeActions(),
    keyring=RawAesKeyring("tests", "2026", bytes(32)),
    update_mode=UpdateMode.READ_MODIFY_WRITE,
)


class Recorder:
    """A client whose requests are not sent, and their user agents."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.user_agents: list[str] = []
        client.meta.events.register_first("before-send.dynamodb", self._record)

    def _record(self, request: Any, **_: Any) -> None:
        value = request.headers["User-Agent"]
        self.user_agents.append(value.decode() if isinstance(value, bytes) else value)


@pytest.fixture
def recorder() -> Recorder:
    return Recorder(StubbedDynamoDb().client())


def calls(client: Any) -> None:
    client.put_item(TableName="people", Item={"pk": {"S": "ann"}, "salary": {"N": "1"}})
    client.describe_table(TableName="people")
    client.update_item(  # a read and a write
        TableName="people",
        Key={"pk": {"S": "ann"}},
        UpdateExpression="SET salary = :s",
        ExpressionAttributeValues={":s": {"N": "2"}},
    )


def test_every_call_of_an_attached_client_has_the_suffix_once(recorder: Recorder) -> None:
    attach(recorder.client, {"people": CONFIG})
    calls(recorder.client)
    assert len(recorder.user_agents) == 4
    for user_agent in recorder.user_agents:
        assert user_agent.startswith("Boto3/")
        assert user_agent.count("dynaseal") == 1
        assert user_agent.endswith(SUFFIX)


def test_only_the_wrapper_of_a_client_has_it(recorder: Recorder) -> None:
    calls(EncryptedClient(recorder.client, configs={"people": CONFIG}))
    assert [each.endswith(SUFFIX) for each in recorder.user_agents] == [True] * 4
    recorder.user_agents.clear()
    recorder.client.describe_table(TableName="people")
    assert "dynaseal" not in recorder.user_agents[0]


def test_a_programs_own_suffix_stays() -> None:
    client = boto3.Session().client(
        "dynamodb",
        region_name="us-west-2",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(user_agent_extra="payroll/7"),
    )
    client.meta.events.register("before-send.dynamodb", StubbedDynamoDb().reply_to)
    recorder = Recorder(client)
    attach(client, {"people": CONFIG})
    client.describe_table(TableName="people")
    assert recorder.user_agents[0].endswith(f"payroll/7{SUFFIX}")
