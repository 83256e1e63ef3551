"""A wrapper's client emits all of botocore's events on its own emitter; the original is unaffected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from dynaseal import EncryptedClient, EncryptedResource, EncryptedTable
from support.people import people, person
from support.stubbed_dynamodb import StubbedDynamoDb

KEY = {"pk": {"S": "ann"}}
ONCE = [
    "provide-client-params",
    "before-parameter-build",
    "before-endpoint-resolution",
    "before-call",
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "response-received",
    "before-parse",
    "needs-retry",
    "after-call",
]


def counting(seen: Counter[str], event: str) -> Callable[..., None]:
    def handler(**_: Any) -> None:
        seen[event] += 1

    return handler


def register_all(events: Any) -> Counter[str]:
    seen: Counter[str] = Counter()
    for event in [*ONCE, "after-call-error", "getattr"]:
        events.register(f"{event}.dynamodb", counting(seen, event))
    return seen


def calls(stub: StubbedDynamoDb) -> list[tuple[Any, Any, Callable[[], Any]]]:
    client, resource = stub.client(), stub.resource()
    encrypted_client = EncryptedClient(client, configs={"people": people()})
    encrypted_resource = EncryptedResource(resource, configs={"people": people()})
    table = EncryptedTable(resource.Table("people"), config=people())
    return [
        (client, encrypted_client, lambda: encrypted_client.put_item(TableName="people", Item=person())),
        (client, encrypted_client, lambda: encrypted_client.describe_table(TableName="people")),
        (
            client,
            encrypted_client,
            lambda: list(encrypted_client.get_paginator("scan").paginate(TableName="people")),
        ),
        (
            resource.meta.client,
            encrypted_resource.meta.client,
            lambda: encrypted_resource.Table("people").put_item(Item={"pk": "ann"}),
        ),
        (resource.meta.client, table.meta.client, lambda: table.get_item(Key={"pk": "ann"})),
    ]


@pytest.mark.parametrize("index", range(5))
def test_a_handler_on_a_wrapper_runs_once_for_every_event(index: int) -> None:
    original, wrapper, call = calls(StubbedDynamoDb())[index]
    on_original = register_all(original.meta.events)
    on_wrapper = register_all(wrapper.meta.events)
    call()
    assert {event: on_wrapper[event] for event in ONCE} == dict.fromkeys(ONCE, 1)
    assert on_original.total() == 0


def test_the_originals_handlers_of_before_run_for_the_wrapper_too_and_in_their_order() -> None:
    stub, order = StubbedDynamoDb(), list[str]()
    client = stub.client()

    def is_signed(name: str) -> Callable[..., None]:
        def handler(request: Any, **_: Any) -> None:
            order.append(f"{name} {'Authorization' in request.headers}")

        return handler

    client.meta.events.register_first("request-created.dynamodb", is_signed("first"))
    client.meta.events.register("request-created.dynamodb", is_signed("after the signer"))
    seen = register_all(client.meta.events)
    wrapper = EncryptedClient(client, configs={"people": people()})
    wrapper.meta.events.register_last("request-created.dynamodb", is_signed("of the wrapper"))
    wrapper.put_item(TableName="people", Item=person())
    assert order == ["first False", "after the signer True", "of the wrapper True"]
    assert {event: seen[event] for event in ONCE} == dict.fromkeys(ONCE, 1)


def test_a_request_is_signed_once_and_with_what_a_handler_added() -> None:
    stub = StubbedDynamoDb()
    wrapper = EncryptedClient(stub.client(), configs={"people": people()})
    headers: list[Any] = []
    wrapper.meta.events.register(
        "before-sign.dynamodb", lambda request, **_: request.headers.add_header("X-Trace", "7")
    )
    wrapper.meta.events.register_first(
        "before-send.dynamodb", lambda request, **_: headers.append(request.headers)
    )
    wrapper.put_item(TableName="people", Item=person())
    assert b"x-trace" in headers[0]["Authorization"]
    assert headers[0]["Authorization"].count(b"Signature=") == 1


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_retries_work_in_every_mode(mode: str) -> None:
    stub = StubbedDynamoDb()
    retries: Any = {"mode": mode, "total_max_attempts": 3}
    configured = client_with(stub, Config(retries=retries))
    wrapper = EncryptedClient(configured, configs={"people": people()})
    seen = register_all(wrapper.meta.events)
    stub.refuse("ThrottlingException")
    wrapper.get_item(TableName="people", Key=KEY)
    assert len(stub.sent_requests) == 2
    assert seen["needs-retry"] == 2
    assert seen["before-sign"] == 2
    assert seen["after-call"] == 1


def client_with(stub: StubbedDynamoDb, config: Config) -> Any:
    client = boto3.client(
        "dynamodb",
        region_name="us-west-2",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=config,
    )
    client.meta.events.register("before-send.dynamodb", stub.reply_to)
    return client


def test_a_failed_call_emits_its_events_on_the_wrapper() -> None:
    stub = StubbedDynamoDb()
    wrapper = EncryptedClient(stub.client(), configs={"people": people()})
    seen = register_all(wrapper.meta.events)
    stub.refuse("ResourceNotFoundException")
    with pytest.raises(ClientError):
        wrapper.get_item(TableName="people", Key=KEY)
    assert {event: seen[event] for event in ONCE} == dict.fromkeys(ONCE, 1)

    def fail(**_: Any) -> None:
        raise OSError("no network")

    wrapper.meta.events.register_first("before-send.dynamodb", fail)
    with pytest.raises(OSError, match="no network"):
        wrapper.get_item(TableName="people", Key=KEY)
    assert seen["after-call-error"] == 1


def test_the_original_signs_and_sends_as_before() -> None:
    stub = StubbedDynamoDb()
    client = stub.client()
    wrapper = EncryptedClient(client, configs={"people": people()})
    seen = register_all(client.meta.events)
    client.put_item(TableName="people", Item=person())
    assert {event: seen[event] for event in ONCE} == dict.fromkeys(ONCE, 1)
    assert stub.sent_requests[0][1]["Item"] == person()
    wrapper.close()
    client.get_item(TableName="people", Key=KEY)
