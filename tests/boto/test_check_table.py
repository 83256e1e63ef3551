"""`check_table`: a configuration held against the table as DynamoDB describes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dynaseal import (
    AsSet,
    AttributeActions,
    BeaconVersion,
    ConfigError,
    CryptoAction,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
    UpdateMode,
    check_table,
)
from support.customers import customers
from support.dynamodb import create_table
from support.people import people
from support.searchable import FakeKeyStore

PARTITION_KEY = {"AttributeName": "pk", "KeyType": "HASH"}


@dataclass
class Described:
    """A DynamoDB client that only describes one table; an operation in `refused` is denied."""

    table: dict[str, Any] = field(default_factory=dict[str, Any])
    expiry: dict[str, Any] = field(default_factory=dict[str, Any])
    refused: Mapping[str, str] = field(default_factory=dict[str, str])

    def describe_table(self, *, TableName: str) -> Any:
        self._refuse("DescribeTable")
        return {"Table": {"TableName": TableName, "KeySchema": [PARTITION_KEY], **self.table}}

    def describe_time_to_live(self, *, TableName: str) -> Any:
        assert TableName
        self._refuse("DescribeTimeToLive")
        return {"TimeToLiveDescription": self.expiry}

    def _refuse(self, operation: str) -> None:
        if operation in self.refused:
            raise ClientError({"Error": {"Code": self.refused[operation], "Message": "no"}}, operation)


def index(*keys: str, projection: str = "ALL") -> dict[str, Any]:
    schema = [
        {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
    ]
    return {"IndexName": "by", "KeySchema": schema, "Projection": {"ProjectionType": projection}}


def found(client: Described, config: TableConfig | None = None) -> list[tuple[str, str, str]]:
    findings = check_table(client, "people", config or people())
    assert all(finding.message and finding.action for finding in findings)
    return [(finding.severity, finding.code, finding.subject) for finding in findings]


def searchable() -> TableConfig:
    store = FakeKeyStore({"people": {"id": "people", "beacon_key_hex": bytes(32).hex()}})
    beacons = [StandardBeacon("secret", 8), StandardBeacon("notes", 8, style=AsSet())]
    version = BeaconVersion(store, SingleKeySource("people"), standard_beacons=beacons)
    return TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(CryptoAction.ENCRYPT_AND_SIGN),
        keyring=RawAesKeyring("tests", "key", bytes(32)),
        search=SearchConfig([version]),
    )


def test_a_table_that_fits_has_no_findings() -> None:
    table = {"GlobalSecondaryIndexes": [index("city", "pk")], "LocalSecondaryIndexes": [index("pk", "memo")]}
    client = Described(table, {"TimeToLiveStatus": "ENABLED", "AttributeName": "memo"})
    assert found(client) == []


def test_the_keys_of_table_and_configuration_must_be_the_same() -> None:
    sort = {"AttributeName": "sk", "KeyType": "RANGE"}
    assert found(Described({"KeySchema": [PARTITION_KEY, sort]})) == [("error", "key-schema", "sk")]
    other = {"AttributeName": "id", "KeyType": "HASH"}
    assert found(Described({"KeySchema": [other]})) == [("error", "key-schema", "id")]
    assert found(Described({}), customers()) == [("error", "key-schema", "sk")]


def test_a_surrogate_key_must_be_a_string() -> None:
    keys = [PARTITION_KEY, {"AttributeName": "sk", "KeyType": "RANGE"}]
    definitions = [{"AttributeName": "sk", "AttributeType": "N"}]
    client = Described({"KeySchema": keys, "AttributeDefinitions": definitions})
    assert found(client, customers()) == [("error", "key-type", "sk")]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("secret", [("error", "encrypted-index-key", "secret")]),
        ("aws_dbe_b_secret", [("error", "unconfigured-index-key", "aws_dbe_b_secret")]),
        ("unknown", [("warning", "unconfigured-index-key", "unknown")]),
        ("city", []),
        ("memo", []),
        ("pk", []),
    ],
)
@pytest.mark.parametrize("kind", ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"])
def test_an_index_key_must_be_readable(key: str, expected: list[Any], kind: str) -> None:
    assert found(Described({kind: [index("pk", key)]})) == expected


@pytest.mark.parametrize(
    ("key", "type_name", "codes"),
    [
        ("aws_dbe_b_secret", "S", []),
        ("aws_dbe_b_secret", "B", ["unconfigured-index-key"]),
        ("aws_dbe_b_notes", "S", ["unconfigured-index-key"]),
        ("aws_dbe_b_city", "S", ["unconfigured-index-key"]),
        ("aws_dbe_head", "B", ["unconfigured-index-key"]),
        ("secret", "S", ["encrypted-index-key"]),
    ],
)
def test_an_index_may_have_a_beacon_that_is_a_string(key: str, type_name: str, codes: list[str]) -> None:
    definitions = [{"AttributeName": key, "AttributeType": type_name}]
    client = Described({"GlobalSecondaryIndexes": [index(key)], "AttributeDefinitions": definitions})
    assert [code for _, code, _ in found(client, searchable())] == codes


@pytest.mark.parametrize("projection", ["KEYS_ONLY", "INCLUDE"])
def test_a_partial_index_is_reported(projection: str) -> None:
    client = Described({"GlobalSecondaryIndexes": [index("city", projection=projection)]})
    assert found(client) == [("warning", "partial-index", "by")]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("secret", [("error", "encrypted-expiry", "secret")]),
        ("city", [("warning", "signed-expiry", "city")]),
        ("unknown", [("warning", "unconfigured-expiry", "unknown")]),
        ("memo", []),
    ],
)
@pytest.mark.parametrize("status", ["ENABLED", "ENABLING"])
def test_the_attribute_by_which_items_expire_must_be_readable(
    name: str, expected: list[Any], status: str
) -> None:
    assert found(Described({}, {"TimeToLiveStatus": status, "AttributeName": name})) == expected
    assert found(Described({}, {"TimeToLiveStatus": "DISABLED", "AttributeName": name})) == []


def test_a_stream_with_images_is_noted() -> None:
    def stream(view: str) -> Described:
        return Described({"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}})

    assert found(stream("NEW_IMAGE")) == [("note", "stream", "people")]
    assert found(stream("KEYS_ONLY")) == []


def test_a_refused_call_is_a_finding_with_awss_words() -> None:
    denied = Described(refused={"DescribeTable": "AccessDeniedException"})
    (finding,) = check_table(denied, "people", people())
    assert finding.message == "DescribeTable was refused: AccessDeniedException: no"
    assert finding.action == "Allow dynamodb:DescribeTable on the table to this principal"
    (missing,) = check_table(
        Described(refused={"DescribeTable": "ResourceNotFoundException"}), "people", people()
    )
    assert "create the table" in missing.action
    assert found(Described(refused={"DescribeTimeToLive": "AccessDeniedException"})) == [
        ("warning", "expiry-unreadable", "people")
    ]


def test_errors_come_first() -> None:
    table = {
        "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        "GlobalSecondaryIndexes": [index("city", projection="KEYS_ONLY"), index("secret")],
    }
    severities = [severity for severity, _, _ in found(Described(table))]
    assert severities == ["error", "warning", "note"]


def test_a_real_table_is_described_as_it_is(client: Any) -> None:

    name = create_table(client, "pk")
    assert check_table(client, name, people(name)) == []
    keyed = create_table(client, "pk", "sk")
    assert [finding.code for finding in check_table(client, keyed, people(keyed))] == ["key-schema"]


def test_a_signed_expiry_can_be_updated_where_signed_attributes_can() -> None:
    client = Described({}, {"TimeToLiveStatus": "ENABLED", "AttributeName": "city"})
    assert found(client, people(update_mode=UpdateMode.READ_MODIFY_WRITE)) == []


def test_a_resource_is_accepted(resource: Any, client: Any) -> None:
    name = create_table(client, "pk")
    for each in (resource, resource.Table(name), client):
        assert check_table(each, name, people()) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("people", Described(), people()), "client must be a DynamoDB client"),
        ((Described, "people", people()), "client is the class Described"),
        ((Described(), None, people()), "table_name must be a string"),
        ((Described(), "people", "arn:aws:kms:us-west-2:111122223333:key/x"), "config must be"),
    ],
)
def test_arguments_of_another_type_are_refused_before_anything_is_called(
    arguments: Any, expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        check_table(*arguments)
