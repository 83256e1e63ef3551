"""Surrogate keys in requests: written with real values, sent with tokens, and found as in a plain table."""

from __future__ import annotations

from typing import Any, cast

import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from dynaseal import (
    EncryptedClient,
    EncryptedTable,
    ItemEncryptor,
    TableConfig,
    UnsupportedOperationError,
)
from support.customers import EMAIL, customers, key, order
from support.dynamodb import create_table, resource_of
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

ANN, BOB = "ann@example.com", "bob@example.com"
STORED = ItemEncryptor(customers())


def stored_key(email: str = ANN, number: int = 1) -> dict[str, Any]:
    """An order's key as DynamoDB has it."""
    stored = STORED.encrypt_item(order(email, number))
    return {"pk": stored["pk"], "sk": stored["sk"]}


class CustomersTable:
    """A table in an engine, with an encrypting client and a plain one."""

    def __init__(self, client: Any, config: TableConfig | None = None) -> None:
        self.plain = client
        self.name = create_table(self.plain, "pk", "sk")
        self.config = config or customers()
        self.client = EncryptedClient(self.plain, configs={self.name: self.config})

    def put(self, *orders: dict[str, Any]) -> None:
        for item in orders:
            self.client.put_item(TableName=self.name, Item=item)

    def query(self, **more: Any) -> Any:
        return self.client.query(TableName=self.name, **more)


@pytest.fixture
def customers_table(client: Any) -> CustomersTable:
    return CustomersTable(client)


def test_an_item_is_put_got_and_deleted_by_its_real_value(customers_table: CustomersTable) -> None:
    customers_table.put(order(), order(BOB))
    assert customers_table.client.get_item(TableName=customers_table.name, Key=key())["Item"] == order()
    old = customers_table.client.delete_item(
        TableName=customers_table.name, Key=key(), ReturnValues="ALL_OLD"
    )
    assert old["Attributes"] == order()
    assert "Item" not in customers_table.client.get_item(TableName=customers_table.name, Key=key())
    assert [item["pk"] for item in customers_table.plain.scan(TableName=customers_table.name)["Items"]] == [
        stored_key(BOB)["pk"]
    ]


def test_items_of_a_partition_are_queried_by_its_real_value(customers_table: CustomersTable) -> None:
    customers_table.put(order(ANN, 1), order(ANN, 2), order(BOB, 1))
    caller_request = {
        "KeyConditionExpression": "#e = :e",
        "ExpressionAttributeNames": {"#e": "email"},
        "ExpressionAttributeValues": {":e": {"S": ANN}},
    }
    found = customers_table.query(**caller_request)
    assert sorted(item["order"]["N"] for item in found["Items"]) == ["1", "2"]
    assert found["Count"] == 2
    both = customers_table.query(
        KeyConditionExpression="email = :e AND #o = :n",
        ExpressionAttributeNames={"#o": "order"},
        ExpressionAttributeValues={":e": {"S": ANN}, ":n": {"N": "2.0"}},
    )
    assert both["Items"] == [order(ANN, 2)]


def test_a_table_of_python_values_and_condition_objects_works_the_same(endpoint: str) -> None:
    plain = resource_of(endpoint)
    name = create_table(plain.meta.client, "pk", "sk")
    table = EncryptedTable(plain.Table(name), config=customers())
    with table.batch_writer(overwrite_by_pkeys=["email", "order"]) as batch:
        for number in range(30):
            batch.put_item(Item={"email": ANN, "order": number, "city": "Bern"})
        batch.delete_item(Key={"email": ANN, "order": 29})
    assert table.query(KeyConditionExpression=Key("email").eq(ANN))["Count"] == 29
    found = table.scan(FilterExpression=Attr("order").is_in([3, 4]) & Attr("city").eq("Bern"))
    assert sorted(int(cast("Any", item["order"])) for item in found["Items"]) == [3, 4]
    plain.meta.client.close()


def test_pages_follow_one_another_by_dynamodbs_tokens(customers_table: CustomersTable) -> None:
    customers_table.put(*(order(ANN, number) for number in range(7)))
    pages = customers_table.client.get_paginator("query").paginate(
        TableName=customers_table.name,
        KeyConditionExpression="email = :e",
        ExpressionAttributeValues={":e": {"S": ANN}},
        PaginationConfig={"PageSize": 2},
    )
    found = [item["order"]["N"] for page in pages for item in page["Items"]]
    assert sorted(found) == [str(number) for number in range(7)]


def test_a_page_may_begin_after_a_real_value_too(customers_table: CustomersTable) -> None:
    customers_table.put(*(order(ANN, number) for number in range(4)))
    first = customers_table.client.scan(TableName=customers_table.name, Limit=2)
    last = {name: first["Items"][-1][name] for name in ("email", "order")}
    rest = [
        customers_table.client.scan(TableName=customers_table.name, ExclusiveStartKey=start)["Items"]
        for start in (first["LastEvaluatedKey"], last)
    ]
    assert rest[0] == rest[1]
    assert len(rest[0]) == 2


def test_conditions_are_about_real_values(customers_table: CustomersTable) -> None:
    once: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(email)"}
    customers_table.client.put_item(TableName=customers_table.name, Item=order(), **once)
    with pytest.raises(ClientError, match="conditional request failed") as refused:
        customers_table.client.put_item(
            TableName=customers_table.name,
            Item=order(city={"S": "Chur"}),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **once,
        )
    response: Any = refused.value.response  # the stubs do not know of the member Item
    assert response["Item"] == order()
    with pytest.raises(ClientError, match="conditional request failed"):
        customers_table.client.put_item(
            TableName=customers_table.name, Item=order(), ConditionExpression="attribute_not_exists(pk)"
        )
    values = {":e": {"S": ANN}, ":b": {"S": BOB}}
    for condition, holds in (("email IN (:b, :e)", True), ("email <> :e AND NOT email = :b", False)):
        call = {
            "TableName": customers_table.name,
            "Key": key(),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ReturnValues": "ALL_OLD",
        }
        if holds:
            assert customers_table.client.delete_item(**call)["Attributes"] == order()
            customers_table.put(order())
        else:
            with pytest.raises(ClientError, match="conditional request failed"):
                customers_table.client.delete_item(**call)


def test_an_unsigned_attribute_is_updated_by_the_items_real_key(customers_table: CustomersTable) -> None:
    customers_table.put(order(seen={"N": "1"}))
    updated = customers_table.client.update_item(
        TableName=customers_table.name,
        Key=key(),
        UpdateExpression="ADD seen :one",
        ConditionExpression="email = :e",
        ExpressionAttributeValues={":one": {"N": "1"}, ":e": {"S": ANN}},
        ReturnValues="ALL_NEW",
    )
    assert updated["Attributes"] == order(seen={"N": "2"})


def test_batches_and_transactions_name_items_by_real_values(customers_table: CustomersTable) -> None:
    name = customers_table.name
    customers_table.client.batch_write_item(
        RequestItems={name: [{"PutRequest": {"Item": order(ANN, number)}} for number in range(3)]}
    )
    customers_table.client.batch_write_item(RequestItems={name: [{"DeleteRequest": {"Key": key(ANN, 0)}}]})
    got = customers_table.client.batch_get_item(
        RequestItems={name: {"Keys": [key(ANN, n) for n in range(3)]}}
    )
    assert sorted(item["order"]["N"] for item in got["Responses"][name]) == ["1", "2"]
    customers_table.client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": name, "Item": order(BOB)}},
            {"Delete": {"TableName": name, "Key": key(ANN, 1)}},
            {
                "ConditionCheck": {
                    "TableName": name,
                    "Key": key(ANN, 2),
                    "ConditionExpression": "email = :e",
                    "ExpressionAttributeValues": {":e": {"S": ANN}},
                }
            },
        ]
    )
    gets: list[Any] = [{"Get": {"TableName": name, "Key": key(*wanted)}} for wanted in ((BOB, 1), (ANN, 1))]
    responses = customers_table.client.transact_get_items(TransactItems=gets)["Responses"]
    assert [response.get("Item") for response in responses] == [order(BOB), None]


def encrypted(stub: StubbedDynamoDb, config: TableConfig | None = None) -> EncryptedClient:
    return EncryptedClient(stub.client(), configs={"customers": config or customers()})


def test_unprocessed_items_and_keys_of_a_batch_have_real_values() -> None:
    stub = StubbedDynamoDb()
    client = encrypted(stub)
    writes: list[Any] = [{"PutRequest": {"Item": order()}}, {"DeleteRequest": {"Key": key(BOB)}}]
    stub.reply(lambda request: {"UnprocessedItems": request["RequestItems"]})
    assert client.batch_write_item(RequestItems={"customers": writes})["UnprocessedItems"] == {
        "customers": writes
    }
    stub.reply(lambda request: {"UnprocessedKeys": request["RequestItems"]})
    wanted: Any = {"Keys": [key(), key(BOB)], "ConsistentRead": True}
    left = client.batch_get_item(RequestItems={"customers": wanted})["UnprocessedKeys"]
    assert left == {"customers": wanted}
    assert stub.sent_requests[1][1]["RequestItems"]["customers"]["Keys"] == [stored_key(), stored_key(BOB)]


def test_a_request_is_sent_without_its_real_values() -> None:
    stub = StubbedDynamoDb()
    client = encrypted(stub)
    caller_request = {
        "TableName": "customers",
        "KeyConditionExpression": "#e = :e",
        "FilterExpression": "attribute_exists(#e) AND #c = :c",
        "ExpressionAttributeNames": {"#e": "email", "#c": "city"},
        "ExpressionAttributeValues": {":e": {"S": ANN}, ":c": {"S": "Bern"}},
    }
    client.query(**caller_request)
    ((_, sent_request),) = stub.sent_requests
    assert sent_request == {
        **caller_request,
        "KeyConditionExpression": "#surrogate0 = :e",
        "ExpressionAttributeNames": {"#e": "email", "#c": "city", "#surrogate0": "pk"},
        "ExpressionAttributeValues": {":e": stored_key()["pk"], ":c": {"S": "Bern"}},
    }
    assert caller_request["ExpressionAttributeValues"][":e"] == {"S": ANN}


def test_an_unused_placeholder_is_left_out_and_a_new_one_has_a_new_name() -> None:
    stub = StubbedDynamoDb()
    encrypted(stub).scan(
        TableName="customers",
        FilterExpression="#e = :e AND #surrogate0 = :c",
        ExpressionAttributeNames={"#e": "email", "#surrogate0": "city"},
        ExpressionAttributeValues={":e": {"S": ANN}, ":c": {"S": "Bern"}},
    )
    ((_, sent_request),) = stub.sent_requests
    assert sent_request["FilterExpression"] == "#surrogate0x = :e AND #surrogate0 = :c"
    assert sent_request["ExpressionAttributeNames"] == {"#surrogate0x": "pk", "#surrogate0": "city"}


REFUSED = [
    ("email > :v", "has no order, beginning, size or type"),
    ("email BETWEEN :v AND :w", "has no order"),
    ("begins_with(email, :v)", "has no order, beginning"),
    ("contains(email, :v)", "something other than equality with a value"),
    ("size(email) = :v", "something other than equality with a value"),
    ("attribute_type(email, :v)", "something other than equality with a value"),
    ("email = city", "something other than equality with a value"),
    ("email IN (:v, city)", "something other than equality with a value"),
    ("email.domain = :v", "something other than equality with a value"),
    ("attribute_exists(email.domain)", "something other than equality with a value"),
    ("email = :v AND city = :v", "be sent in two forms"),
    ("email = :v AND #o = :v", "be sent in two forms"),
    ("email = :v AND note = :v", "be sent in two forms"),
    ("pk = :v", "Use the real value, as 'email'"),
    ("attribute_exists(pk)", "Use the real value, as 'email'"),
    ("email = :unknown", "does not define"),
]


@pytest.mark.parametrize(("expression", "message"), REFUSED)
def test_what_no_token_supports_is_refused_before_any_call(expression: str, message: str) -> None:
    stub = StubbedDynamoDb()
    with pytest.raises(UnsupportedOperationError, match=message) as refused:
        encrypted(stub).scan(
            TableName="customers",
            FilterExpression=expression,
            ExpressionAttributeNames={"#o": "order"},
            ExpressionAttributeValues={":v": {"S": ANN}, ":w": {"S": BOB}},
        )
    assert stub.sent_requests == []
    assert ANN not in str(refused.value)


@pytest.mark.parametrize(
    ("item_key", "message"),
    [
        (stored_key(), "Give the real value, as 'email'"),
        ({**key(), "email": {"S": ""}}, "Use a string, a number or binary that is not empty"),
        ({**key(), "email": {"L": []}}, "Use a string, a number or binary"),
    ],
)
def test_a_key_without_a_real_value_is_refused_before_any_call(item_key: Any, message: str) -> None:
    stub = StubbedDynamoDb()
    with pytest.raises(UnsupportedOperationError, match=message):
        encrypted(stub).get_item(TableName="customers", Key=item_key)
    assert stub.sent_requests == []


def test_one_surrogate_key_leaves_the_other_key_as_it_is() -> None:
    stub = StubbedDynamoDb()
    config = customers(EMAIL)
    encrypted(stub, config).get_item(TableName="customers", Key={"email": {"S": ANN}, "sk": {"S": "1"}})
    assert stub.sent_requests[0][1]["Key"] == {"pk": stored_key()["pk"], "sk": {"S": "1"}}
