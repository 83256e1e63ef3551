"""Over HTTP with boto3 and real policies: limited users, storage keys, leading keys, other accounts."""

from typing import Any

import pytest

from dynaseal_lab.testing import LabAccount, policy
from lab.statements import allow, refusal

REGION = "eu-west-1"
KEY = {"pk": {"S": "a"}}


def delegation(account: LabAccount) -> dict[str, Any]:
    """A key policy's statement that delegates everything to the account's IAM policies."""
    return {**allow("kms:*"), "Principal": {"AWS": f"arn:aws:iam::{account.number}:root"}}


def use_through_dynamodb(account: LabAccount) -> dict[str, Any]:
    """A key policy's statement that lets everybody in the account use the key through DynamoDB."""
    through = {
        "kms:CallerAccount": account.number,
        "kms:ViaService": f"dynamodb.{REGION}.amazonaws.com",
    }
    actions = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
    return {**allow(*actions), "Principal": {"AWS": "*"}, "Condition": {"StringEquals": through}}


@pytest.fixture
def storage_key(account: LabAccount) -> str:
    document = policy(delegation(account), use_through_dynamodb(account))
    return account.client("kms").create_key(Policy=document)["KeyMetadata"]["Arn"]


@pytest.fixture
def table(account: LabAccount, storage_key: str) -> str:
    """The ARN of the table `items`, which is encrypted with the storage key."""
    created = account.client("dynamodb").create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": storage_key},
    )
    return created["TableDescription"]["TableArn"]


def as_user(account: LabAccount, name: str, *statements: dict[str, Any]) -> Any:
    """A DynamoDB client of a new user."""
    return account.user(name, *statements).client("dynamodb")


def test_a_user_without_kms_permissions_works_on_the_table_through_dynamodb_only(
    account: LabAccount, table: str, storage_key: str
) -> None:
    limited = account.user("limited", allow("dynamodb:*", resource=table))
    dynamodb = limited.client("dynamodb")
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
    code, message = refusal(limited.client("kms").encrypt, KeyId=storage_key, Plaintext=b"x")
    assert code == "AccessDeniedException"
    assert "kms:Encrypt" in message


def test_without_that_statement_the_same_user_gets_kmss_refusal(
    account: LabAccount, table: str, storage_key: str
) -> None:
    dynamodb = as_user(account, "cut-off", allow("dynamodb:*", resource=table))
    dynamodb.put_item(TableName="items", Item=KEY)
    account.client("kms").put_key_policy(
        KeyId=storage_key, PolicyName="default", Policy=policy(delegation(account))
    )
    code, message = refusal(dynamodb.get_item, TableName="items", Key=KEY)
    assert code == "AccessDeniedException"
    assert message.startswith(
        "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: User: "
        f"arn:aws:iam::{account.number}:user/cut-off is not authorized to perform: kms:Decrypt "
        f"on resource: {storage_key}"
    )


def test_leading_keys_limit_a_user_to_their_own_items(account: LabAccount, table: str) -> None:
    own_items = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["${aws:username}"]}}
    actions = ("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:BatchWriteItem")
    dynamodb = as_user(account, "ada", allow(*actions, resource=table, Condition=own_items))
    mine, others = {"pk": {"S": "ada"}}, {"pk": {"S": "bob"}}
    dynamodb.put_item(TableName="items", Item=mine)
    assert dynamodb.get_item(TableName="items", Key=mine)["Item"] == mine
    assert refusal(dynamodb.put_item, TableName="items", Item=others)[0] == "AccessDeniedException"
    both = {"items": [{"PutRequest": {"Item": mine}}, {"PutRequest": {"Item": others}}]}
    assert refusal(dynamodb.batch_write_item, RequestItems=both)[0] == "AccessDeniedException"
    query = {"TableName": "items", "KeyConditionExpression": "pk = :p"}
    found = dynamodb.query(**query, ExpressionAttributeValues={":p": {"S": "ada"}})
    assert found["Items"] == [mine]
    code, _ = refusal(dynamodb.query, **query, ExpressionAttributeValues={":p": {"S": "bob"}})
    assert code == "AccessDeniedException"


def test_a_transaction_needs_the_permission_of_each_part(account: LabAccount, table: str) -> None:
    dynamodb = as_user(account, "putter", allow("dynamodb:PutItem", resource=table))
    put = {"Put": {"TableName": "items", "Item": KEY}}
    dynamodb.transact_write_items(TransactItems=[put])
    delete = {"Delete": {"TableName": "items", "Key": {"pk": {"S": "b"}}}}
    code, message = refusal(dynamodb.transact_write_items, TransactItems=[put, delete])
    assert (code, "dynamodb:DeleteItem" in message) == ("AccessDeniedException", True)


def test_another_account_needs_the_tables_policy_and_the_storage_keys(
    account: LabAccount, other_account: LabAccount, table: str, storage_key: str
) -> None:
    bob = as_user(other_account, "bob", allow("dynamodb:*"), allow("kms:*"))
    assert refusal(bob.put_item, TableName=table, Item=KEY)[0] == "AccessDeniedException"
    to_bob = {"AWS": f"arn:aws:iam::{other_account.number}:user/bob"}
    account.client("dynamodb").put_resource_policy(
        ResourceArn=table,
        Policy=policy({**allow("dynamodb:PutItem", resource=table), "Principal": to_bob}),
    )
    code, message = refusal(bob.put_item, TableName=table, Item=KEY)
    assert (code, message.startswith("KMS key access denied error")) == ("AccessDeniedException", True)
    decrypt_for_bob = {**allow("kms:Decrypt"), "Principal": to_bob}
    document = policy(delegation(account), use_through_dynamodb(account), decrypt_for_bob)
    kms = account.client("kms")
    kms.put_key_policy(KeyId=storage_key, PolicyName="default", Policy=document)
    bob.put_item(TableName=table, Item=KEY)
    assert refusal(bob.get_item, TableName=table, Key=KEY)[0] == "AccessDeniedException"
    assert account.client("dynamodb").get_item(TableName="items", Key=KEY)["Item"] == KEY


@pytest.mark.usefixtures("table")
def test_the_engines_errors_have_their_botocore_classes(account: LabAccount) -> None:
    dynamodb = account.client("dynamodb")
    dynamodb.put_item(TableName="items", Item=KEY)
    condition = {
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as caught:
        dynamodb.put_item(TableName="items", Item=KEY, **condition)
    assert caught.value.response["Item"] == KEY
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as canceled:
        dynamodb.transact_write_items(
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
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.get_item(TableName="nothing", Key=KEY)


@pytest.mark.usefixtures("table")
def test_a_disabled_storage_key_makes_the_table_inaccessible(account: LabAccount, storage_key: str) -> None:
    dynamodb = account.client("dynamodb")
    kms = account.client("kms")
    kms.disable_key(KeyId=storage_key)
    code, message = refusal(dynamodb.get_item, TableName="items", Key=KEY)
    assert code == "ValidationException"
    assert message.startswith("KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: ")
    described = dynamodb.describe_table(TableName="items")["Table"]
    assert described["TableStatus"] == "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
    kms.enable_key(KeyId=storage_key)
