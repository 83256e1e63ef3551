"""EncryptedResource on an engine: its tables, its batches and its collection of tables."""

from __future__ import annotations

from typing import Any

import pytest

from dynaseal.boto.wrappers.resource import EncryptedResource
from dynaseal.boto.wrappers.table import EncryptedTable
from dynaseal.errors import ConfigError, UnsupportedOperationError
from support.dynamodb import create_table
from support.people import people
from support.stubbed_dynamodb import StubbedDynamoDb

ANN = {"pk": "ann", "secret": b"bytes", "city": "Bern"}


@pytest.fixture
def table(client: Any) -> str:
    return create_table(client, "pk")


@pytest.fixture
def encrypted(resource: Any, table: str) -> EncryptedResource:
    return EncryptedResource(resource, configs={table: people()})


def test_batches_go_through_encryption(encrypted: EncryptedResource, resource: Any, table: str) -> None:
    reply = encrypted.batch_write_item(RequestItems={table: [{"PutRequest": {"Item": ANN}}]})
    assert reply["UnprocessedItems"] == {}
    found = encrypted.batch_get_item(RequestItems={table: {"Keys": [{"pk": "ann"}]}})["Responses"][table]
    assert found == [ANN]
    assert resource.Table(table).get_item(Key={"pk": "ann"})["Item"]["secret"] != b"bytes"


def test_its_tables_encrypt(encrypted: EncryptedResource, table: str) -> None:
    one = encrypted.Table(table)
    assert isinstance(one, EncryptedTable)
    one.put_item(Item=ANN)
    assert one.scan()["Items"] == [ANN]


def test_its_collection_gives_encrypted_tables(encrypted: EncryptedResource, table: str) -> None:
    tables = encrypted.tables
    assert table in {each.name for each in tables.all()}
    assert len(list(tables.limit(1))) == 1
    assert table in {each.name for page in tables.pages() for each in page}
    assert [each.name for each in tables.filter(ExclusiveStartTableName=table[:-1]).limit(1)] == [table]
    assert {type(each) for each in tables.all().page_size(5)} == {EncryptedTable}


def test_its_client_encrypts_and_takes_python_values(encrypted: EncryptedResource, table: str) -> None:
    encrypted.meta.client.put_item(TableName=table, Item=ANN)
    assert encrypted.Table(table).get_item(Key={"pk": "ann"})["Item"] == ANN
    with pytest.raises(UnsupportedOperationError):
        encrypted.meta.client.execute_statement(Statement=f'SELECT * FROM "{table}"')


def test_a_table_made_by_it_is_encrypted(resource: Any) -> None:
    name = "made-by-the-resource"
    created = EncryptedResource(resource, configs={name: people()}).create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    created.put_item(Item=ANN)
    assert resource.Table(name).scan()["Items"][0].keys() >= {"aws_dbe_head", "aws_dbe_foot"}
    created.delete()


def test_a_client_is_refused_as_a_resource() -> None:
    with pytest.raises(ConfigError, match="A client is not a resource"):
        EncryptedResource(StubbedDynamoDb().client(), configs={})


def test_a_table_is_not_a_resource() -> None:
    with pytest.raises(ConfigError, match="is not a boto3 resource of DynamoDB"):
        EncryptedResource(StubbedDynamoDb().resource().Table("people"), configs={"people": people()})


def test_it_names_its_region_and_sub_resources(encrypted: EncryptedResource) -> None:
    assert repr(encrypted) == "EncryptedResource(region='us-west-2')"
    assert encrypted.get_available_subresources() == ["Table"]
