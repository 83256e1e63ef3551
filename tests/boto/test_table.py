"""EncryptedTable on an engine: Python values, condition objects, batch writer, the older way to configure."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary

from dynaseal import (
    AttributeActions,
    CryptoAction,
    EncryptedClient,
    EncryptedResource,
    RawAesKeyring,
    TableConfig,
    attach,
)
from dynaseal.boto.wrappers.table import EncryptedTable
from dynaseal.boto.wrappers.table_info import TableIndex, TableInfo
from dynaseal.errors import ConfigError, EncryptError, UnsupportedOperationError
from support.dynamodb import create_table
from support.people import people
from support.stubbed_dynamodb import StubbedDynamoDb

ANN = {"pk": "ann", "secret": {"n": Decimal("1.5"), "tags": {"a", "b"}}, "city": "Bern", "memo": None}
KEYRING = RawAesKeyring("tests", "key", bytes(range(32)))


@pytest.fixture
def plain(client: Any, resource: Any) -> Any:
    return resource.Table(create_table(client, "pk"))


@pytest.fixture
def table(plain: Any) -> EncryptedTable:
    return EncryptedTable(plain, config=people())


def test_the_encrypted_table_and_the_plain_one_stand_side_by_side(plain: Any, table: EncryptedTable) -> None:
    table.put_item(Item=ANN)
    assert table.get_item(Key={"pk": "ann"})["Item"] == ANN
    at_rest = plain.get_item(Key={"pk": "ann"})["Item"]
    assert isinstance(at_rest["secret"], Binary)
    assert {name: at_rest[name] for name in ("pk", "city", "memo")} == {
        "pk": "ann",
        "city": "Bern",
        "memo": None,
    }


LARGE = [Decimal(number) for number in ("1E+38", "-1.5E+60", "9.9E+125", "1" * 38 + "E+50")]


@pytest.mark.parametrize("wrap", ["table", "resource", "client", "attached resource", "attached session"])
def test_numbers_of_more_than_38_digits_are_read_as_they_were_written(wrap: str) -> None:
    stub = StubbedDynamoDb()
    resource = stub.resource()
    if wrap == "table":
        table: Any = EncryptedTable(resource.Table("people"), config=people())
    elif wrap == "resource":
        table = EncryptedResource(resource, configs={"people": people()}).Table("people")
    elif wrap == "client":
        client: Any = EncryptedClient(
            stub.client(), configs={"people": people()}, expect_standard_dictionaries=True
        )
        table = SimpleNamespace(
            put_item=partial(client.put_item, TableName="people"),
            get_item=partial(client.get_item, TableName="people"),
        )
    elif wrap == "attached resource":
        attach(resource, {"people": people()})
        table = resource.Table("people")
    else:
        session = boto3.Session("test", "test", region_name="us-west-2")
        attach(session, {"people": people()})
        resource = session.resource("dynamodb")
        resource.meta.client.meta.events.register("before-send.dynamodb", stub.reply_to)
        table = resource.Table("people")
    for number in LARGE:
        item = {"pk": "ann", "secret": {"n": number, "s": {number, Decimal(1)}}, "city": number}
        table.put_item(Item=item)
        # DynamoDB writes all digits.
        stored = {**stub.sent_requests[-1][1]["Item"], "city": {"N": f"{number:f}"}}
        stub.reply({"Item": stored})
        assert table.get_item(Key={"pk": "ann"})["Item"] == item


@pytest.mark.parametrize("number", [10**38, Decimal("1" * 39), Decimal("1E+126")])
def test_a_number_that_boto3_cannot_convert_is_refused_with_what_to_write(number: Any) -> None:
    table = EncryptedTable(StubbedDynamoDb().resource().Table("people"), config=people())
    with pytest.raises((ArithmeticError, EncryptError), match="too large"):
        table.put_item(Item={"pk": "ann", "secret": number})


def test_condition_objects_and_expressions_work_on_signed_attributes(table: EncryptedTable) -> None:
    table.put_item(Item=ANN, ConditionExpression=Attr("pk").not_exists())
    found = table.query(
        KeyConditionExpression=Key("pk").eq("ann"), FilterExpression=Attr("city").begins_with("B")
    )
    assert found["Items"] == [ANN]
    assert table.scan(FilterExpression=Attr("city").eq("Basel") & Attr("memo").exists())["Items"] == []
    text = table.scan(FilterExpression="city IN (:c)", ExpressionAttributeValues={":c": "Bern"})
    assert text["Items"] == [ANN]


def test_condition_objects_on_encrypted_attributes_are_refused(table: EncryptedTable) -> None:
    for condition in (Attr("secret").eq("x"), Attr("city").eq("x") | ~Attr("secret.n").gt(1)):
        with pytest.raises(UnsupportedOperationError, match="needs the value of 'secret'"):
            table.scan(FilterExpression=condition)


def test_old_items_come_back_as_python_values(table: EncryptedTable) -> None:
    table.put_item(Item=ANN)
    arguments = {"Key": {"pk": "ann"}, "UpdateExpression": "SET memo = :m"}
    updated = table.update_item(**arguments, ExpressionAttributeValues={":m": 7}, ReturnValues="ALL_NEW")
    assert updated["Attributes"] == {**ANN, "memo": 7}
    assert table.delete_item(Key={"pk": "ann"}, ReturnValues="ALL_OLD")["Attributes"] == {**ANN, "memo": 7}


def test_the_batch_writer_encrypts_what_it_puts(plain: Any, table: EncryptedTable) -> None:
    with table.batch_writer(overwrite_by_pkeys=["pk"]) as batch:
        for number in range(30):
            batch.put_item(Item={**ANN, "pk": str(number)})
        batch.delete_item(Key={"pk": "29"})
    assert {str(item["pk"]) for item in table.scan()["Items"]} == {str(number) for number in range(29)}
    assert all(isinstance(item["secret"], Binary) for item in plain.scan()["Items"])


def test_the_batch_writer_sends_unprocessed_items_again_encrypted() -> None:
    stub = StubbedDynamoDb()
    table = EncryptedTable(stub.resource().Table("people"), config=people())

    stub.reply(lambda request: {"UnprocessedItems": request["RequestItems"]})
    stub.reply({"UnprocessedItems": {}})
    with table.batch_writer() as batch:
        batch.put_item(Item=ANN)
    first, again = (body["RequestItems"]["people"][0]["PutRequest"]["Item"] for _, body in stub.sent_requests)
    assert first["aws_dbe_head"] != again["aws_dbe_head"], "encrypted anew from what the caller wrote"
    assert first["secret"].keys() == again["secret"].keys() == {"B"}


def test_attributes_of_boto3s_table_are_there_and_others_are_not(table: EncryptedTable, plain: Any) -> None:
    assert table.name == plain.name
    assert table.key_schema == [{"AttributeName": "pk", "KeyType": "HASH"}]
    table.load()
    assert table.table_status == "ACTIVE"
    assert {"put_item", "table_arn", "wait_until_exists"} <= set(dir(table))
    assert repr(table) == f"EncryptedTable({plain.name!r})"
    with pytest.raises(AttributeError, match="EncryptedTable has no attribute 'teleport'"):
        getattr(table, "teleport")  # noqa: B009 a type checker knows that there is no such attribute


def test_the_older_way_reads_the_keys_from_dynamodb(client: Any, resource: Any) -> None:
    index = {
        "IndexName": "by-city",
        "KeySchema": [{"AttributeName": "city", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    name = create_table(
        client, "pk", "sk", numeric=("sk",), indexed=("city",), GlobalSecondaryIndexes=[index]
    )
    plain = resource.Table(name)
    actions = AttributeActions(attribute_actions={"memo": CryptoAction.DO_NOTHING})
    table = EncryptedTable(plain, KEYRING, attribute_actions=actions)
    item = {**ANN, "sk": Decimal(1), "anything": "else"}
    table.put_item(Item=item)
    found = table.query(IndexName="by-city", KeyConditionExpression=Key("city").eq("Bern"))
    assert found["Items"] == [item]
    at_rest = plain.scan()["Items"][0]
    encrypted = {
        name for name, value in at_rest.items() if isinstance(value, Binary) and "aws_dbe" not in name
    }
    assert encrypted == {"secret", "anything"}


def test_the_older_way_asks_dynamodb_nothing_when_the_keys_are_given() -> None:
    stub = StubbedDynamoDb()
    info = TableInfo("people", primary_index=TableIndex("pk"), secondary_indexes=[TableIndex("city", "memo")])
    table = EncryptedTable(stub.resource().Table("people"), KEYRING, info)
    table.put_item(Item={**ANN, "memo": "m"})
    ((operation, body),) = stub.sent_requests
    assert operation == "PutItem"
    assert {name for name, value in body["Item"].items() if "S" in value} == {"pk", "city", "memo"}


def test_a_tables_indexes_from_an_iterator_serve_every_table_made_of_them() -> None:
    info = TableInfo("people", primary_index=TableIndex("pk"), secondary_indexes=iter([TableIndex("city")]))
    assert info.index_attributes() == info.index_attributes() == {"city"}


def test_indexes_may_be_declared_free_of_plaintext_keys() -> None:
    stub = StubbedDynamoDb()
    info = TableInfo("people", True, TableIndex("pk"), [TableIndex("city")])
    table = EncryptedTable(stub.resource().Table("people"), KEYRING, info)
    table.put_item(Item=ANN)
    assert "B" in stub.sent_requests[0][1]["Item"]["city"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "needs a config or a materials_provider"),
        ({"config": people(), "materials_provider": KEYRING}, "A config replaces materials_provider"),
        ({"materials_provider": KEYRING, "auto_refresh_table_indexes": False}, "The key of the table"),
        ({"materials_provider": KEYRING, "table_info": AttributeActions()}, "table_info must be of the type"),
        ({"materials_provider": KEYRING, "attribute_actions": {}}, "attribute_actions must be of the type"),
    ],
)
def test_a_configuration_that_contradicts_itself_or_is_not_enough_is_an_error(
    arguments: dict[str, Any], said: str
) -> None:
    stub = StubbedDynamoDb()
    with pytest.raises(ConfigError, match=said):
        EncryptedTable(stub.resource().Table("people"), **arguments)
    assert stub.sent_requests == []


def test_only_a_table_is_taken() -> None:
    with pytest.raises(ConfigError, match="is not a boto3 Table"):
        EncryptedTable(StubbedDynamoDb().resource(), config=people())


@pytest.mark.parametrize("info", [None, "given"])
def test_a_table_made_from_an_arn_binds_its_items_to_the_tables_name(info: str | None) -> None:
    arn = "arn:aws:dynamodb:us-west-2:111122223333:table/people"
    table_info = None if info is None else TableInfo(arn, False, TableIndex("pk"), [])
    dynamodb = StubbedDynamoDb()
    if info is None:
        dynamodb.reply({"Table": {"KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}]}})
    by_arn = EncryptedTable(dynamodb.resource().Table(arn), KEYRING, table_info)
    by_arn.put_item(Item={"pk": "ann", "secret": "x"})
    assert {request["TableName"] for _, request in dynamodb.sent_requests} == {arn}

    stored = dynamodb.sent_requests[-1][1]["Item"]
    by_name = EncryptedTable(
        dynamodb.resource().Table("people"), KEYRING, TableInfo("people", False, TableIndex("pk"), [])
    )
    dynamodb.reply({"Item": stored})
    assert by_name.get_item(Key={"pk": "ann"})["Item"] == {"pk": "ann", "secret": "x"}


def test_a_table_compares_its_configuration_when_it_is_asked_to(resource: Any, plain: Any) -> None:
    table = EncryptedTable(plain, config=people())
    assert table.check_configuration() == []
    sorted_ = replace(people(), sort_key_name="city")
    for wrong in (
        EncryptedTable(plain, config=sorted_),
        EncryptedResource(resource, configs={plain.name: sorted_}).Table(plain.name),
    ):
        (finding,) = wrong.check_configuration()
        assert (finding.code, finding.severity) == ("key-schema", "error")
    unknown = EncryptedResource(resource, configs={"other": people()}).Table(plain.name)
    with pytest.raises(ConfigError, match="has no configuration"):
        unknown.check_configuration()


def test_making_and_using_a_table_with_a_configuration_does_not_describe_it() -> None:
    stub = StubbedDynamoDb()
    EncryptedTable(stub.resource().Table("people"), config=people()).put_item(Item=ANN)
    assert [operation for operation, _ in stub.sent_requests] == ["PutItem"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (KEYRING, "An EncryptedTable's config must be .*TableConfig, and is of the type RawAesKeyring"),
        (TableConfig, r"config is the class TableConfig.* config=TableConfig\(...\)"),
        ({"people": people()}, "config must be .*TableConfig, and is of the type dict"),
    ],
)
def test_a_config_of_another_type_is_refused_by_the_name_of_the_argument(
    resource: Any, config: Any, expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        EncryptedTable(resource.Table("people"), config=config)
