"""`attach`: encryption on a client that other code made and drives, PynamoDB's among them."""

from __future__ import annotations

from typing import Any

import pytest
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import PutError
from pynamodb.models import Model

from dynaseal import AttributeActions, CryptoAction, RawAesKeyring, TableConfig
from dynaseal.boto.interception.attach import attach
from dynaseal.boto.wrappers.client import EncryptedClient
from dynaseal.errors import ConfigError, UnsupportedOperationError
from support.dynamodb import client_of, create_table, resource_of
from support.people import people, person
from support.stubbed_dynamodb import StubbedDynamoDb

KEY = {"pk": {"S": "ann"}}


def test_an_attached_client_encrypts_and_decrypts(endpoint: str, client: Any) -> None:
    table = create_table(client, "pk")
    attached = client_of(endpoint)
    attach(attached, {table: people()})
    attached.put_item(TableName=table, Item=person())
    assert attached.get_item(TableName=table, Key=KEY)["Item"] == person()
    assert client.get_item(TableName=table, Key=KEY)["Item"]["secret"].keys() == {"B"}


def test_an_attached_resource_takes_python_values(endpoint: str, client: Any) -> None:
    table = create_table(client, "pk")
    resource = resource_of(endpoint)
    attach(resource, {table: people()})
    item = {"pk": "ann", "secret": {"a", "b"}}
    resource.Table(table).put_item(Item=item)
    assert resource.Table(table).scan()["Items"] == [item]


def test_a_handler_sees_a_resources_replies_as_it_did_before_the_resource_was_attached() -> None:
    stub = StubbedDynamoDb()
    resource = stub.resource()
    seen: list[Any] = []
    resource.meta.client.meta.events.register("after-call.dynamodb", lambda parsed, **_: seen.append(parsed))
    table = resource.Table("people")
    attach(resource, {"people": people()})
    table.put_item(Item={"pk": "ann", "secret": "x"})
    stub.reply({"Item": stub.sent_requests[-1][1]["Item"]})
    table.get_item(Key={"pk": "ann"})
    assert seen[-1]["Item"] == {"pk": "ann", "secret": "x"}


def test_what_the_caller_gave_is_not_changed() -> None:
    client = StubbedDynamoDb().client()
    attach(client, {"people": people()})
    arguments = {"TableName": "people", "Item": person()}
    client._make_api_call("PutItem", arguments)
    assert arguments == {"TableName": "people", "Item": person()}


def test_a_client_cannot_be_made_to_encrypt_twice() -> None:
    stub = StubbedDynamoDb()
    client = stub.client()
    attach(client, {"people": people()})
    with pytest.raises(ConfigError, match="encrypts already"):
        EncryptedClient(client, configs={"people": people()})
    assert stub.sent_requests == []
    client.put_item(TableName="people", Item=person())
    assert len(stub.sent_requests) == 1


class Person(Model):
    """A PynamoDB model; its table's name and connection are set by the test."""

    class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB reads it, and not its class
        table_name = "set by the test"

    pk = UnicodeAttribute(hash_key=True)
    secret = UnicodeAttribute()
    age = NumberAttribute(default=0)
    city = UnicodeAttribute(null=True)


@pytest.fixture
def model(endpoint: str, client: Any, monkeypatch: pytest.MonkeyPatch) -> type[Person]:
    """The model on an attached client of PynamoDB's own making."""
    name = create_table(client, "pk")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    class Located(Person):
        class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB reads it, and not its class
            table_name = name
            host = endpoint
            region = "us-west-2"

    config = TableConfig(
        name,
        "pk",
        attribute_actions=AttributeActions(CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN}),
        keyring=RawAesKeyring("tests", "key", bytes(32)),
    )
    connection: Connection = Located._get_connection().connection
    attach(connection.client, {name: config})
    return Located


def test_pynamodb_writes_ciphertext_and_reads_plaintext(model: type[Person], client: Any) -> None:
    model("ann", secret="the secret", age=41, city="Bern").save()
    (at_rest,) = client.scan(TableName=model.Meta.table_name)["Items"]
    assert at_rest["secret"].keys() == {"B"}
    assert at_rest["city"] == {"S": "Bern"}
    found = model.get("ann")
    assert (found.secret, found.age, found.city) == ("the secret", 41, "Bern")


def test_pynamodb_queries_scans_and_batches(model: type[Person]) -> None:
    with model.batch_write() as batch:
        for number in range(30):
            batch.save(model(str(number), secret=f"secret {number}", city="Bern" if number % 2 else "Basel"))
    assert [one.secret for one in model.query("7")] == ["secret 7"]
    assert sum(1 for _ in model.scan(model.city == "Bern")) == 15
    assert {one.secret for one in model.batch_get(["1", "2"])} == {"secret 1", "secret 2"}
    assert model.count() == 30


def test_pynamodb_is_refused_what_cannot_be_made_safe(model: type[Person]) -> None:
    one = model("ann", secret="the secret")
    one.save()
    with pytest.raises(UnsupportedOperationError, match="needs the value of 'secret'"):
        list(model.scan(model.secret == "the secret"))
    with pytest.raises(UnsupportedOperationError, match="is signed"):
        one.update(actions=[model.age.set(42)])
    with pytest.raises(PutError):
        model("ann", secret="another").save(model.pk.does_not_exist())
