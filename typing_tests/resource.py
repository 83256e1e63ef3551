"""EncryptedResource has the types of boto3's resource of DynamoDB; its tables are encrypted ones."""

from typing import assert_type

import boto3
from mypy_boto3_dynamodb.client import DynamoDBClient
from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource
from mypy_boto3_dynamodb.type_defs import BatchGetItemOutputServiceResourceTypeDef

from dynaseal import (
    ALL_OTHER_TABLES,
    AttributeActions,
    EncryptedResource,
    EncryptedTable,
    RawAesKeyring,
    TableConfig,
)

keyring = RawAesKeyring("payroll", "2026", bytes(32))
CONFIGS = {"people": TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)}

resource = EncryptedResource(boto3.resource("dynamodb"), configs=CONFIGS)


def methods_return_what_boto3_stubs_says() -> None:
    reply = resource.batch_get_item(RequestItems={"people": {"Keys": [{"pk": "ann"}]}})
    assert_type(reply, BatchGetItemOutputServiceResourceTypeDef)
    resource.batch_write_item(RequestItems={"people": [{"PutRequest": {"Item": {"pk": "ann"}}}]})
    assert_type(resource.meta.client, DynamoDBClient)


def its_tables_are_encrypted_tables() -> None:
    assert_type(resource.Table("people"), EncryptedTable)
    assert_type(list(resource.tables.all()), list[EncryptedTable])
    for table in resource.tables.filter(ExclusiveStartTableName="people", Limit=5):
        assert_type(table, EncryptedTable)
    for page in resource.tables.page_size(10).pages():
        assert_type(page, list[EncryptedTable])


def other_tables_are_named_or_all_allowed() -> None:
    EncryptedResource(boto3.resource("dynamodb"), configs=CONFIGS, plaintext_tables=["audit"])
    EncryptedResource(boto3.resource("dynamodb"), configs=CONFIGS, plaintext_tables=ALL_OTHER_TABLES)


def an_encrypted_resource_goes_where_a_resource_goes(somewhere: list[DynamoDBServiceResource]) -> None:
    somewhere.append(resource)


def mistakes_are_errors() -> None:
    resource.Tabel("people")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    resource.batch_get_item(Requests={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    resource.tables.filter(Limits=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    EncryptedResource("people", configs=CONFIGS)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
