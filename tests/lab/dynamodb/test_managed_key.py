"""A table encrypted with KMS that names no key is on the key that AWS manages for DynamoDB."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynaseal_lab.testing import LabAccount

SSE = {"SSESpecification": {"Enabled": True, "SSEType": "KMS"}}
TABLE = {
    "TableName": "items",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    reply: Any = caught.value.response
    return reply["Error"]["Code"]


def test_every_user_of_the_table_may_use_it_through_dynamodb_and_nobody_directly(account: LabAccount) -> None:
    table = account.client("dynamodb").create_table(**TABLE, **SSE)["TableDescription"]
    kms = account.client("kms")
    key = kms.describe_key(KeyId="alias/aws/dynamodb")["KeyMetadata"]
    assert table["SSEDescription"]["KMSMasterKeyArn"] == key["Arn"]
    assert key["KeyManager"] == "AWS"
    user = account.user("ann", {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"})
    dynamodb = user.client("dynamodb")
    dynamodb.put_item(TableName="items", Item={"pk": {"S": "a"}})
    for client in (kms, user.client("kms")):
        with pytest.raises(ClientError) as caught:
            client.encrypt(KeyId=key["Arn"], Plaintext=b"x")
        assert code(caught) == "AccessDeniedException"


def test_nobody_may_change_it_and_it_rotates_automatically(account: LabAccount) -> None:
    account.client("dynamodb").create_table(**TABLE, **SSE)
    kms = account.client("kms")
    key = kms.describe_key(KeyId="alias/aws/dynamodb")["KeyMetadata"]["KeyId"]
    for call in (kms.disable_key, kms.schedule_key_deletion, kms.disable_key_rotation):
        with pytest.raises(ClientError) as caught:
            call(KeyId=key)
        assert code(caught) == "AccessDeniedException"
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


def test_there_is_one_key_per_account_and_region(account: LabAccount, other_account: LabAccount) -> None:
    for owner in (account, other_account):
        owner.client("dynamodb").create_table(**TABLE, **SSE)
    account.client("dynamodb").create_table(**TABLE | {"TableName": "second"}, **SSE)
    arns = {
        owner.client("dynamodb").describe_table(TableName=name)["Table"]["SSEDescription"]["KMSMasterKeyArn"]
        for owner, name in ((account, "items"), (account, "second"), (other_account, "items"))
    }
    assert len(arns) == 2
