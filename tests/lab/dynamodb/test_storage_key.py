"""A table on a customer's key: KMS is asked as the caller, and what it says is what DynamoDB says."""

from typing import Any

import pytest

from dynaseal_lab.model import Fault

VIA = "dynamodb.us-west-2.amazonaws.com"
ITEM = {"pk": {"S": "a"}}


@pytest.fixture
def key(lab: Any) -> str:
    return lab.kms("CreateKey")["KeyMetadata"]["Arn"]


def on(key: str) -> dict[str, Any]:
    return {"SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}}


def forbid(lab: Any, *actions: str) -> None:
    lab.authorizer.rule = lambda _call, access_request: access_request.action not in actions


def test_a_table_is_made_on_the_key_with_a_grant_and_a_data_key(lab, key):
    lab.authorizer.asked.clear()
    lab.table(**on(key))
    asked = [(access_request.action, call.via_service) for call, access_request in lab.authorizer.asked]
    assert asked == [
        ("dynamodb:CreateTable", None),
        ("kms:DescribeKey", VIA),
        ("kms:CreateGrant", VIA),
        ("kms:GenerateDataKey", VIA),
    ]
    (grant,) = lab.kms("ListGrants", KeyId=key)["Grants"]
    context = {"aws:dynamodb:tableName": "items", "aws:dynamodb:subscriberId": "111122223333"}
    assert grant["GranteePrincipal"] == VIA
    assert grant["Constraints"] == {"EncryptionContextSubset": context}
    assert lab("DescribeTable", TableName="items")["Table"]["SSEDescription"] == {
        "Status": "ENABLED",
        "SSEType": "KMS",
        "KMSMasterKeyArn": key,
    }


def test_a_key_may_be_named_by_alias(lab, key):
    lab.kms("CreateAlias", AliasName="alias/storage", TargetKeyId=key)
    lab.table(**on("alias/storage"))
    described = lab("DescribeTable", TableName="items")["Table"]
    assert described["SSEDescription"]["KMSMasterKeyArn"] == key


@pytest.mark.parametrize("action", ["kms:DescribeKey", "kms:CreateGrant", "kms:GenerateDataKey"])
def test_without_permission_on_the_key_no_table_is_made(lab, key, action):
    forbid(lab, action)
    with pytest.raises(Fault, match=r"^AccessDeniedException: KMS key access denied error"):
        lab.table(**on(key))
    assert lab("ListTables")["TableNames"] == []


def test_the_callers_decrypt_is_asked_at_every_access_and_its_refusal_is_kmss_sentence(lab, key):
    lab.table(**on(key))
    lab("PutItem", TableName="items", Item=ITEM)
    call, access_request = lab.authorizer.asked[-1]
    assert (access_request.action, call.principal.name, call.via_service) == ("kms:Decrypt", "alice", VIA)
    assert access_request.condition_keys["kms:EncryptionContext:aws:dynamodb:tableName"] == ["items"]
    assert access_request.condition_keys["kms:EncryptionContext:aws:dynamodb:subscriberId"] == [
        "111122223333"
    ]
    forbid(lab, "kms:Decrypt")
    with pytest.raises(Fault) as caught:
        lab("GetItem", TableName="items", Key=ITEM)
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
def test_no_way_to_the_items_leaves_the_key_out(lab, key, operation, params):
    lab.table(**on(key))
    lab(operation, **params)
    forbid(lab, "kms:Decrypt")
    with pytest.raises(Fault, match="KMS key access denied error"):
        lab(operation, **params)


def test_a_table_without_a_customers_key_asks_kms_nothing(lab):
    lab.table()
    assert lab.asked_of("GetItem", TableName="items", Key=ITEM) == [
        ("dynamodb:GetItem", "arn:aws:dynamodb:us-west-2:111122223333:table/items")
    ]


def test_a_disabled_key_makes_the_table_inaccessible_until_it_is_enabled(lab, key):
    lab.table(**on(key))
    lab.kms("DisableKey", KeyId=key)
    words = f"KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: {key} is disabled."
    with pytest.raises(Fault, match=f"^ValidationException: {words}"):
        lab("GetItem", TableName="items", Key=ITEM)
    described = lab("DescribeTable", TableName="items")["Table"]
    assert described["TableStatus"] == "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
    assert described["SSEDescription"]["InaccessibleEncryptionDateTime"] > 0
    lab.kms("EnableKey", KeyId=key)
    assert lab("GetItem", TableName="items", Key=ITEM) == {}
    assert lab("DescribeTable", TableName="items")["Table"]["TableStatus"] == "ACTIVE"


def test_a_key_pending_deletion_or_missing_is_a_validation_error(lab, key):
    lab.table(**on(key))
    lab.kms("ScheduleKeyDeletion", KeyId=key)
    with pytest.raises(
        Fault, match=r"^ValidationException: KMS validation error: .*KMSInvalidStateException"
    ):
        lab("GetItem", TableName="items", Key=ITEM)
    with pytest.raises(
        Fault, match=r"^ValidationException: KMS validation error: .*NotFoundException: Alias"
    ):
        lab.table("other", **on("alias/none"))


def test_deleting_the_table_retires_the_grant(lab, key):
    lab.table(**on(key))
    lab("DeleteTable", TableName="items")
    assert lab.kms("ListGrants", KeyId=key)["Grants"] == []
    lab.table()
    assert "SSEDescription" not in lab("DescribeTable", TableName="items")["Table"]


def test_a_table_that_could_not_be_made_leaves_no_grant(lab, key):
    lab.table()
    with pytest.raises(Exception, match="ResourceInUseException"):
        lab.table(**on(key))
    assert lab.kms("ListGrants", KeyId=key)["Grants"] == []


def test_a_table_moves_from_key_to_key_and_back_to_dynamodbs_own(lab, key):
    second = lab.kms("CreateKey")["KeyMetadata"]["Arn"]
    lab.table(**on(key))
    lab("UpdateTable", TableName="items", **on(second))
    assert lab.kms("ListGrants", KeyId=key)["Grants"] == []
    forbid(lab, "kms:Decrypt")
    with pytest.raises(Fault, match=second):
        lab("GetItem", TableName="items", Key=ITEM)
    lab("UpdateTable", TableName="items", SSESpecification={"Enabled": False})
    assert lab("GetItem", TableName="items", Key=ITEM) == {}
    assert "SSEDescription" not in lab("DescribeTable", TableName="items")["Table"]


@pytest.mark.usefixtures("in_process_only")
def test_a_restored_table_lies_on_its_sources_key_or_on_the_one_asked_for(lab, key):
    second = lab.kms("CreateKey")["KeyMetadata"]["Arn"]
    lab.table(**on(key))
    lab("PutItem", TableName="items", Item=ITEM)
    backup = lab("CreateBackup", TableName="items", BackupName="nightly")["BackupDetails"]["BackupArn"]
    changes = {"SSESpecificationOverride": on(second)["SSESpecification"]}
    for name, override, expected in (("same", {}, key), ("other", changes, second)):
        restored = lab("RestoreTableFromBackup", BackupArn=backup, TargetTableName=name, **override)
        assert restored["TableDescription"]["SSEDescription"]["KMSMasterKeyArn"] == expected
        assert lab("GetItem", TableName=name, Key=ITEM)["Item"] == ITEM
        _, access_request = lab.authorizer.asked[-1]
        assert (access_request.action, access_request.resource) == ("kms:Decrypt", expected)
        assert access_request.condition_keys["kms:EncryptionContext:aws:dynamodb:tableName"] == [name]
