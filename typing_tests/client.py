"""EncryptedClient has the types of boto3's client of DynamoDB, and its paginators theirs."""

from typing import assert_type

import boto3
from botocore.paginate import PageIterator
from botocore.stub import Stubber
from mypy_boto3_dynamodb.client import DynamoDBClient
from mypy_boto3_dynamodb.paginator import ListTablesPaginator, QueryPaginator
from mypy_boto3_dynamodb.type_defs import (
    AttributeValueTypeDef,
    DescribeTableOutputTypeDef,
    GetItemOutputTypeDef,
    QueryOutputTypeDef,
    ScanOutputTypeDef,
)
from mypy_boto3_dynamodb.waiter import TableExistsWaiter

from dynaseal import (
    ALL_OTHER_TABLES,
    AttributeActions,
    EncryptedClient,
    EncryptedPaginator,
    RawAesKeyring,
    TableConfig,
    UnreadableItem,
    attach,
    unreadable_items,
)

keyring = RawAesKeyring("payroll", "2026", bytes(32))
CONFIGS = {"people": TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)}

boto3_client = boto3.client("dynamodb")
client = EncryptedClient(boto3_client, configs=CONFIGS)


def methods_return_what_boto3_stubs_says() -> None:
    reply = client.get_item(TableName="people", Key={"pk": {"S": "ann"}})
    assert_type(reply, GetItemOutputTypeDef)
    assert_type(reply.get("Item", {}), dict[str, AttributeValueTypeDef])
    assert_type(client.describe_table(TableName="people"), DescribeTableOutputTypeDef)
    assert_type(client.get_waiter("table_exists"), TableExistsWaiter)
    assert_type(client.meta.region_name, str)
    assert_type(client.can_paginate("query"), bool)


def paginators_return_what_boto3_stubs_says() -> None:
    pages = client.get_paginator("query").paginate(TableName="people")
    assert_type(pages, PageIterator[QueryOutputTypeDef])
    for page in client.get_paginator("scan").paginate(TableName="people"):
        assert_type(page, ScanOutputTypeDef)
    assert_type(client.get_paginator("list_tables"), ListTablesPaginator)


def pages_and_full_results_list_items_that_do_not_verify() -> None:
    pages = client.get_paginator("scan").paginate(TableName="people")
    assert_type(unreadable_items(pages.build_full_result()), list[UnreadableItem])
    for page in pages:
        assert_type(unreadable_items(page), list[UnreadableItem])


def a_paginator_has_both_names() -> None:
    _encrypted: EncryptedPaginator = client.get_paginator("query")
    _of_boto3: QueryPaginator = client.get_paginator("query")


def an_encrypted_client_goes_where_a_client_goes(somewhere: list[DynamoDBClient]) -> None:
    somewhere.append(client)


def a_client_that_a_stubber_has_is_accepted() -> None:
    EncryptedClient(Stubber(boto3_client).client, configs=CONFIGS)
    attach(Stubber(boto3_client).client, CONFIGS)


def other_tables_are_named_or_all_allowed() -> None:
    EncryptedClient(boto3_client, configs=CONFIGS, plaintext_tables=["audit"])
    EncryptedClient(boto3_client, configs=CONFIGS, plaintext_tables=ALL_OTHER_TABLES)
    attach(boto3_client, CONFIGS, plaintext_tables={"audit"})
    attach(boto3_client, CONFIGS, plaintext_tables=ALL_OTHER_TABLES)


def clients_resources_and_tables_can_be_attached() -> None:
    attach(boto3_client, CONFIGS)
    attach(boto3.resource("dynamodb"), CONFIGS)
    attach(boto3.resource("dynamodb").Table("people"), CONFIGS)


def mistakes_are_errors() -> None:
    client.put_item(TableName="people", Itme={})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.teleport()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    client.get_paginator("nothing")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    client.get_paginator("query").paginate(TabelName="people")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    EncryptedClient("people", configs=CONFIGS)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    EncryptedClient(boto3_client)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    EncryptedClient(boto3_client, configs={"people": {}})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    attach(boto3_client, CONFIGS, ["audit"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    EncryptedClient(boto3_client, configs=CONFIGS, plaintext_tables=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    attach("people", CONFIGS)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
