"""EncryptedTable has the types of boto3's Table."""

from decimal import Decimal
from typing import assert_type

import boto3
from boto3.dynamodb.conditions import Key
from boto3.dynamodb.table import BatchWriter
from mypy_boto3_dynamodb.service_resource import Table
from mypy_boto3_dynamodb.type_defs import (
    GetItemOutputTableTypeDef,
    KeySchemaElementTypeDef,
    PutItemOutputTableTypeDef,
    QueryOutputTableTypeDef,
    TableAttributeValueTypeDef,
)

from dynaseal import (
    AwsKmsKeyring,
    EncryptedTable,
    TableConfig,
    TableInfo,
    Unreadable,
    UnreadableItem,
    unreadable_items,
)

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

config = TableConfig("people", "pk", attribute_actions={}, keyring=AwsKmsKeyring(ARN))
boto3_table = boto3.resource("dynamodb").Table("people")
table = EncryptedTable(boto3_table, config=config)
from_keyring = EncryptedTable(boto3_table, AwsKmsKeyring(ARN), TableInfo("people"))


def methods_return_what_boto3_stubs_says() -> None:
    assert_type(table.get_item(Key={"pk": "ann"}), GetItemOutputTableTypeDef)
    assert_type(table.get_item(Key={"pk": "ann"}).get("Item", {}), dict[str, TableAttributeValueTypeDef])
    assert_type(table.put_item(Item={"pk": "ann", "age": Decimal(41)}), PutItemOutputTableTypeDef)
    assert_type(table.query(KeyConditionExpression=Key("pk").eq("ann")), QueryOutputTableTypeDef)
    assert_type(table.scan()["Items"], list[dict[str, TableAttributeValueTypeDef]])
    assert_type(table.name, str)
    assert_type(table.item_count, int)
    assert_type(table.key_schema, list[KeySchemaElementTypeDef])
    table.wait_until_exists()


def items_that_do_not_verify_are_listed() -> None:
    TableConfig(
        "people", "pk", attribute_actions={}, keyring=AwsKmsKeyring(ARN), unreadable=Unreadable.REPORT
    )
    found = unreadable_items(table.scan())
    assert_type(found, list[UnreadableItem])
    for unreadable in (*found, *unreadable_items(table.put_item(Item={"pk": "ann"}))):
        assert_type(unreadable["TableName"], str)
        assert_type(unreadable["Error"], Exception)
        table.delete_item(Key=unreadable["Key"])


def the_batch_writer_is_boto3s() -> None:
    with table.batch_writer(overwrite_by_pkeys=["pk"]) as batch:
        assert_type(batch, BatchWriter)
        batch.put_item(Item={"pk": "ann"})
        batch.delete_item(Key={"pk": "bob"})
        batch.put_item(Itme={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def an_encrypted_table_goes_where_a_table_goes(somewhere: list[Table]) -> None:
    somewhere.append(table)


def an_item_may_be_missing_from_the_reply() -> None:
    table.get_item(Key={"pk": "ann"})["Item"]  # pyright: ignore[reportTypedDictNotRequiredAccess]


def mistakes_are_errors() -> None:
    table.put_item(Itme={"pk": "ann"})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    table.put_item(Item=["ann"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    table.get_item(Key="ann")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    table.teleport()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    EncryptedTable("people", config=config)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    EncryptedTable(boto3_table, config={})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    EncryptedTable(boto3_table, configs={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    EncryptedTable(boto3.client("dynamodb"), config=config)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
