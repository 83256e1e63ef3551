"""Searches by beacons through every wrapper, on a DynamoDB engine: counts, resume keys, placeholders."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import botocore
import botocore.session
import pytest
from boto3.dynamodb.conditions import Attr, Key
from pynamodb.attributes import MapAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from dynaseal import (
    AsSet,
    AttributeActions,
    CompoundBeacon,
    ConfigError,
    CryptoAction,
    EncryptedClient,
    EncryptedPart,
    EncryptedResource,
    MultiKeySource,
    PartOnly,
    Shared,
    SharedSet,
    StandardBeacon,
    TableConfig,
    UnsupportedOperationError,
    VirtualField,
    VirtualPart,
    attach,
)
from dynaseal.boto.interception.requests import Requests
from support.dynamodb import client_of, create_table, resource_of
from support.patients import table

OVER_BOTH_DRIVERS = True

CITY = StandardBeacon("city", 1)  # one bit: half of all other cities are false matches
CONFIG = table(CITY, StandardBeacon("NameB", 1, "name"))
CITIES = ["Bern", "Basel", "Zug", "Chur", "Genf", "Thun", "Biel", "Bern", "Visp", "Brig"]
ITEMS = [
    {"pk": f"person-{number}", "city": city, "name": "Ann" if number % 2 else "Bob", "ward": "7"}
    for number, city in enumerate(CITIES)
]


def index(name: str, *keys: str) -> dict[str, Any]:
    kinds = zip(keys, ("HASH", "RANGE"), strict=False)
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
        "Projection": {"ProjectionType": "ALL"},
    }


@pytest.fixture
def name(client: Any) -> str:
    created = create_table(
        client,
        "pk",
        indexed=("aws_dbe_b_city", "aws_dbe_b_NameB"),
        GlobalSecondaryIndexes=[index("by-city", "aws_dbe_b_city"), index("by-name", "aws_dbe_b_NameB")],
    )
    resource = EncryptedResource(resource_of(client.meta.endpoint_url), configs={created: CONFIG})
    with resource.Table(created).batch_writer() as batch:
        for item in ITEMS:
            batch.put_item(Item=item)
    return created


def wrappers(client: Any, name: str) -> dict[str, Any]:
    """Everything with a Table's `query` and `scan`."""
    endpoint = client.meta.endpoint_url
    attached = resource_of(endpoint)
    attach(attached, {name: CONFIG})
    wrapped = EncryptedResource(resource_of(endpoint), configs={name: CONFIG})
    return {"wrapped": wrapped.Table(name), "attached": attached.Table(name)}


def encrypting_clients(client: Any, name: str) -> dict[str, Any]:
    attached = client_of(client.meta.endpoint_url)
    attach(attached, {name: CONFIG})
    return {"wrapped": EncryptedClient(client, configs={name: CONFIG}), "attached": attached}


BERN = {
    "IndexName": "by-city",
    "KeyConditionExpression": "city = :c",
    "ExpressionAttributeValues": {":c": {"S": "Bern"}},
}


def test_a_count_has_no_false_matches_and_no_items(client: Any, name: str) -> None:
    for patients in wrappers(client, name).values():
        counted = patients.query(
            IndexName="by-city", KeyConditionExpression=Key("city").eq("Bern"), Select="COUNT"
        )
        assert (counted["Count"], "Items" in counted) == (2, False)
        assert counted["ScannedCount"] > 2
        assert patients.scan(FilterExpression=Attr("city").eq("nowhere"), Select="COUNT")["Count"] == 0
        assert patients.scan(FilterExpression=~Attr("city").eq("Bern"), Select="COUNT")["Count"] == 8
        assert patients.scan(FilterExpression=Attr("ward").eq("7"), Select="COUNT")["Count"] == 10


def test_a_count_in_pages_adds_up(client: Any, name: str) -> None:
    for encrypting in encrypting_clients(client, name).values():
        paginator = encrypting.get_paginator("query")
        pages = list(
            paginator.paginate(TableName=name, **BERN, Select="COUNT", PaginationConfig={"PageSize": 2})
        )
        assert len(pages) > 1
        assert sum(page["Count"] for page in pages) == 2
        assert all("Items" not in page for page in pages)


def test_a_count_without_beacons_is_sent_as_it_is() -> None:
    request = {
        "TableName": "patients",
        "Select": "COUNT",
        "FilterExpression": "ward = :w",
        "ExpressionAttributeValues": {":w": {"S": "7"}},
    }
    assert Requests({"patients": CONFIG}).prepare("Scan", request).sent_request["Select"] == "COUNT"


@pytest.mark.parametrize("beacon_name", ["city", "NameB"])
def test_a_search_goes_on_from_the_last_item(client: Any, name: str, beacon_name: str) -> None:
    attribute = "city" if beacon_name == "city" else "name"
    sought = "Bern" if beacon_name == "city" else "Ann"
    expected = {item["pk"] for item in ITEMS if item[attribute] == sought}
    for patients in wrappers(client, name).values():
        for key_name in {beacon_name, attribute}:
            found: list[str] = []
            more: dict[str, Any] = {}
            while True:
                page = patients.query(
                    IndexName="by-city" if beacon_name == "city" else "by-name",
                    KeyConditionExpression=Key(beacon_name).eq(sought),
                    Limit=3,
                    **more,
                )
                found += [item["pk"] for item in page["Items"]]
                if "LastEvaluatedKey" not in page:
                    break
                more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
                if page["Items"]:
                    # The rest of the page would be skipped in DynamoDB's order; it is read again instead.
                    last = page["Items"][-1]
                    more = {"ExclusiveStartKey": {"pk": last["pk"], key_name: last[attribute]}}
            assert set(found) == expected


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ({"note": {"S": "x"}}, "the encrypted attribute 'note', which has no beacon"),
        ({"aws_dbe_b_city": {"S": "Bern"}}, "a value that cannot be a beacon hash"),
        ({"aws_dbe_b_city": {"N": "1"}}, "a value that cannot be a beacon hash"),
    ],
)
def test_a_start_key_with_a_value_that_would_be_exposed_is_refused(start: Any, message: str) -> None:
    request = {**BERN, "TableName": "patients", "ExclusiveStartKey": {"pk": {"S": "1"}, **start}}
    with pytest.raises(UnsupportedOperationError, match=message):
        Requests({"patients": CONFIG}).prepare("Query", request)


def test_a_start_key_uses_the_partition_of_its_query() -> None:
    config = table(StandardBeacon("city", 20), maximum_number_of_partitions=3)
    requests = Requests({"patients": config})

    def sent(partition: int) -> dict[str, Any]:
        values = {":c": {"S": "Bern"}, ":aws_dbe_partition": {"N": str(partition)}}
        start = {"pk": {"S": "1"}, "city": {"S": "Bern"}}
        request = {**BERN, "ExpressionAttributeValues": values, "ExclusiveStartKey": start}
        return dict(requests.prepare("Query", {**request, "TableName": "patients"}).sent_request)

    for partition in range(3):
        request = sent(partition)
        key = request["ExclusiveStartKey"]
        assert key == {"pk": {"S": "1"}, "aws_dbe_b_city": request["ExpressionAttributeValues"][":c"]}
    assert len({sent(partition)["ExclusiveStartKey"]["aws_dbe_b_city"]["S"] for partition in range(3)}) == 3

    scan = {"TableName": "patients", "ExclusiveStartKey": {"pk": {"S": "1"}, "city": {"S": "Bern"}}}
    with pytest.raises(UnsupportedOperationError, match="depends on the item's partition"):
        requests.prepare("Scan", scan)


def test_one_placeholder_means_the_beacon_and_the_attribute_where_each_is_written() -> None:
    request = {
        "TableName": "patients",
        "FilterExpression": "#c = :c AND free.#c = :f AND NOT #c = :n",
        "ProjectionExpression": "pk, #c, aws_dbe_head, aws_dbe_foot",
        "ExpressionAttributeNames": {"#c": "city"},
        "ExpressionAttributeValues": {":c": {"S": "Bern"}, ":f": {"S": "x"}, ":n": {"S": "Zug"}},
    }
    sent = Requests({"patients": CONFIG}).prepare("Scan", request).sent_request
    assert sent["FilterExpression"] == "#c_beacon = :c AND free.#c = :f AND NOT aws_dbe_b_ = :n"
    assert sent["ProjectionExpression"] == request["ProjectionExpression"]
    assert sent["ExpressionAttributeNames"] == {"#c": "city", "#c_beacon": "aws_dbe_b_city"}


def test_existence_by_a_beacons_placeholder_is_that_of_the_attribute() -> None:
    def sent(expression: str) -> tuple[str, dict[str, str]]:
        request = {
            "TableName": "patients",
            "FilterExpression": expression,
            "ExpressionAttributeNames": {"#c": "city"},
            "ExpressionAttributeValues": {":c": {"S": "Bern"}},
        }
        sent_request = Requests({"patients": CONFIG}).prepare("Scan", request).sent_request
        return sent_request["FilterExpression"], sent_request["ExpressionAttributeNames"]

    both = {"#c": "city", "#c_beacon": "aws_dbe_b_city"}
    either = "attribute_exists(#c) OR #c = :c"
    assert sent(either) == ("attribute_exists(#c) OR #c_beacon = :c", both)
    # Every item that matches has the beacon, so this is as AWS's libraries send it.
    needed = "attribute_exists(#c) AND #c = :c"
    assert sent(needed) == (needed, {"#c": "aws_dbe_b_city"})


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("home.zip = :c", "Compare its beacon by its name, 'ZipB'"),
        ("attribute_exists(home.zip)", "Compare its beacon by its name, 'ZipB'"),
        ("home.street = :c", "Add StandardBeacon('NAME', length=..., loc='home.street')"),
        ("name = :c", "Compare its beacon by its name, 'NameB'"),
        ("size(name) > :c", "Compare its beacon by its name, 'NameB'"),
        ("hidden = :c", "Compare the compound beacon 'where'"),
        ("contains(city, :c)", "give the beacon the style AsSet()"),
        ("city <> :c", "Write NOT city = :v"),
        ("note = :c", "Add StandardBeacon('note', length=...)"),
        ("city = ward", "Compare it with values"),
        ("initials = :c", "Compare its beacon by its name, 'InitialsB'"),
    ],
)
def test_a_refused_search_names_the_beacon_that_answers(expression: str, hint: str) -> None:
    config = table(
        CITY,
        StandardBeacon("NameB", 1, "name"),
        StandardBeacon("ZipB", 1, "home.zip"),
        StandardBeacon("InitialsB", 1, "initials"),
        StandardBeacon("hidden", 1, style=PartOnly()),
        actions=AttributeActions(attribute_actions={"ward": CryptoAction.SIGN_ONLY}),
        compound_beacons=[CompoundBeacon("where", ".", [EncryptedPart("hidden", "h-")])],
        virtual_fields=[VirtualField("initials", [VirtualPart("name"), VirtualPart("city")])],
    )
    values = {"ExpressionAttributeValues": {":c": {"S": "secret"}}} if ":c" in expression else {}
    with pytest.raises(UnsupportedOperationError) as refused:
        Requests({"patients": config}).prepare(
            "Scan", {"TableName": "patients", "FilterExpression": expression, **values}
        )
    assert hint in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_path_with_the_name_of_a_beacon_finds_the_right_items(client: Any, name: str) -> None:
    for patients in wrappers(client, name).values():
        patients.put_item(Item={"pk": "below", "city": "Bern", "free": {"city": "Basel"}})
        condition = Attr("city").eq("Bern") & Attr("free.city").eq("Basel")
        assert [item["pk"] for item in patients.scan(FilterExpression=condition)["Items"]] == ["below"]


def test_two_shared_beacons_can_be_compared(client: Any) -> None:
    config = table(CITY, StandardBeacon("name", 1, style=Shared("city")))
    plain = create_table(client, "pk")
    patients = EncryptedResource(resource_of(client.meta.endpoint_url), configs={plain: config}).Table(plain)
    for number, (city, person) in enumerate([("a", "a"), ("a", "b"), ("b", "c"), ("c", "c")]):
        patients.put_item(Item={"pk": str(number), "city": city, "name": person})

    def found(condition: Any) -> list[str]:
        return sorted(str(item["pk"]) for item in patients.scan(FilterExpression=condition)["Items"])

    assert found(Attr("city").eq(Attr("name"))) == ["0", "3"]
    assert found(~Attr("city").eq(Attr("name"))) == ["1", "2"]


@pytest.mark.parametrize("style", [Shared("city"), SharedSet("city")])
def test_a_beacon_that_is_shared_with_itself_is_a_configuration_error(style: Any) -> None:
    with pytest.raises(ConfigError, match="is shared with itself"):
        table(StandardBeacon("city", 4, style=style))


def tenants(condition: str, **values: str) -> Any:
    source = MultiKeySource("ward")
    config = table(CITY, key_source=source)
    request = {
        "TableName": "patients",
        "FilterExpression": condition,
        "ExpressionAttributeValues": {f":{name}": {"S": value} for name, value in values.items()},
    }
    return Requests({"patients": config}).prepare("Scan", request)


@pytest.mark.parametrize(
    "condition",
    [
        "ward IN (:t) AND city = :c",
        "NOT ward = :t AND city = :c",
        "NOT NOT ward = :t AND city = :c",
        "ward <> :t AND city = :c",
        "ward >= :t AND city = :c",
        "begins_with(ward, :t) AND city = :c",
        "ward BETWEEN :t AND :t AND city = :c",
        "ward = :t OR city = :c",
        "(ward = :t AND city = :c) OR city = :c",
        "contains(ward, :t) AND city = :c",
    ],
)
def test_a_tenant_is_named_by_equality_below_and_only(condition: str) -> None:
    with pytest.raises(UnsupportedOperationError):
        tenants(condition, t="tenant", c="Bern")
    tenants("city = :c AND (ward = :t)", t="tenant", c="Bern")
    tenants("ward = :t AND (city = :c OR ward = :t)", t="tenant", c="Bern")


AND_SET = table(StandardBeacon("tags", 2, style=AsSet()))
WITHOUT_BEACONS = replace(CONFIG, search=None)
UNUSED = {":used": {"S": "x"}, ":unused": {"S": "secret"}}


@pytest.mark.parametrize("config", [CONFIG, AND_SET, WITHOUT_BEACONS])
@pytest.mark.parametrize(
    ("operation", "request_part"),
    [
        ("Scan", {"FilterExpression": "ward = :used"}),
        ("Query", {"KeyConditionExpression": "pk = :used"}),
        ("PutItem", {"Item": {"pk": {"S": "1"}}, "ConditionExpression": "ward = :used"}),
        ("DeleteItem", {"Key": {"pk": {"S": "1"}}, "ConditionExpression": "ward = :used"}),
        ("UpdateItem", {"Key": {"pk": {"S": "1"}}, "UpdateExpression": "SET free = :used"}),
    ],
)
def test_unused_values_are_refused_in_dynamodbs_words(
    config: TableConfig, operation: str, request_part: dict[str, Any]
) -> None:
    requests = Requests({"patients": config})
    request = {"TableName": "patients", **request_part, "ExpressionAttributeValues": UNUSED}
    with pytest.raises(UnsupportedOperationError, match="unused in expressions: :unused"):
        requests.prepare(operation, request)
    used = {":used": UNUSED[":used"]}
    requests.prepare(operation, {**request, "ExpressionAttributeValues": used})
    if operation not in ("Scan", "Query"):
        action = {"PutItem": "Put", "DeleteItem": "Delete", "UpdateItem": "Update"}[operation]
        with pytest.raises(UnsupportedOperationError, match="unused in expressions: :unused"):
            requests.prepare("TransactWriteItems", {"TransactItems": [{action: request}]})


def test_a_resume_key_is_made_from_an_item_by_the_names_of_the_last_evaluated_key(
    client: Any, name: str
) -> None:
    for patients in wrappers(client, name).values():
        page = patients.query(IndexName="by-city", KeyConditionExpression=Key("city").eq("Bern"), Limit=9)
        scanned = patients.scan(IndexName="by-city", Limit=3)
        for found in (page["Items"], scanned["Items"]):
            last = found[0]
            key = {key_name: last[key_name] for key_name in scanned["LastEvaluatedKey"]}
            assert set(key) == {"pk", "aws_dbe_b_city"}
            assert last == {**last}
            assert "aws_dbe_b_city" not in last
            with pytest.raises(KeyError):
                last["aws_dbe_b_other"]
            following = patients.query(
                IndexName="by-city",
                KeyConditionExpression=Key("city").eq(last["city"]),
                ExclusiveStartKey=key,
            )
            assert last["pk"] not in {item["pk"] for item in following["Items"]}


@pytest.mark.parametrize("index_key", ["city", "aws_dbe_b_city"])
def test_pynamodb_goes_on_where_it_stopped(
    client: Any, name: str, index_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "111122223333")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    class ByCity(GlobalSecondaryIndex[Any]):
        class Meta:
            index_name = "by-city"
            projection = AllProjection()

        key: Any = UnicodeAttribute(hash_key=True, attr_name=index_key)

    class Person(Model):
        class Meta:  # pyright: ignore[reportIncompatibleVariableOverride] PynamoDB reads it, and not its class
            table_name = name
            host = client.meta.endpoint_url
            region = "us-west-2"

        pk: Any = UnicodeAttribute(hash_key=True)
        city: Any = UnicodeAttribute()
        name: Any = UnicodeAttribute()
        ward: Any = UnicodeAttribute()
        free: Any = MapAttribute(null=True)
        by_city = ByCity()

    def initialize(session: botocore.session.Session) -> None:
        attach(session, {name: CONFIG})

    botocore.register_initializer(initialize)
    try:
        expected = {item["pk"] for item in ITEMS if item["city"] == "Bern"}
        for page_size in (1, 2, 3, 10):
            found: list[str] = []
            start = None
            for _ in range(20):
                results = Person.by_city.query("Bern", limit=1, page_size=page_size, last_evaluated_key=start)
                found += [person.pk for person in results]
                start = results.last_evaluated_key
                if start is None:
                    break
            assert set(found) == expected
            assert len(found) == len(expected)
        assert Person.by_city.count("Bern") == len(expected)
        both = (Person.city == "Bern") & (Person.free["city"] == "Basel")
        Person("below", city="Bern", name="Ann", ward="7", free={"city": "Basel"}).save()
        assert [person.pk for person in Person.scan(both)] == ["below"]
    finally:
        botocore.unregister_initializer(initialize)
