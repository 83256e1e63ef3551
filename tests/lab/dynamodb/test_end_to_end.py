"""Through HTTP with boto3 and real policies: limited users, the storage key, items of one's own, accounts."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from dynaseal_lab.server import RunningLab, running

OWNER, OTHER, REGION = "111122223333", "444455556666", "us-west-2"
TABLE = f"arn:aws:dynamodb:{REGION}:{OWNER}:table/items"
KEY = {"pk": {"S": "a"}}
Clients = Callable[[str], Any]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[RunningLab]:
    with running() as lab:
        yield lab


def clients(lab: RunningLab, access_key_id: str, secret: str) -> Clients:
    def client(service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=lab.endpoint,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret,
            config=Config(retries={"max_attempts": 0}),
        )

    return client


def root(lab: RunningLab, account: str = OWNER) -> Clients:
    return clients(lab, account, lab.root_secret)


def user(lab: RunningLab, name: str, *statements: dict[str, Any], account: str = OWNER) -> Clients:
    """A fresh user with one inline policy."""
    iam = root(lab, account)("iam")
    iam.create_user(UserName=name)
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_user_policy(UserName=name, PolicyName="given", PolicyDocument=json.dumps(document))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return clients(lab, key["AccessKeyId"], key["SecretAccessKey"])


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def refused(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


ACCOUNT = {
    "Sid": "Account",
    "Effect": "Allow",
    "Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"},
    "Action": "kms:*",
    "Resource": "*",
}
VIA_DYNAMODB = {
    "Sid": "TableDataThroughDynamoDB",
    "Effect": "Allow",
    "Principal": {"AWS": "*"},
    "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
    "Resource": "*",
    "Condition": {
        "StringEquals": {
            "kms:CallerAccount": OWNER,
            "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com",
        }
    },
}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def storage_key(endpoint: RunningLab) -> str:
    return root(endpoint)("kms").create_key(Policy=policy(ACCOUNT, VIA_DYNAMODB))["KeyMetadata"]["Arn"]


@pytest.fixture
def table(endpoint: RunningLab, storage_key: str) -> Iterator[Any]:
    """The owner's client; the table `items` lies on the storage key."""
    dynamodb = root(endpoint)("dynamodb")
    dynamodb.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": storage_key},
    )
    yield dynamodb
    dynamodb.delete_table(TableName="items")


@pytest.mark.usefixtures("table")
def test_a_user_without_kms_permissions_works_on_the_table_through_dynamodb_only(endpoint, storage_key):
    limited = user(endpoint, "limited", allow("dynamodb:*", resource=TABLE))
    dynamodb = limited("dynamodb")
    dynamodb.put_item(TableName="items", Item=KEY | {"blob": {"B": b"\x00\xff"}})
    assert dynamodb.get_item(TableName="items", Key=KEY)["Item"]["blob"] == {"B": b"\x00\xff"}
    dynamodb.update_item(
        TableName="items",
        Key=KEY,
        UpdateExpression="SET x = :x",
        ExpressionAttributeValues={":x": {"N": "1"}},
    )
    assert (
        dynamodb.describe_table(TableName="items")["Table"]["SSEDescription"]["KMSMasterKeyArn"]
        == storage_key
    )
    dynamodb.delete_item(TableName="items", Key=KEY)
    code, message = refused(limited("kms").encrypt, KeyId=storage_key, Plaintext=b"x")
    assert code == "AccessDeniedException"
    assert "kms:Encrypt" in message


@pytest.mark.usefixtures("table")
def test_without_the_via_service_statement_the_same_user_gets_kmss_refusal(endpoint, storage_key):
    dynamodb = user(endpoint, "cut-off", allow("dynamodb:*", resource=TABLE))("dynamodb")
    dynamodb.put_item(TableName="items", Item=KEY)
    root(endpoint)("kms").put_key_policy(KeyId=storage_key, PolicyName="default", Policy=policy(ACCOUNT))
    code, message = refused(dynamodb.get_item, TableName="items", Key=KEY)
    assert code == "AccessDeniedException"
    assert message.startswith(
        "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: User: "
        f"arn:aws:iam::{OWNER}:user/cut-off is not authorized to perform: kms:Decrypt "
        f"on resource: {storage_key}"
    )


@pytest.mark.usefixtures("table")
def test_leading_keys_hold_a_user_to_its_own_items(endpoint):
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}}
    actions = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:BatchWriteItem")
    dynamodb = user(endpoint, "ada", allow(*actions, resource=TABLE, Condition=own))("dynamodb")
    mine, others = {"pk": {"S": "ada"}}, {"pk": {"S": "bob"}}
    dynamodb.put_item(TableName="items", Item=mine)
    assert dynamodb.get_item(TableName="items", Key=mine)["Item"] == mine
    assert refused(dynamodb.put_item, TableName="items", Item=others)[0] == "AccessDeniedException"
    both = {"items": [{"PutRequest": {"Item": mine}}, {"PutRequest": {"Item": others}}]}
    assert refused(dynamodb.batch_write_item, RequestItems=both)[0] == "AccessDeniedException"
    query = {"TableName": "items", "KeyConditionExpression": "pk = :p"}
    found = dynamodb.query(**query, ExpressionAttributeValues={":p": {"S": "ada"}})
    assert found["Items"] == [mine]
    code, _ = refused(dynamodb.query, **query, ExpressionAttributeValues={":p": {"S": "bob"}})
    assert code == "AccessDeniedException"


@pytest.mark.usefixtures("table")
def test_a_transaction_needs_the_permission_of_each_part(endpoint):
    dynamodb = user(endpoint, "putter", allow("dynamodb:PutItem", resource=TABLE))("dynamodb")
    put = {"Put": {"TableName": "items", "Item": KEY}}
    dynamodb.transact_write_items(TransactItems=[put])
    delete = {"Delete": {"TableName": "items", "Key": {"pk": {"S": "b"}}}}
    code, message = refused(dynamodb.transact_write_items, TransactItems=[put, delete])
    assert (code, "dynamodb:DeleteItem" in message) == ("AccessDeniedException", True)


def test_another_account_needs_the_tables_policy_and_the_storage_keys(endpoint, table, storage_key):
    bob = user(endpoint, "bob", allow("dynamodb:*"), allow("kms:*"), account=OTHER)("dynamodb")
    assert refused(bob.put_item, TableName=TABLE, Item=KEY)[0] == "AccessDeniedException"
    to_bob = {"AWS": f"arn:aws:iam::{OTHER}:user/bob"}
    table.put_resource_policy(
        ResourceArn=TABLE,
        Policy=policy({**allow("dynamodb:PutItem", resource=TABLE), "Principal": to_bob}),
    )
    code, message = refused(bob.put_item, TableName=TABLE, Item=KEY)
    assert (code, message.startswith("KMS key access denied error")) == ("AccessDeniedException", True)
    use = {**allow("kms:Decrypt"), "Principal": to_bob}
    kms = root(endpoint)("kms")
    kms.put_key_policy(KeyId=storage_key, PolicyName="default", Policy=policy(ACCOUNT, VIA_DYNAMODB, use))
    bob.put_item(TableName=TABLE, Item=KEY)
    assert refused(bob.get_item, TableName=TABLE, Key=KEY)[0] == "AccessDeniedException"
    assert table.get_item(TableName="items", Key=KEY)["Item"] == KEY


def test_the_engines_own_errors_keep_their_shape(table):
    table.put_item(TableName="items", Item=KEY)
    condition = {
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(table.exceptions.ConditionalCheckFailedException) as caught:
        table.put_item(TableName="items", Item=KEY, **condition)
    assert caught.value.response["Item"] == KEY
    with pytest.raises(table.exceptions.TransactionCanceledException) as canceled:
        table.transact_write_items(
            TransactItems=[
                {
                    "Put": {
                        "TableName": "items",
                        "Item": KEY,
                        "ConditionExpression": "attribute_not_exists(pk)",
                    }
                }
            ]
        )
    assert [reason["Code"] for reason in canceled.value.response["CancellationReasons"]] == [
        "ConditionalCheckFailed"
    ]
    with pytest.raises(table.exceptions.ResourceNotFoundException):
        table.get_item(TableName="nothing", Key=KEY)


def test_a_disabled_storage_key_closes_the_table(endpoint, table, storage_key):
    kms = root(endpoint)("kms")
    kms.disable_key(KeyId=storage_key)
    code, message = refused(table.get_item, TableName="items", Key=KEY)
    assert code == "ValidationException"
    assert message.startswith("KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: ")
    described = table.describe_table(TableName="items")["Table"]
    assert described["TableStatus"] == "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
    kms.enable_key(KeyId=storage_key)
