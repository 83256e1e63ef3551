"""A program of a user who may not have boto3-stubs: correct with them, and without them."""

from typing import Any

import boto3

import dynaseal.aio
from dynaseal import (
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    CryptoAction,
    EncryptedClient,
    EncryptedPaginator,
    EncryptedResource,
    EncryptedTable,
    KeyStore,
    TableConfig,
    attach,
)

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

config = TableConfig(
    "people",
    "pk",
    attribute_actions=AttributeActions(CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN}),
    keyring=AwsKmsKeyring(ARN, client=boto3.client("kms")),
)
store = KeyStore("k", "k", ARN, dynamodb_client=boto3.client("dynamodb"), kms_client=boto3.client("kms"))
tenants = AwsKmsHierarchicalKeyring(store, branch_key_id="tenant", ttl_seconds=600)


def read_a_table(boto3_table: Any) -> Any:
    table = EncryptedTable(boto3_table, config=config)
    table.put_item(Item={"pk": "ann", "secret": "the secret"})
    with table.batch_writer() as batch:
        batch.put_item(Item={"pk": "bob"})
    table.wait_until_exists()
    return table.get_item(Key={"pk": "ann"}).get("Item")


def read_with_a_client() -> list[str]:
    client = EncryptedClient(boto3.client("dynamodb"), configs={"people": config})
    client.get_item(TableName="people", Key={"pk": {"S": "ann"}})
    client.get_waiter("table_exists").wait(TableName="people")
    paginator: EncryptedPaginator = client.get_paginator("query")
    for page in paginator.paginate(TableName="people"):
        print(page["Items"])
    tables = client.get_paginator("list_tables").paginate().build_full_result()
    names: list[str] = tables["TableNames"]
    return names


def read_with_a_resource() -> list[EncryptedTable]:
    resource = EncryptedResource(boto3.resource("dynamodb"), configs={"people": config})
    resource.batch_get_item(RequestItems={"people": {"Keys": [{"pk": "ann"}]}})
    return [resource.Table("people"), *resource.tables.all()]


def encrypt_in_place() -> None:
    attach(boto3.client("dynamodb"), {"people": config})
    attach(boto3.resource("dynamodb"), {"people": config})


def mistakes_are_errors() -> None:
    EncryptedTable("people", config=config)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    EncryptedClient("people", configs={})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    AwsKmsKeyring(ARN, client="kms")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def on_an_event_loop(plain_client: Any, plain_table: Any, plain_resource: Any, kms: Any) -> list[Any]:
    store = dynaseal.aio.KeyStore("k", "k", ARN, dynamodb_client=plain_client, kms_client=kms)
    branch_key_id = await store.create_key()
    keyring = AwsKmsHierarchicalKeyring(store, branch_key_id=branch_key_id, ttl_seconds=600)
    tenant = TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)
    client = dynaseal.aio.EncryptedClient(plain_client, configs={"people": tenant})
    await client.put_item(TableName="people", Item={"pk": {"S": "ann"}})
    async for page in client.get_paginator("scan").paginate(TableName="people"):
        print(page["Items"])
    table = dynaseal.aio.EncryptedTable(plain_table, config=tenant)
    async with table.batch_writer() as batch:
        await batch.put_item(Item={"pk": "bob"})
    resource = dynaseal.aio.EncryptedResource(plain_resource, configs={"people": tenant})
    dynaseal.aio.attach(plain_client, {"people": tenant})
    return [await table.scan(), await resource.Table("people"), *[one async for one in resource.tables.all()]]
