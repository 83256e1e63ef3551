"""What a program's own event handlers send is encrypted, also inside the library's unencrypted requests."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import boto3
import pytest

from dynaseal import EncryptedClient, KeyStore, UnsupportedOperationError, UpdateMode, attach
from dynaseal.boto.interception.exemptions import exempt_client
from dynaseal.errors import KeyStoreError
from support.people import people, person
from support.stubbed_dynamodb import StubbedDynamoDb

KEY_ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
EVENTS = [
    "provide-client-params",
    "before-parameter-build",
    "before-call",
    "request-created",
    "before-sign",
    "before-send",
    "needs-retry",
    "after-call",
]
KEY = {"pk": {"S": "ann"}}
ADD: Any = {"UpdateExpression": "ADD secret :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}


def encrypted(stub: StubbedDynamoDb) -> Any:
    config = people(update_mode=UpdateMode.READ_MODIFY_WRITE)
    return EncryptedClient(stub.client(), configs={"people": config})


def call_once_inside(client: Any, event: str, call: Callable[[], Any]) -> list[Any]:
    """Make a call from a handler of an event, the first time that it happens; return what the call raised."""
    outcomes: list[Any] = []
    is_inside = [False]

    def handler(**_: Any) -> None:
        if is_inside[0]:
            return
        is_inside[0] = True
        try:
            call()
        except UnsupportedOperationError as error:
            outcomes.append(error)
        else:
            outcomes.append(None)

    client.meta.events.register_first(f"{event}.dynamodb", handler)
    return outcomes


def use_key_store(client: Any) -> None:
    kms = boto3.client("kms", region_name="us-west-2", aws_access_key_id="a", aws_secret_access_key="s")
    store = KeyStore("keys", "keys", KEY_ARN, dynamodb_client=client, kms_client=kms)
    with pytest.raises(KeyStoreError):
        store.get_active_branch_key("tenant")


@pytest.mark.parametrize("event", EVENTS)
def test_a_handler_that_writes_during_a_call_of_the_key_store_encrypts(event: str) -> None:
    stub = StubbedDynamoDb()
    client = encrypted(stub)
    outcomes = call_once_inside(client, event, lambda: client.put_item(TableName="people", Item=person()))
    use_key_store(client)
    assert outcomes == [None]
    assert sorted(operation for operation, _ in stub.sent_requests) == ["GetItem", "PutItem"]
    assert "the secret" not in repr(stub.sent_requests)


@pytest.mark.parametrize("event", EVENTS)
def test_a_handler_cannot_use_the_key_stores_table_beside_the_key_store(event: str) -> None:
    stub = StubbedDynamoDb()
    client = encrypted(stub)
    outcomes = call_once_inside(client, event, lambda: client.put_item(TableName="keys", Item=person()))
    use_key_store(client)
    assert [type(outcome) for outcome in outcomes] == [UnsupportedOperationError]
    assert [operation for operation, _ in stub.sent_requests] == ["GetItem"]


@pytest.mark.parametrize("event", EVENTS)
def test_a_handler_that_writes_during_the_read_of_an_update_encrypts(event: str) -> None:
    stub = StubbedDynamoDb()
    client = encrypted(stub)
    outcomes = call_once_inside(client, event, lambda: client.put_item(TableName="people", Item=person()))
    client.update_item(TableName="people", Key=KEY, **ADD)
    assert outcomes == [None]
    assert "the secret" not in repr(stub.sent_requests)


def test_only_the_client_that_is_exempt_sends_without_encryption() -> None:
    exempt, other = StubbedDynamoDb(), StubbedDynamoDb()
    client, other_client = exempt.client(), encrypted(other)
    attach(client, {"people": people()})
    exempt_client(exempt_client(client))
    outcomes = call_once_inside(
        client, "before-send", lambda: other_client.put_item(TableName="people", Item=person())
    )
    client.put_item(TableName="people", Item=person())
    assert outcomes == [None]
    assert exempt.sent_requests[0][1]["Item"] == person()
    assert "the secret" not in repr(other.sent_requests)


def test_what_is_started_during_a_call_of_the_key_store_is_not_exempt_afterwards() -> None:
    stub = StubbedDynamoDb()
    client = encrypted(stub)
    contexts: list[Any] = []
    client.meta.events.register_first("before-send.dynamodb", lambda **_: contexts.append(copy_context()))
    use_key_store(client)
    (context,) = contexts
    request = dict(stub.sent_requests[0][1])
    with pytest.raises(UnsupportedOperationError, match="which no configuration names"):
        context.run(lambda: client.get_item(**request))


def test_a_call_of_the_key_store_that_never_reaches_a_client_leaves_no_exemption() -> None:
    stub = StubbedDynamoDb()
    client = encrypted(stub)
    contexts: list[Any] = []
    requests: list[Any] = []

    class Other:
        """A client of a key store that does not encrypt."""

        def get_item(self, **request: Any) -> dict[str, Any]:
            contexts.append(copy_context())
            requests.append(request)
            return {}

    use_key_store(Other())
    with pytest.raises(UnsupportedOperationError, match="which no configuration names"):
        contexts[0].run(lambda: client.get_item(**requests[0]))
