"""EncryptedClient and its paginator on an engine: what is stored, what comes back, what never leaves."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.stub import Stubber

from dynaseal import CryptoAction, RawAesKeyring
from dynaseal.boto.wrappers.client import EncryptedClient
from dynaseal.errors import ConfigError, DecryptError, EncryptError, UnsupportedOperationError
from support.dynamodb import create_table
from support.people import ACTIONS, people, person
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

KEY = {"pk": {"S": "ann"}}


@pytest.fixture
def table(client: Any) -> str:
    return create_table(client, "pk")


@pytest.fixture
def encrypted(client: Any, table: str) -> EncryptedClient:
    return EncryptedClient(client, configs={table: people()})


def test_dynamodb_holds_ciphertext_and_the_caller_gets_plaintext(
    client: Any, encrypted: EncryptedClient, table: str
) -> None:
    encrypted.put_item(TableName=table, Item=person())
    at_rest = client.get_item(TableName=table, Key=KEY)["Item"]
    assert at_rest["city"] == {"S": "Bern"}
    assert at_rest["secret"].keys() == {"B"}
    assert encrypted.get_item(TableName=table, Key=KEY)["Item"] == person()


class Meanwhile(RawAesKeyring):
    """A keyring during whose work another thread or task changes the caller's request."""

    change: Callable[[], object] | None = None

    def on_encrypt(self, materials: Any) -> Any:
        if self.change is not None:
            self.change()
        return super().on_encrypt(materials)


def test_a_request_is_sent_as_it_was_when_it_was_made(client: Any, table: str) -> None:
    keyring = Meanwhile("tests", "one", bytes(32))
    actions = {**ACTIONS, "tags": CryptoAction.SIGN_ONLY}
    encrypted = EncryptedClient(client, configs={table: people(keyring=keyring, actions=actions)})
    item = person()
    puts: list[Any] = []
    calls: list[Callable[[], object]] = [
        lambda: encrypted.put_item(TableName=table, Item=item),
        lambda: encrypted.batch_write_item(RequestItems={table: puts}),
        lambda: encrypted.transact_write_items(TransactItems=puts),
    ]
    kinds: list[Any] = ["", "PutRequest", "Put"]

    def change() -> None:
        item["tags"]["L"].append({"S": "b"})
        item["city"]["S"] = "Basel"
        item["notes"] = {"S": "added"}
        puts.append(puts[0])

    keyring.change = change
    for call, kind in zip(calls, kinds, strict=True):
        item = person(tags={"L": [{"S": "a"}]})
        puts[:] = [{kind: {"Item": item, **({"TableName": table} if kind == "Put" else {})}}]
        call()
        found = encrypted.get_item(TableName=table, Key=KEY)
        assert found.get("Item") == person(tags={"L": [{"S": "a"}]})


def test_the_client_given_stays_as_it_is(client: Any, encrypted: EncryptedClient, table: str) -> None:
    encrypted.put_item(TableName=table, Item=person())
    client.put_item(TableName=table, Item=person("plain"))
    assert client.get_item(TableName=table, Key={"pk": {"S": "plain"}})["Item"] == person("plain")


def test_old_items_come_back_decrypted(encrypted: EncryptedClient, table: str) -> None:
    encrypted.put_item(TableName=table, Item=person())
    replaced = encrypted.put_item(TableName=table, Item=person(memo={"S": "m"}), ReturnValues="ALL_OLD")
    assert replaced["Attributes"] == person()
    updated = encrypted.update_item(
        TableName=table, Key=KEY, UpdateExpression="REMOVE memo", ReturnValues="ALL_NEW"
    )
    assert updated["Attributes"] == person()
    assert encrypted.delete_item(TableName=table, Key=KEY, ReturnValues="ALL_OLD")["Attributes"] == person()


def test_a_failed_condition_shows_the_item_decrypted(encrypted: EncryptedClient, table: str) -> None:
    encrypted.put_item(TableName=table, Item=person())
    with pytest.raises(encrypted.exceptions.ConditionalCheckFailedException) as caught:
        encrypted.put_item(
            TableName=table,
            Item=person(),
            ConditionExpression="attribute_not_exists(pk)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    response: Any = caught.value.response  # the stubs do not know of the member Item
    assert response["Item"] == person()


def test_a_cancelled_transaction_shows_the_item_decrypted() -> None:
    stub = StubbedDynamoDb()
    client = EncryptedClient(stub.client(), configs={"people": people()}, plaintext_tables=["other"])
    client.put_item(TableName="people", Item=person())
    stored = stub.sent_requests[0][1]["Item"]
    stub.refuse(
        "TransactionCanceledException",
        Message="Transaction cancelled",
        CancellationReasons=[{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": stored}],
    )
    condition = {
        "Key": KEY,
        "ConditionExpression": "city = :c",
        "ExpressionAttributeValues": {":c": {"S": "x"}},
    }
    actions: list[Any] = [
        {"Put": {"TableName": "other", "Item": KEY}},
        {
            "ConditionCheck": {
                "TableName": "people",
                **condition,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            }
        },
    ]
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(TransactItems=actions)
    assert caught.value.response["CancellationReasons"][1]["Item"] == person()


def test_batches_and_transactions_encrypt_and_decrypt_each_tables_items(client: Any, table: str) -> None:
    other = create_table(client, "pk")
    encrypted = EncryptedClient(client, configs={table: people()}, plaintext_tables=[other])
    puts: dict[str, list[Any]] = {name: [{"PutRequest": {"Item": person()}}] for name in (table, other)}
    assert encrypted.batch_write_item(RequestItems=puts)["UnprocessedItems"] == {}
    encrypted.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": person("bob")}}])
    assert client.get_item(TableName=other, Key=KEY)["Item"] == person()
    for key in ("ann", "bob"):
        at_rest = client.get_item(TableName=table, Key={"pk": {"S": key}})["Item"]
        assert at_rest["secret"].keys() == {"B"}
    found = encrypted.batch_get_item(RequestItems={table: {"Keys": [KEY]}, other: {"Keys": [KEY]}})
    assert found["Responses"] == {table: [person()], other: [person()]}
    gets: list[Any] = [{"Get": {"TableName": name, "Key": KEY}} for name in (table, other)]
    answers = encrypted.transact_get_items(TransactItems=gets)["Responses"]
    assert [answer["Item"] for answer in answers] == [person(), person()]


def test_pages_are_decrypted_whole_and_searched(encrypted: EncryptedClient, table: str) -> None:
    everybody = [person(f"person-{number}") for number in range(5)]
    for one in everybody:
        encrypted.put_item(TableName=table, Item=one)
    scan = encrypted.get_paginator("scan")
    pages = scan.paginate(TableName=table, PaginationConfig={"PageSize": 2})
    assert sorted(pages.search("Items[].secret.S")) == ["the secret"] * 5
    whole = scan.paginate(TableName=table, PaginationConfig={"PageSize": 2}).build_full_result()
    assert sorted(whole["Items"], key=lambda item: item["pk"]["S"]) == everybody
    query = encrypted.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :k",
        ExpressionAttributeValues={":k": {"S": "person-3"}},
    )
    assert [page["Items"] for page in query] == [[person("person-3")]]
    assert table in encrypted.get_paginator("list_tables").paginate().build_full_result()["TableNames"]


def test_counts_and_calls_about_tables_pass(encrypted: EncryptedClient, table: str) -> None:
    encrypted.put_item(TableName=table, Item=person())
    assert encrypted.scan(TableName=table, Select="COUNT")["Count"] == 1
    assert encrypted.describe_table(TableName=table)["Table"]["TableName"] == table
    encrypted.get_waiter("table_exists").wait(TableName=table)
    assert encrypted.can_paginate("scan")


def test_python_values_are_taken_and_given_where_standard_dictionaries_are_expected(
    client: Any, resource: Any, table: str
) -> None:
    item = {"pk": "ann", "secret": {"tags": {"a", "b"}, "n": Decimal("1.5")}, "city": "Bern"}
    for inner in (client, resource.meta.client):
        encrypted = EncryptedClient(inner, configs={table: people()}, expect_standard_dictionaries=True)
        encrypted.put_item(TableName=table, Item=item)
        assert encrypted.get_item(TableName=table, Key={"pk": "ann"})["Item"] == item


def test_wire_values_are_taken_and_given_otherwise_whatever_the_client_given_takes(
    resource: Any, table: str
) -> None:
    encrypted = EncryptedClient(resource.meta.client, configs={table: people()})
    encrypted.put_item(TableName=table, Item=person())
    assert encrypted.get_item(TableName=table, Key=KEY)["Item"] == person()
    assert resource.Table(table).get_item(Key={"pk": "ann"})["Item"]["city"] == "Bern"


def test_what_cannot_be_made_safe_never_leaves() -> None:
    stub = StubbedDynamoDb()
    client = EncryptedClient(stub.client(), configs={"people": people()})
    secret = {":v": {"S": "the secret"}}
    update = {"TableName": "people", "Key": KEY, "UpdateExpression": "SET secret = :v"}
    calls = [
        lambda: client.update_item(**update, ExpressionAttributeValues=secret),
        lambda: client.scan(
            TableName="people", FilterExpression="secret = :v", ExpressionAttributeValues=secret
        ),
        lambda: client.execute_statement(Statement="UPDATE people SET secret = 'the secret'"),
        lambda: client.put_item(
            TableName="people", Item=person(), Expected={"secret": {"Value": {"S": "x"}}}
        ),
        lambda: client.get_resource_policy(
            ResourceArn="arn:aws:dynamodb:us-west-2:111122223333:table/people"
        ),
        lambda: client.generate_presigned_url("put_item"),
    ]
    for call in calls:
        with pytest.raises(UnsupportedOperationError):
            call()
    with pytest.raises(EncryptError):
        client.put_item(TableName="people", Item=person(surprise={"S": "the secret"}))
    assert stub.sent_requests == []


@pytest.mark.parametrize(
    "arguments",
    [
        {"TableName": "people"},
        {"TableName": "people", "Item": "no item"},
        {"TableName": "people", "Item": {"pk": "no value"}},
        {"TableName": "people", "Item": [1]},
        {"TableName": "people", "Item": person(), "ConditionExpression": 5},
    ],
)
def test_a_malformed_request_gets_botocores_own_error(arguments: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()
    client = EncryptedClient(stub.client(), configs={"people": people()})
    with pytest.raises(ParamValidationError):
        client.put_item(**arguments)
    assert stub.sent_requests == []


def test_a_tampered_item_is_refused(client: Any, encrypted: EncryptedClient, table: str) -> None:
    encrypted.put_item(TableName=table, Item=person())
    client.update_item(
        TableName=table,
        Key=KEY,
        UpdateExpression="SET city = :c",
        ExpressionAttributeValues={":c": {"S": "Basel"}},
    )
    with pytest.raises(DecryptError):
        encrypted.scan(TableName=table)


def test_dynamodbs_own_errors_arrive_as_they_are(client: Any) -> None:
    encrypted = EncryptedClient(client, configs={"no-such-table": people()})
    with pytest.raises(ClientError) as caught:
        encrypted.get_item(TableName="no-such-table", Key=KEY)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_only_dynamodbs_operations_are_passed_on(encrypted: EncryptedClient) -> None:
    for name in ("_make_api_call", "_endpoint", "make_coffee"):
        with pytest.raises(AttributeError, match=f"EncryptedClient has no attribute '{name}'"):
            getattr(encrypted, name)
    assert {"put_item", "scan", "meta", "get_paginator"} <= set(dir(encrypted))
    assert repr(encrypted) == "EncryptedClient(region='us-west-2')"


def test_only_a_dynamodb_client_is_taken() -> None:
    others: tuple[Any, ...] = (boto3.client("kms", region_name="us-west-2"), object())
    for other in others:
        with pytest.raises(ConfigError, match="neither a botocore client of DynamoDB nor a boto3 resource"):
            EncryptedClient(other, configs={})


def test_a_stubber_stands_in_for_dynamodb() -> None:
    client = EncryptedClient(StubbedDynamoDb().client(), configs={"people": people()})
    with Stubber(client) as stubber:
        stubber.add_response("put_item", {}, {"TableName": "people", "Item": person()})
        client.put_item(TableName="people", Item=person())
        stubber.assert_no_pending_responses()
