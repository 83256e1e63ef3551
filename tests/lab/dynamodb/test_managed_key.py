"""A table that is to be encrypted by KMS and names no key lies on the key that AWS manages for DynamoDB."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

SSE = {"SSESpecification": {"Enabled": True, "SSEType": "KMS"}}
TABLE = {
    "TableName": "items",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def code(caught: Any) -> str:
    return caught.value.response["Error"]["Code"]


def test_every_user_of_the_table_may_use_it_through_dynamodb_and_nobody_directly(account):
    made = account.client("dynamodb").create_table(**TABLE, **SSE)["TableDescription"]
    kms = account.client("kms")
    key = kms.describe_key(KeyId="alias/aws/dynamodb")["KeyMetadata"]
    assert made["SSEDescription"]["KMSMasterKeyArn"] == key["Arn"]
    assert key["KeyManager"] == "AWS"
    user = account.user("ann", {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"})
    dynamodb = user.client("dynamodb")
    dynamodb.put_item(TableName="items", Item={"pk": {"S": "a"}})
    for client in (kms, user.client("kms")):
        with pytest.raises(ClientError) as caught:
            client.encrypt(KeyId=key["Arn"], Plaintext=b"x")
        assert code(caught) == "AccessDeniedException"


def test_nobody_manages_it_and_it_rotates_by_itself(account):
    account.client("dynamodb").create_table(**TABLE, **SSE)
    kms = account.client("kms")
    key = kms.describe_key(KeyId="alias/aws/dynamodb")["KeyMetadata"]["KeyId"]
    for call in (kms.disable_key, kms.schedule_key_deletion, kms.disable_key_rotation):
        with pytest.raises(ClientError) as caught:
            call(KeyId=key)
        assert code(caught) == "AccessDeniedException"
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


def test_it_is_one_key_an_account_and_region(account, other_account):
    for where in (account, other_account):
        where.client("dynamodb").create_table(**TABLE, **SSE)
    account.client("dynamodb").create_table(**TABLE | {"TableName": "second"}, **SSE)
    arns = {
        where.client("dynamodb").describe_table(TableName=name)["Table"]["SSEDescription"]["KMSMasterKeyArn"]
        for where, name in ((account, "items"), (account, "second"), (other_account, "items"))
    }
    assert len(arns) == 2
