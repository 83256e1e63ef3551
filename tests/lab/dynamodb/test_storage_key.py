"""A table on a customer's key: KMS is called as the caller, and its refusal becomes DynamoDB's."""

from typing import Any

import pytest

from dynaseal_lab.model import Fault
from lab.services import DynamoDbCaller

VIA = "dynamodb.us-west-2.amazonaws.com"
ITEM = {"pk": {"S": "a"}}


@pytest.fixture
def key(dynamodb: DynamoDbCaller) -> str:
    return dynamodb.kms("CreateKey")["KeyMetadata"]["Arn"]


def on(key: str) -> dict[str, Any]:
    return {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}}


def forbid(dynamodb: DynamoDbCaller, *actions: str) -> None:
    dynamodb.authorizer.allow_if(lambda _call, access_request: access_request.action not in actions)


def test_a_table_is_created_on_the_key_with_a_grant_and_a_data_key(
    dynamodb: DynamoDbCaller, key: str
) -> None:
    dynamodb.authorizer.forget()
    dynamodb.table(**on(key))
    actions = [request.action for request in dynamodb.authorizer.access_requests]
    services = [call.via_service for call in dynamodb.authorizer.calls]
    assert list(zip(actions, services, strict=True)) == [
        ("dynamodb:CreateTable", None),
        ("kms:DescribeKey", VIA),
        ("kms:CreateGrant", VIA),
        ("kms:GenerateDataKey", VIA),
    ]
    (grant,) = dynamodb.kms("ListGrants", KeyId=key)["Grants"]
    context = {"aws:dynamodb:tableName": "items", "aws:dynamodb:subscriberId": "111122223333"}
    assert grant["GranteePrincipal"] == VIA
    assert grant["Constraints"] == {"EncryptionContextSubset": context}
    assert dynamodb("DescribeTable", TableName="items")["Table"]["SSEDescription"] == {
        "Status": "ENABLED",
        "SSEType": "KMS",
        "KMSMasterKeyArn": key,
    }


def test_a_key_may_be_named_by_alias(dynamodb: DynamoDbCaller, key: str) -> None:
    dynamodb.kms("CreateAlias", AliasName="alias/storage", TargetKeyId=key)
    dynamodb.table(**on("alias/storage"))
    described = dynamodb("DescribeTable", TableName="items")["Table"]
    assert described["SSEDescription"]["KMSMasterKeyArn"] == key


@pytest.mark.parametrize("action", ["kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey"])
def test_without_permission_on_the_key_no_table_is_created(
    dynamodb: DynamoDbCaller, key: str, action: str
) -> None:
    forbid(dynamodb, action)
    with pytest.raises(Fault, match=r"^AccessDeniedException: KMS key access denied error"):
        dynamodb.table(**on(key))
    assert dynamodb("ListTables")["TableNames"] == []


def test_every_access_needs_the_callers_decrypt_and_a_refusal_has_kmss_message(
    dynamodb: DynamoDbCaller, key: str
) -> None:
    dynamodb.table(**on(key))
    dynamodb("PutItem", TableName="items", Item=ITEM)
    call, access_request = dynamodb.authorizer.calls[-1], dynamodb.authorizer.access_requests[-1]
    assert (access_request.action, call.principal.name, call.via_service) == ("kms:Decrypt", "alice", VIA)
    assert access_request.condition_keys["kms:EncryptionContext:aws:dynamodb:tableName"] == ["items"]
    assert access_request.condition_keys["kms:EncryptionContext:aws:dynamodb:subscriberId"] == [
        "111122223333"
    ]
    forbid(dynamodb, "kms:Decrypt")
    with pytest.raises(Fault) as caught:
        dynamodb("GetItem", TableName="items", Key=ITEM)
    assert caught.value.code == "AccessDeniedException"
    assert caught.value.message == (
        "KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: "
        "User: arn:aws:iam::111122223333:user/alice is not authorized to perform: kms:Decrypt on resource: "
        f"{key} because no identity-based policy allows the kms:Decrypt action (Service: AWSKMS; "
        "Status Code: 400; Error Code: AccessDeniedException; Request ID: request-1; Proxy: null)"
    )


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("GetItem", {"TableName": "items", "Key": ITEM}),
        (
            "Query",
            {
                "TableName": "items",
                "KeyConditionExpression": "pk = :p",
                "ExpressionAttributeValues": {":p": {"S": "a"}},
            },
        ),
        ("Scan", {"TableName": "items"}),
        ("BatchGetItem", {"RequestItems": {"items": {"Keys": [ITEM]}}}),
        ("BatchWriteItem", {"RequestItems": {"items": [{"PutRequest": {"Item": ITEM}}]}}),
        ("TransactGetItems", {"TransactItems": [{"Get": {"TableName": "items", "Key": ITEM}}]}),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"TableName": "items", "Item": ITEM}}]}),
        ("ExecuteStatement", {"Statement": 'SELECT * FROM "items"'}),
    ],
)
def test_no_operation_reaches_the_items_without_the_key(
    dynamodb: DynamoDbCaller, key: str, operation: str, params: dict[str, Any]
) -> None:
    dynamodb.table(**on(key))
    dynamodb(operation, **params)
    forbid(dynamodb, "kms:Decrypt")
    with pytest.raises(Fault, match="KMS key access denied error"):
        dynamodb(operation, **params)


def test_a_table_without_a_customers_key_needs_no_permission_in_kms(dynamodb: DynamoDbCaller) -> None:
    dynamodb.table()
    assert dynamodb.permissions_for("GetItem", TableName="items", Key=ITEM) == [
        ("dynamodb:GetItem", "arn:aws:dynamodb:us-west-2:111122223333:table/items")
    ]


def test_a_disabled_key_makes_the_table_inaccessible_until_it_is_enabled(
    dynamodb: DynamoDbCaller, key: str
) -> None:
    dynamodb.table(**on(key))
    dynamodb.kms("DisableKey", KeyId=key)
    message = (
        f"KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: {key} is disabled."
    )
    with pytest.raises(Fault, match=f"^ValidationException: {message}"):
        dynamodb("GetItem", TableName="items", Key=ITEM)
    described = dynamodb("DescribeTable", TableName="items")["Table"]
    assert described["TableStatus"] == "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
    assert described["SSEDescription"]["InaccessibleEncryptionDateTime"] > 0
    dynamodb.kms("EnableKey", KeyId=key)
    assert dynamodb("GetItem", TableName="items", Key=ITEM) == {}
    assert dynamodb("DescribeTable", TableName="items")["Table"]["TableStatus"] == "ACTIVE"


def test_a_key_pending_deletion_or_missing_is_a_validation_error(dynamodb: DynamoDbCaller, key: str) -> None:
    dynamodb.table(**on(key))
    dynamodb.kms("ScheduleKeyDeletion", KeyId=key)
    with pytest.raises(
        Fault, match=r"^ValidationException: KMS validation error: .*KMSInvalidStateException"
    ):
        dynamodb("GetItem", TableName="items", Key=ITEM)
    with pytest.raises(
        Fault, match=r"^ValidationException: KMS validation error: .*NotFoundException: Alias"
    ):
        dynamodb.table("other", **on("alias/none"))


def test_deleting_the_table_retires_the_grant(dynamodb: DynamoDbCaller, key: str) -> None:
    dynamodb.table(**on(key))
    dynamodb("DeleteTable", TableName="items")
    assert dynamodb.kms("ListGrants", KeyId=key)["Grants"] == []
    dynamodb.table()
    assert "SSEDescription" not in dynamodb("DescribeTable", TableName="items")["Table"]


def test_a_table_that_could_not_be_created_leaves_no_grant(dynamodb: DynamoDbCaller, key: str) -> None:
    dynamodb.table()
    with pytest.raises(Exception, match="ResourceInUseException"):
        dynamodb.table(**on(key))
    assert dynamodb.kms("ListGrants", KeyId=key)["Grants"] == []


def test_a_table_moves_from_key_to_key_and_back_to_a_key_that_dynamodb_owns(
    dynamodb: DynamoDbCaller, key: str
) -> None:
    second = dynamodb.kms("CreateKey")["KeyMetadata"]["Arn"]
    dynamodb.table(**on(key))
    dynamodb("UpdateTable", TableName="items", **on(second))
    assert dynamodb.kms("ListGrants", KeyId=key)["Grants"] == []
    forbid(dynamodb, "kms:Decrypt")
    with pytest.raises(Fault, match=second):
        dynamodb("GetItem", TableName="items", Key=ITEM)
    dynamodb("UpdateTable", TableName="items", SSESpecification={"Enabled": False})
    assert dynamodb("GetItem", TableName="items", Key=ITEM) == {}
    assert "SSEDescription" not in dynamodb("DescribeTable", TableName="items")["Table"]


@pytest.mark.usefixtures("engine_with_backups")
def test_a_restored_table_is_on_its_sources_key_or_on_the_requested_one(
    dynamodb: DynamoDbCaller, key: str
) -> None:
    second = dynamodb.kms("CreateKey")["KeyMetadata"]["Arn"]
    dynamodb.table(**on(key))
    dynamodb("PutItem", TableName="items", Item=ITEM)
    backup = dynamodb("CreateBackup", TableName="items", BackupName="nightly")["BackupDetails"]["BackupArn"]
    changes = {"SSESpecificationOverride": on(second)["SSESpecification"]}
    for name, override, expected in (("same", {}, key), ("other", changes, second)):
        restored = dynamodb("RestoreTableFromBackup", BackupArn=backup, TargetTableName=name, **override)
        assert restored["TableDescription"]["SSEDescription"]["KMSMasterKeyArn"] == expected
        assert dynamodb("GetItem", TableName=name, Key=ITEM)["Item"] == ITEM
        access_request = dynamodb.authorizer.access_requests[-1]
        assert (access_request.action, access_request.resource) == ("kms:Decrypt", expected)
        assert access_request.condition_keys["kms:EncryptionContext:aws:dynamodb:tableName"] == [name]
