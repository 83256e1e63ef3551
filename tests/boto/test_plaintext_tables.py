"""Tables without a configuration, through every object that sends requests: refused unless they are named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ParamValidationError

from boto.test_requests import STATEMENTS, misspelled
from dynaseal import (
    ALL_OTHER_TABLES,
    EncryptedClient,
    EncryptedResource,
    EncryptedTable,
    UnsupportedOperationError,
    attach,
)
from dynaseal.boto.interception.requests import OPERATIONS
from dynaseal.core.operations import ABOUT_TABLES
from support.people import people, person
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

ANN = {"pk": "ann", "secret": "the secret"}
KEY = {"pk": "ann"}
REFUSED = "which no configuration names"
CONFIGS = {"people": people()}


def attached_client(stub: StubbedDynamoDb, **more: Any) -> Any:
    client = stub.client()
    attach(client, CONFIGS, **more)
    return client


def attached_resource(stub: StubbedDynamoDb, **more: Any) -> Any:
    resource = stub.resource()
    attach(resource, CONFIGS, **more)
    return resource


def wrapped_client(stub: StubbedDynamoDb, **more: Any) -> Any:
    return EncryptedClient(stub.client(), configs=CONFIGS, **more)


def wrapped_resource(stub: StubbedDynamoDb, **more: Any) -> Any:
    return EncryptedResource(stub.resource(), configs=CONFIGS, **more)


CLIENTS = [attached_client, wrapped_client]
RESOURCES = [attached_resource, wrapped_resource]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize("make", CLIENTS)
def test_a_client_sends_nothing_for_a_table_without_a_configuration(
    make: Callable[..., Any], operation: str
) -> None:
    stub = StubbedDynamoDb()
    client = make(stub, plaintext_tables=["other"])
    for caller_request in misspelled(operation):
        with pytest.raises(UnsupportedOperationError, match=REFUSED):
            getattr(client, xform_name(operation))(**caller_request)
    assert stub.sent_requests == []


@pytest.mark.parametrize("make", CLIENTS)
def test_a_paginator_sends_nothing_for_a_table_without_a_configuration(make: Callable[..., Any]) -> None:
    stub = StubbedDynamoDb()
    client = make(stub)
    for operation in ("scan", "query"):
        with pytest.raises(UnsupportedOperationError, match=REFUSED):
            list(client.get_paginator(operation).paginate(TableName="pateints"))
    assert stub.sent_requests == []


def table_calls(table: Any) -> Iterator[Callable[[], Any]]:
    yield lambda: table.put_item(Item=ANN)
    yield lambda: table.get_item(Key=KEY)
    yield lambda: table.delete_item(Key=KEY)
    yield lambda: table.update_item(Key=KEY, UpdateExpression="REMOVE memo")
    yield table.scan
    yield lambda: table.query(
        KeyConditionExpression="pk = :p", ExpressionAttributeValues={":p": "the secret"}
    )

    def write_batch() -> None:
        with table.batch_writer() as batch:
            batch.put_item(Item=ANN)
            batch.delete_item(Key=KEY)

    yield write_batch


@pytest.mark.parametrize("make", RESOURCES)
def test_a_resource_sends_nothing_for_a_table_without_a_configuration(make: Callable[..., Any]) -> None:
    stub = StubbedDynamoDb()
    resource = make(stub, plaintext_tables=["audit"])
    calls = [
        *table_calls(resource.Table("pateints")),
        lambda: resource.batch_write_item(RequestItems={"pateints": [{"PutRequest": {"Item": ANN}}]}),
        lambda: resource.batch_get_item(RequestItems={"pateints": {"Keys": [KEY]}}),
        lambda: resource.meta.client.put_item(TableName="pateints", Item=ANN),
        lambda: resource.Table("people").meta.client.put_item(TableName="pateints", Item=ANN),
    ]
    for call in calls:
        with pytest.raises(UnsupportedOperationError, match=REFUSED):
            call()
    assert stub.sent_requests == []


def test_the_client_of_an_encrypted_table_is_for_that_table_only() -> None:
    stub = StubbedDynamoDb()
    table = EncryptedTable(stub.resource().Table("people"), config=people())
    with pytest.raises(UnsupportedOperationError, match=REFUSED):
        table.meta.client.put_item(TableName="pateints", Item=ANN)
    assert stub.sent_requests == []


@pytest.mark.parametrize("make", RESOURCES)
def test_a_batch_writer_with_one_unknown_table_sends_none_of_its_tables(make: Callable[..., Any]) -> None:
    stub = StubbedDynamoDb()
    writes = [{"PutRequest": {"Item": ANN}}]
    with pytest.raises(UnsupportedOperationError, match=REFUSED):
        make(stub).batch_write_item(RequestItems={"people": writes, "pateints": writes})
    assert stub.sent_requests == []


@pytest.mark.parametrize("make", RESOURCES)
@pytest.mark.parametrize("plaintext_tables", [["audit"], ALL_OTHER_TABLES])
def test_a_resource_gives_boto3s_own_table_for_a_plaintext_table(
    make: Callable[..., Any], plaintext_tables: Any
) -> None:
    stub = StubbedDynamoDb()
    resource = make(stub, plaintext_tables=plaintext_tables)
    audit = resource.Table("audit")
    assert not isinstance(audit, EncryptedTable)
    for call in table_calls(audit):
        stub.reply({"UnprocessedItems": {}})
        call()
    assert len(stub.sent_requests) == 7
    assert stub.sent_requests[0][1] == {
        "TableName": "audit",
        "Item": {"pk": {"S": "ann"}, "secret": {"S": "the secret"}},
    }
    resource.Table("people").put_item(Item=ANN)
    assert "the secret" not in repr(stub.sent_requests[-1])


def test_collections_give_boto3s_own_tables_for_plaintext_tables() -> None:
    stub = StubbedDynamoDb()
    resource = wrapped_resource(stub, plaintext_tables=["audit"])
    names = ["audit", "people", "stranger"]
    listed = (
        resource.tables.all,
        lambda: resource.tables.limit(3),
        lambda: [table for page in resource.tables.page_size(3).pages() for table in page],
    )
    for tables in listed:
        stub.reply({"TableNames": names})
        found = {table.name: isinstance(table, EncryptedTable) for table in tables()}
        assert found == {"audit": False, "people": True, "stranger": True}
    stub.reply({"TableDescription": {"TableName": "audit"}})
    created = resource.create_table(
        TableName="audit",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    assert not isinstance(created, EncryptedTable)


@pytest.mark.parametrize("make", [*CLIENTS, *RESOURCES])
def test_calls_about_tables_pass_for_every_table(make: Callable[..., Any]) -> None:
    stub = StubbedDynamoDb()
    wrapper = make(stub)
    client = wrapper if hasattr(wrapper, "describe_table") else wrapper.meta.client
    client.describe_table(TableName="pateints")
    client.list_tables()
    client.delete_table(TableName="pateints")
    client.get_waiter("table_not_exists")
    sent = [operation for operation, _ in stub.sent_requests]
    assert sent == ["DescribeTable", "ListTables", "DeleteTable"]
    assert {*sent} <= ABOUT_TABLES


@pytest.mark.parametrize("operation", sorted(STATEMENTS))
@pytest.mark.parametrize("make", CLIENTS)
def test_statements_and_exports_of_plaintext_tables_are_sent_as_they_are(
    make: Callable[..., Any], operation: str
) -> None:
    stub = StubbedDynamoDb()
    client = make(stub, plaintext_tables=["pateints", "People", "people2"])
    for caller_request in misspelled(operation):
        getattr(client, xform_name(operation))(**caller_request)
        sent = stub.sent_requests[-1][1]
        assert {name: sent[name] for name in caller_request} == caller_request


def test_a_malformed_table_name_gets_botocores_own_error_and_leaves_nothing() -> None:
    for make in CLIENTS:
        stub = StubbedDynamoDb()
        client = make(stub, plaintext_tables=ALL_OTHER_TABLES)
        for name in (None, 5, b"people", [person()]):
            with pytest.raises(ParamValidationError, match="Invalid type for parameter TableName"):
                client.put_item(TableName=name, Item=person())
        assert stub.sent_requests == []


@pytest.mark.parametrize(
    "tables",
    [
        "audit, (people)",
        "audit,",
        "audit a AT b, people",
        "audit AS a AT b, people",
        "audit a b, people",
        "audit[0], people",
        "audit UNPIVOT people",
        "audit BY b, people",
    ],
)
def test_a_statement_whose_list_of_tables_is_not_understood_is_refused(tables: str) -> None:
    stub = StubbedDynamoDb()
    client = EncryptedClient(stub.client(), configs={"people": people()}, plaintext_tables=ALL_OTHER_TABLES)
    with pytest.raises(UnsupportedOperationError):
        client.execute_statement(Statement=f"SELECT * FROM {tables}")
    assert stub.sent_requests == []


@pytest.mark.parametrize(
    "statement",
    [
        *(
            f"SELECT * FROM audit {end}"
            for end in ("", "a", "AS a", "WHERE x = 1", "a WHERE x = 1", "ORDER BY x", "a ORDER BY x", ", b;")
        ),
        "INSERT INTO audit VALUE {'pk': 'a'}",
        "UPDATE audit SET x = 1 WHERE pk = 'a'",
        "UPDATE audit REMOVE x WHERE pk = 'a' RETURNING ALL OLD *",
        "DELETE FROM audit WHERE pk = 'a'",
        "EXISTS(SELECT * FROM audit WHERE pk = 'a')",
    ],
)
def test_a_statement_on_plaintext_tables_is_sent(statement: str) -> None:
    stub = StubbedDynamoDb()
    client = EncryptedClient(stub.client(), configs={"people": people()}, plaintext_tables=ALL_OTHER_TABLES)
    client.execute_statement(Statement=statement)
    assert [request["Statement"] for _, request in stub.sent_requests] == [statement]
