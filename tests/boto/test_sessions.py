"""`attach` on sessions: every DynamoDB client that they make afterwards encrypts, PynamoDB's too."""

from __future__ import annotations

import copy
import os
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore
import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.models import Model
from pynamodb.transactions import TransactGet, TransactWrite

from dynaseal import (
    AttributeActions,
    ConfigError,
    CryptoAction,
    EncryptedClient,
    EncryptedResource,
    EncryptedTable,
    KeyStore,
    KeyStoreError,
    RawAesKeyring,
    TableConfig,
    UnsupportedOperationError,
    attach,
)
from dynaseal.boto.keys.clients import Clients
from support.dynamodb import create_table
from support.people import people, person
from support.stubbed_dynamodb import StubbedDynamoDb

CREDENTIALS: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
KEY_ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def boto3_session() -> Any:
    return boto3.Session(region_name="us-west-2", **CREDENTIALS)


def botocore_session() -> Any:
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    session.set_config_variable("region", "us-west-2")
    return session


def client_of(session: Any) -> Any:
    return (session.client if isinstance(session, boto3.Session) else session.create_client)("dynamodb")


SESSIONS = [boto3_session, botocore_session]


@pytest.mark.parametrize("make", SESSIONS)
def test_every_client_that_a_session_makes_afterwards_encrypts(make: Callable[[], Any]) -> None:
    session, stub = make(), StubbedDynamoDb()
    earlier = client_of(session)
    attach(session, {"people": people()})
    for _ in range(2):
        later = client_of(session)
        later.meta.events.register("before-send.dynamodb", stub.reply_to)
        later.put_item(TableName="people", Item=person())
        with pytest.raises(UnsupportedOperationError, match="which no configuration names"):
            later.put_item(TableName="pateints", Item=person())
    assert len(stub.sent_requests) == 2
    assert "the secret" not in repr(stub.sent_requests)
    earlier.meta.events.register("before-send.dynamodb", stub.reply_to)
    earlier.put_item(TableName="people", Item=person())
    assert stub.sent_requests[-1][1]["Item"] == person()


def test_resources_and_tables_of_an_attached_session_encrypt_and_decrypt() -> None:
    session, stub = boto3_session(), StubbedDynamoDb()
    attach(session, {"people": people()}, plaintext_tables=["audit"])
    resource = session.resource("dynamodb")
    resource.meta.client.meta.events.register("before-send.dynamodb", stub.reply_to)
    item = {"pk": "ann", "secret": "the secret"}
    resource.Table("people").put_item(Item=item)
    assert "the secret" not in repr(stub.sent_requests)
    stub.reply({"Item": stub.sent_requests[0][1]["Item"] | {"secret": {"B": "x"}}})
    resource.Table("audit").put_item(Item=item)
    assert stub.sent_requests[-1][1]["Item"]["secret"] == {"S": "the secret"}


@pytest.mark.parametrize("service", ["kms", "sts", "dynamodbstreams"])
def test_clients_of_other_services_are_as_they_were(service: str) -> None:
    session = boto3_session()
    attach(session, {"people": people()})
    session.client(service)


@pytest.mark.parametrize("make", SESSIONS)
def test_what_encrypts_already_is_refused_when_it_is_attached_or_wrapped(make: Callable[[], Any]) -> None:
    configs = {"people": people()}
    session = make()
    attach(session, configs)
    client = client_of(session)
    resource = boto3.Session(botocore_session=getattr(session, "_session", session)).resource("dynamodb")
    attempts: list[Callable[[], Any]] = [
        lambda: attach(session, configs),
        lambda: attach(client, configs),
        lambda: EncryptedClient(client, configs=configs),
        lambda: attach(resource, configs),
        lambda: EncryptedResource(resource, configs=configs),
        lambda: EncryptedTable(resource.Table("people"), config=people()),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigError, match="encrypts already"):
            attempt()


def test_a_wrapper_around_a_wrapper_is_refused() -> None:
    stub, configs = StubbedDynamoDb(), {"people": people()}
    client = EncryptedClient(stub.client(), configs=configs)
    resource = EncryptedResource(stub.resource(), configs=configs)
    table = EncryptedTable(stub.resource().Table("people"), config=people())
    for wrapper in (client, resource, table, resource.Table("people"), table.meta.client):
        attempts: list[Callable[[Any], Any]] = [
            lambda wrapper: attach(wrapper, configs),
            lambda wrapper: EncryptedClient(wrapper, configs=configs),
        ]
        if hasattr(wrapper, "name"):
            attempts.append(lambda wrapper: EncryptedTable(wrapper, config=people()))
        if hasattr(wrapper, "tables"):
            attempts.append(lambda wrapper: EncryptedResource(wrapper, configs=configs))
        for attempt in attempts:
            with pytest.raises(ConfigError, match="encrypts already"):
                attempt(wrapper)


def test_wrappers_are_neither_copied_nor_pickled_and_say_what_to_do() -> None:
    stub, configs = StubbedDynamoDb(), {"people": people()}
    client = EncryptedClient(stub.client(), configs=configs)
    resource = EncryptedResource(stub.resource(), configs=configs)
    table = EncryptedTable(stub.resource().Table("people"), config=people())
    copies: list[Callable[[Any], Any]] = [copy.copy, copy.deepcopy, pickle.dumps]
    for wrapper in (client, client.get_paginator("scan"), resource, resource.tables, table):
        for make_copy in copies:
            with pytest.raises(
                TypeError, match=f"^An {type(wrapper).__name__} cannot be copied.*each process$"
            ):
                make_copy(wrapper)


@pytest.mark.parametrize("wrong", ["people", 5, None, {"people": people()}, people(), boto3, object()])
def test_what_is_neither_client_nor_resource_nor_session_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError, match="neither a botocore client of DynamoDB nor a boto3 resource"):
        attach(wrong, {"people": people()})


def test_a_wrapper_of_a_session_is_refused_with_what_to_do() -> None:
    wrappers: list[Any] = [EncryptedClient, EncryptedResource]
    for wrapper in wrappers:
        with pytest.raises(ConfigError, match=r"Pass session\.client"):
            wrapper(boto3_session(), configs={"people": people()})


@pytest.fixture
def without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("without_credentials")
def test_attaching_to_a_client_without_credentials_warns_what_will_happen() -> None:
    session = boto3.Session(region_name="us-west-2")
    for without in (session.client("dynamodb"), session.resource("dynamodb")):
        with pytest.warns(UserWarning, match="without credentials.*botocore.register_initializer") as caught:
            attach(without, {"people": people()})
        assert caught[0].filename == __file__
    attach(session.client("dynamodb", config=Config(signature_version=UNSIGNED)), {"people": people()})
    attach(session.client("dynamodb", **CREDENTIALS), {"people": people()})
    attach(session, {"people": people()})


def test_a_key_store_works_with_clients_that_encrypt() -> None:
    session = boto3_session()
    attach(session, {"people": people()})
    for client in (
        client_of(session),
        EncryptedClient(StubbedDynamoDb().client(), configs={"people": people()}),
    ):
        stub = StubbedDynamoDb()
        client.meta.events.register_first("before-send.dynamodb", stub.reply_to)
        store = KeyStore(
            "keys", "keys", KEY_ARN, dynamodb_client=client, kms_client=boto3_session().client("kms")
        )
        with pytest.raises(KeyStoreError) as caught:
            store.get_active_branch_key("tenant")
        assert "no configuration names" not in str(caught.value)
        assert [operation for operation, _ in stub.sent_requests] == ["GetItem"]
        with pytest.raises(UnsupportedOperationError, match="which no configuration names"):
            client.get_item(TableName="keys", Key={"pk": {"S": "a"}})


class Located:
    """What PynamoDB's models of these tests have in common: where they are."""

    def __init__(self, name: str, endpoint: str) -> None:
        self.config = TableConfig(
            name,
            "pk",
            attribute_actions=AttributeActions(
                CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN}
            ),
            keyring=RawAesKeyring("tests", "key", bytes(32)),
        )
        self.name, self.endpoint = name, endpoint

    def model(self) -> Any:
        class Person(Model):
            class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB reads it, and not its class
                table_name = self.name
                host = self.endpoint
                region = "us-west-2"

            pk = UnicodeAttribute(hash_key=True)
            secret = UnicodeAttribute()

        return Person


@pytest.fixture
def located(endpoint: str, client: Any) -> Iterator[Located]:
    found = Located(create_table(client, "pk"), endpoint)

    def initialize(session: botocore.session.Session) -> None:
        attach(session, {found.name: found.config})

    botocore.register_initializer(initialize)
    yield found
    botocore.unregister_initializer(initialize)


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def stored_secrets(client: Any, located: Located) -> dict[str, Any]:
    items = client.scan(TableName=located.name)["Items"]
    return {item["pk"]["S"]: item["secret"] for item in items}


@pytest.mark.usefixtures("credentials")
def test_two_pynamodb_models_on_one_table_and_transactions_encrypt(located: Located, client: Any) -> None:
    first, second = located.model(), located.model()
    first("ann", secret="the secret").save()
    second("bob", secret="the secret").save()
    connection = Connection(host=located.endpoint, region="us-west-2")
    with TransactWrite(connection=connection) as transaction:
        transaction.save(first("carol", secret="the secret"))
    stored = stored_secrets(client, located)
    assert stored.keys() == {"ann", "bob", "carol"}
    assert all(secret.keys() == {"B"} for secret in stored.values())
    assert {one.secret for one in first.scan()} == {"the secret"}
    with TransactGet(connection=connection) as transaction:
        found = transaction.get(second, "carol")
    assert found.get().secret == "the secret"


@pytest.mark.usefixtures("without_credentials")
def test_pynamodbs_client_encrypts_when_credentials_appear_later(
    located: Located, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = located.model()
    with pytest.raises(Exception, match="credentials"):
        model("ann", secret="the secret").save()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    other = located.model()
    other("bob", secret="the secret").save()
    assert stored_secrets(client, located)["bob"].keys() == {"B"}


@pytest.mark.usefixtures("located")
def test_the_librarys_own_kms_clients_are_made_where_every_session_encrypts() -> None:
    assert Clients("kms", botocore_session())("us-west-2").meta.service_model.service_name == "kms"
