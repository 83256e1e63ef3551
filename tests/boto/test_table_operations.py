"""Updates and conditions that would break encryption, and operations about tables that would."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from dynaseal import (
    AttributeActions,
    CryptoAction,
    PlaintextPolicy,
    RawAesKeyring,
    StandardBeacon,
    SurrogateKey,
    TableConfig,
    UnsupportedOperationError,
    attach,
)
from dynaseal.boto.interception.requests import Requests
from dynaseal.core.operations import ABOUT_TABLES
from support.customers import customers
from support.patients import table
from support.stubbed_dynamodb import StubbedDynamoDb

ACTIONS = {
    "pk": CryptoAction.SIGN_ONLY,
    "salary": CryptoAction.ENCRYPT_AND_SIGN,
    "views": CryptoAction.DO_NOTHING,
}
KEYRING = RawAesKeyring("tests", "2026", bytes(32))
STRICT = TableConfig(
    "people", "pk", attribute_actions=ACTIONS, keyring=KEYRING, allowed_unsigned_attributes=["views"]
)
DEFAULT = TableConfig(
    "people",
    "pk",
    attribute_actions=AttributeActions(CryptoAction.SIGN_ONLY, ACTIONS),
    keyring=KEYRING,
)
CITY = StandardBeacon("city", 8)
SEARCHED = table(CITY, StandardBeacon("NameB", 8, "name"))
KEY = {"pk": {"S": "ann"}}
SECRET = {":v": {"S": "secret"}}


def update(config: TableConfig, expression: str, **more: Any) -> None:
    """Prepare an update, by itself and in a transaction."""
    part = {"TableName": "people", "Key": KEY, "UpdateExpression": expression, **more}
    if ":v" in expression:
        part["ExpressionAttributeValues"] = SECRET
    requests = Requests({"people": config})
    requests.prepare("UpdateItem", part)
    requests.prepare("TransactWriteItems", {"TransactItems": [{"Update": part}]})


@pytest.mark.parametrize("config", [STRICT, DEFAULT])
@pytest.mark.parametrize(
    "expression",
    [
        "SET aws_dbe_b_x = :v",
        "SET aws_dbe_head = :v",
        "REMOVE aws_dbe_foot",
        "SET views = aws_dbe_head",
        "SET views = if_not_exists(salary, :v)",
        "SET views = list_append(:v, salary)",
        "SET views = views + salary",
        "ADD salary :v",
        "DELETE salary :v",
        "SET views.x = :v, salary.y = :v",
        "SET pk = :v",
    ],
)
def test_an_update_of_what_a_put_would_sign_or_refuse_is_refused(
    config: TableConfig, expression: str
) -> None:
    with pytest.raises(UnsupportedOperationError, match="UpdateExpression touches"):
        update(config, expression)


@pytest.mark.parametrize(
    "expression",
    ["SET salry = :v", "REMOVE salry", "SET views = salry", "SET #n = :v", "SET views = :v, salry.x = :v"],
)
def test_an_update_of_an_attribute_without_an_action_is_refused(expression: str) -> None:
    names = {"ExpressionAttributeNames": {"#n": "salry"}} if "#" in expression else {}
    with pytest.raises(UnsupportedOperationError, match=r"'salry'.* has no action") as refused:
        update(STRICT, expression, **names)
    assert "secret" not in str(refused.value)


def test_an_update_of_unsigned_attributes_passes() -> None:
    for config in (STRICT, DEFAULT):
        update(config, "SET views = if_not_exists(views, :v)")
        update(config, "REMOVE views.x[0]")
        update(config, "ADD #w :v", ExpressionAttributeNames={"#w": "views"})


def test_where_everything_is_written_as_plaintext_only_reserved_names_are_refused() -> None:
    config = TableConfig(
        "people",
        "pk",
        attribute_actions=ACTIONS,
        keyring=KEYRING,
        allowed_unsigned_attributes=["views"],
        plaintext_policy=PlaintextPolicy.FORCE_WRITE_ALLOW_READ,
    )
    update(config, "SET salary = :v")
    with pytest.raises(UnsupportedOperationError, match="reserved"):
        update(config, "SET aws_dbe_head = :v")


@pytest.mark.parametrize(
    "condition",
    [
        "city = :v",
        "NameB = :v",
        "aws_dbe_b_city = :v",
        "begins_with(aws_dbe_b_NameB, :v)",
        "NOT NameB = :v",
        "ward = NameB AND pk <> :v",
        "size(NameB) > :v",
        "attribute_exists(NameB) AND pk <> :v",
        "attribute_exists(city.zip) AND pk <> :v",
        "pk = :v OR city.zip = :v",
        ":v IN (pk, city)",
    ],
)
def test_a_condition_or_an_exports_filter_on_a_beacon_is_refused(condition: str) -> None:
    requests = Requests({"patients": SEARCHED})
    part = {"TableName": "patients", "ConditionExpression": condition, "ExpressionAttributeValues": SECRET}
    for operation, request in {
        "PutItem": {**part, "Item": KEY},
        "DeleteItem": {**part, "Key": KEY},
        "UpdateItem": {**part, "Key": KEY, "UpdateExpression": "REMOVE free"},
        "TransactWriteItems": {"TransactItems": [{"ConditionCheck": {**part, "Key": KEY}}]},
        "ExportTableToPointInTime": {
            "TableArn": "arn:aws:dynamodb:us-west-2:111122223333:table/patients",
            "FilterSpecification": {
                "FilterExpression": condition,
                "ExpressionAttributeValues": SECRET,
            },
        },
    }.items():
        with pytest.raises(UnsupportedOperationError) as refused:
            requests.prepare(operation, request)
        assert "secret" not in str(refused.value)


def test_a_condition_may_test_whether_a_stored_beacon_or_an_encrypted_attribute_exists() -> None:
    condition = "attribute_exists(aws_dbe_b_NameB) AND attribute_not_exists(city) AND ward = :v"
    request = {
        "TableName": "patients",
        "Key": KEY,
        "ConditionExpression": condition,
        "ExpressionAttributeValues": SECRET,
    }
    sent = Requests({"patients": SEARCHED}).prepare("DeleteItem", request).sent_request
    assert sent["ConditionExpression"] == condition


@pytest.mark.parametrize("projection", ["pk, city.zip", "#c[0]", "#c.#c"])
def test_a_projection_below_an_encrypted_attribute_is_refused(projection: str) -> None:
    requests = Requests({"patients": SEARCHED, "people": STRICT})
    for table_name, encrypted in (("patients", "city"), ("people", "salary")):
        part = {"ProjectionExpression": projection.replace("city", encrypted)}
        part |= {"ExpressionAttributeNames": {"#c": encrypted}} if "#c" in projection else {}
        named = {**part, "TableName": table_name}
        for operation, request in {
            "GetItem": {**named, "Key": KEY},
            "Scan": named,
            "BatchGetItem": {"RequestItems": {table_name: {**part, "Keys": [KEY]}}},
            "TransactGetItems": {"TransactItems": [{"Get": {**named, "Key": KEY}}]},
        }.items():
            with pytest.raises(UnsupportedOperationError, match="needs a part of"):
                requests.prepare(operation, request)


def schema(*names: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
    ]


def index(*names: str) -> dict[str, Any]:
    return {"IndexName": "by-city", "KeySchema": schema(*names), "Projection": {"ProjectionType": "ALL"}}


def operations(*names: str) -> dict[str, dict[str, Any]]:
    """Every operation that gives a table or an index a key, each with its request."""
    made = {"TableName": "patients", "KeySchema": schema("pk")}
    return {
        "CreateTable": {**made, "GlobalSecondaryIndexes": [index(*names)]},
        "CreateTable 2": {**made, "LocalSecondaryIndexes": [index("pk", *names)]},
        "CreateTable 3": {"TableName": "patients", "KeySchema": schema(*names)},
        "CreateTable 4": {"TableName": "patients", "KeySchema": schema("pk", *names)},
        "UpdateTable": {"TableName": "patients", "GlobalSecondaryIndexUpdates": [{"Create": index(*names)}]},
        "ImportTable": {"TableCreationParameters": {**made, "GlobalSecondaryIndexes": [index(*names)]}},
        "ImportTable 2": {"TableCreationParameters": {"TableName": "patients", "KeySchema": schema(*names)}},
        "RestoreTableToPointInTime": {
            "SourceTableName": "patients",
            "TargetTableName": "restored",
            "GlobalSecondaryIndexOverride": [index(*names)],
        },
        "RestoreTableToPointInTime 2": {
            "SourceTableArn": "arn:aws:dynamodb:us-west-2:111122223333:table/patients",
            "TargetTableName": "restored",
            "LocalSecondaryIndexOverride": [index("pk", *names)],
        },
        "RestoreTableFromBackup": {
            "TargetTableName": "patients",
            "BackupArn": "arn:aws:dynamodb:us-west-2:111122223333:table/old/backup/1",
            "GlobalSecondaryIndexOverride": [index(*names)],
        },
        "RestoreTableFromBackup 2": {
            "TargetTableName": "restored",
            "BackupArn": "arn:aws:dynamodb:us-west-2:111122223333:table/patients/backup/1",
            "GlobalSecondaryIndexOverride": [index(*names)],
        },
    }


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["note"], "'note' a key.*is encrypted.*SIGN_ONLY"),
        (["city"], "'city' a key.*is encrypted.*Use its beacon 'aws_dbe_b_city'"),
        (["NameB"], "stored as 'aws_dbe_b_NameB'"),
    ],
)
def test_a_key_of_ciphertext_is_refused_with_what_to_do(names: list[str], message: str) -> None:
    requests = Requests({"patients": SEARCHED})
    for operation, request in operations(*names).items():
        with pytest.raises(UnsupportedOperationError, match=message):
            requests.prepare(operation.partition(" ")[0], request)


def test_keys_that_dynamodb_can_compare_pass() -> None:
    requests = Requests({"patients": SEARCHED})
    for names in (["aws_dbe_b_city"], ["aws_dbe_b_NameB", "ward"], ["ward"], ["free"]):
        for operation, request in operations(*names).items():
            requests.prepare(operation.partition(" ")[0], request)
    requests.prepare("CreateTable", {"TableName": "others", "KeySchema": schema("note")})


def test_a_table_keyed_by_a_surrogate_keys_source_is_refused_with_the_surrogate_key() -> None:
    requests = Requests({"customers": customers(SurrogateKey("pk", "email"))})
    with pytest.raises(UnsupportedOperationError, match="Use its surrogate key 'pk'"):
        requests.prepare("CreateTable", {"TableName": "customers", "KeySchema": schema("email")})


def test_a_time_to_live_must_be_readable() -> None:
    requests = Requests({"people": STRICT})

    def switch(name: str, *, on: bool) -> None:
        specification = {"AttributeName": name, "Enabled": on}
        requests.prepare(
            "UpdateTimeToLive", {"TableName": "people", "TimeToLiveSpecification": specification}
        )

    with pytest.raises(UnsupportedOperationError, match="cannot read when items expire"):
        switch("salary", on=True)
    switch("salary", on=False)
    switch("views", on=True)


def test_malformed_operations_about_tables_get_botocores_error() -> None:
    stub = StubbedDynamoDb()
    client = stub.client()
    attach(client, {"people": STRICT})
    with pytest.raises(ParamValidationError):
        client.create_table(TableName="people", KeySchema="pk", AttributeDefinitions=[])
    with pytest.raises(ParamValidationError):
        client.update_time_to_live(TableName="people", TimeToLiveSpecification=["salary"])
    assert stub.sent_requests == []


def test_every_operation_that_has_a_key_schema_or_a_time_to_live_is_checked() -> None:
    model = StubbedDynamoDb().client().meta.service_model
    checked = {operation.partition(" ")[0] for operation in operations("note")} | {"UpdateTimeToLive"}

    def members(shape: Any, seen: frozenset[str]) -> set[str]:
        if shape is None or shape.name in seen:
            return set()
        inner = [*getattr(shape, "members", {}).values()]
        inner += [shape.member] if shape.type_name == "list" else []
        names = set(getattr(shape, "members", {}))
        return names.union(*(members(each, seen | {shape.name}) for each in inner))

    for operation in ABOUT_TABLES & set(model.operation_names):
        found = members(model.operation_model(operation).input_shape, frozenset())
        assert (operation in checked) == bool(found & {"KeySchema", "TimeToLiveSpecification"}), operation
