"""Which searches are refused, and that the others find what they would in a plain table."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal import (
    AsSet,
    CompoundBeacon,
    EncryptedPart,
    ItemEncryptor,
    PartOnly,
    SignedPart,
    StandardBeacon,
    TableConfig,
    UnsupportedOperationError,
    number_of_queries,
)
from dynaseal.expressions import matches, parse_condition
from support import searchable
from support.call_counter import call_count
from support.patients import key_store, table

NAME, CITY = StandardBeacon("name", 4), StandardBeacon("CityB", 3, "city")
TAGS = StandardBeacon("tags", 2, style=AsSet())
WHERE = CompoundBeacon("where", ".", [EncryptedPart("CityB", "c-")], [SignedPart("ward", "w-")])
BEACONS = (NAME, CITY, TAGS)


def sent_request(
    config: TableConfig, expression: str, operation: str = "Scan", **values: str
) -> dict[str, Any]:
    search = ItemEncryptor(config).search
    assert search is not None
    wire_values = {f":{name}": {"S": value} for name, value in values.items()}
    request = {"FilterExpression": expression, "ExpressionAttributeValues": wire_values}
    return search.requests.prepare(operation, request).sent_request()


@pytest.mark.parametrize(
    ("expression", "values", "message"),
    [
        (
            "note = :v",
            {"v": "x"},
            (
                "The FilterExpression compares 'note': that attribute is encrypted and no beacon has its "
                "name. Add StandardBeacon('note', length=...) to the table's search, and write the items "
                "again"
            ),
        ),
        (
            "city = :v",
            {"v": "x"},
            (
                "The FilterExpression compares 'city': that attribute is encrypted and no beacon has its "
                "name. Compare its beacon by its name, 'CityB'"
            ),
        ),
        (
            "name > :v",
            {"v": "x"},
            (
                "The FilterExpression compares the standard beacon 'name' by >: hashes can only be compared "
                "for equality. A compound beacon with a signed part can be ordered by that part"
            ),
        ),
        (
            "begins_with(name, :v)",
            {"v": "x"},
            (
                "The FilterExpression compares the standard beacon 'name' by begins_with: hashes can only be "
                "compared for equality. A beacon over a VirtualField with GetPrefix finds beginnings of one "
                "length"
            ),
        ),
        (
            "where < :v",
            {"v": "w-1.c-Bern"},
            (
                "The FilterExpression uses the order (<) of the compound beacon 'where': a value has an "
                "encrypted part, whose hash has no order. Compare signed parts, followed at most by the bare "
                "prefix of an encrypted one"
            ),
        ),
        (
            "where = :v",
            {"v": "Bern"},
            (
                "The FilterExpression compares the compound beacon 'where' with :v: a piece begins with none "
                "of the parts' prefixes 'w-', 'c-'. Write the parts with their prefixes, in the order of a "
                "constructor; resolve_attributes shows it for an item"
            ),
        ),
        (
            "size(tags) > :v",
            {"v": "x"},
            (
                "The FilterExpression uses the size or type of 'tags': a beacon has neither. "
                "Filter the items that you have read"
            ),
        ),
    ],
)
def test_what_no_beacon_supports_is_refused_with_what_to_use_instead(
    expression: str, values: dict[str, str], message: str
) -> None:
    config = table(*BEACONS, compound_beacons=[WHERE])
    with pytest.raises(UnsupportedOperationError) as refused:
        sent_request(config, expression, **values)
    assert str(refused.value) == message


def test_a_part_only_beacon_is_refused_with_the_compound_beacon_that_has_it() -> None:
    hidden = StandardBeacon("city", 8, style=PartOnly())
    compound = CompoundBeacon("where", ".", [EncryptedPart("city", "c-")])
    config = table(NAME, hidden, compound_beacons=[compound])
    with pytest.raises(UnsupportedOperationError, match="Compare the compound beacon 'where'"):
        sent_request(config, "city = :v", v="Bern")


def test_a_beacons_string_is_never_sent_in_the_clear() -> None:
    config = table(*BEACONS, compound_beacons=[WHERE])
    with pytest.raises(UnsupportedOperationError, match="with something that is not a value"):
        sent_request(config, "where BETWEEN :v AND ward", v="c-Bern")


def test_names_in_the_expression_and_behind_placeholders_are_replaced() -> None:
    search = ItemEncryptor(table(*BEACONS)).search
    assert search is not None
    request = {
        "FilterExpression": "name = :n AND #c = :c AND attribute_exists(name)",
        "ExpressionAttributeNames": {"#c": "CityB"},
        "ExpressionAttributeValues": {":n": {"S": "Ann"}, ":c": {"S": "Bern"}},
    }

    sent = search.requests.prepare("Scan", request).sent_request()

    assert sent["FilterExpression"] == "aws_dbe_b_name = :n AND #c = :c AND attribute_exists(name)"
    assert sent["ExpressionAttributeNames"] == {"#c": "aws_dbe_b_CityB"}
    assert request["ExpressionAttributeNames"] == {"#c": "CityB"}


def test_a_search_without_beacons_fetches_no_key() -> None:
    store = key_store()
    sent_request(table(*BEACONS, key_store=store), "ward = :v", v="7b")
    assert store.requested_ids == []


def test_a_key_condition_that_hides_a_partitioned_beacon_is_refused_instead_of_missing_items() -> None:
    config = table(NAME, maximum_number_of_partitions=3)
    search = ItemEncryptor(config).search
    assert search is not None
    request = {
        "KeyConditionExpression": "#k = :n",
        "ExpressionAttributeNames": {"#k": "name"},
        "ExpressionAttributeValues": {":n": {"S": "Ann"}, ":aws_dbe_partition": {"N": "0"}},
    }
    with pytest.raises(UnsupportedOperationError, match="Write the beacon's name in the expression"):
        search.requests.prepare("Query", request)


# The plain table is a list of items, and DynamoDB is replaced by the evaluator of expressions. The
# evaluator's own tests compare it with recorded replies of DynamoDB.

strings = st.sampled_from(["a", "b", "c", "d", "e"])
string_values = strings.map(lambda string: {"S": string})
items = st.fixed_dictionaries(
    {"ward": string_values},
    optional={
        "name": string_values,
        "city": string_values,
        "tags": st.lists(strings, unique=True, min_size=1, max_size=3).map(lambda tags: {"SS": tags}),
    },
)
comparisons = st.sampled_from(
    [
        "name = {}",
        "{} = name",
        "CityB = {}",
        "name IN ({}, {})",
        "contains(tags, {})",
        "ward = {}",
        "NOT ward = {}",
        "ward BETWEEN {} AND {}",
        "attribute_exists(city)",
        "attribute_not_exists(name)",
    ]
)
joints = st.lists(st.sampled_from([" AND ", " OR "]), min_size=3, max_size=3)


@st.composite
def filters(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A filter without NOT over a beacon, which would exclude false matches too."""
    values: dict[str, Any] = {}

    def placeholder() -> str:
        name = f":v{len(values)}"
        values[name] = draw(string_values)
        return name

    parts = [draw(comparisons) for _ in range(draw(st.integers(1, 4)))]
    filled = [part.format(*(placeholder() for _ in range(part.count("{}")))) for part in parts]
    expression = filled[0]
    for joint, part in zip(draw(joints), filled[1:], strict=False):
        expression = f"({expression}){joint}{part}"
    return expression, values


def stored_and_plain(config: TableConfig, drawn: list[dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    encryptor = ItemEncryptor(config)
    plain = [{**item, "pk": {"S": str(at)}} for at, item in enumerate(drawn)]
    return [encryptor.encrypt_item(item) for item in plain], plain


def found_keys(config: TableConfig, request: dict[str, Any], stored: list[Any]) -> list[str]:
    """The keys of the items that the application gets, if DynamoDB has these stored items."""
    encryptor = ItemEncryptor(config)
    assert encryptor.search is not None
    operation = "Query" if "KeyConditionExpression" in request else "Scan"
    search = encryptor.search.requests.prepare(operation, request)
    sent = search.sent_request()
    found = [(item, encryptor.decrypt_item(item)) for item in stored if holds(sent, item)]
    return [item["pk"]["S"] for item in search.without_false_matches(found)]


def holds(request: dict[str, Any], item: dict[str, Any]) -> bool:
    expressions = [request[p] for p in ("KeyConditionExpression", "FilterExpression") if p in request]
    names, values = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
    return all(matches(parse_condition(each), item, names, values) for each in expressions)


SMALL = table(*BEACONS, compound_beacons=[WHERE])
PARTITIONED = table(
    StandardBeacon("name", 5),
    StandardBeacon("CityB", 3, "city", number_of_partitions=2),
    StandardBeacon("tags", 2, style=AsSet(), number_of_partitions=1),
    maximum_number_of_partitions=5,
    partition_selector=lambda item: int(item["pk"]["S"]) % 5,
)
# With so many partitions, a filter that is repeated for each of them is longer than DynamoDB allows.
CROWDED = table(
    StandardBeacon("name", 5),
    StandardBeacon("CityB", 9, "city"),
    StandardBeacon("tags", 8, style=AsSet(), number_of_partitions=20),
    compound_beacons=[WHERE],
    maximum_number_of_partitions=120,
    partition_selector=lambda item: 17 * int(item["pk"]["S"]) % 120,
)


@settings(deadline=None)
@given(st.lists(items, max_size=5), filters())
def test_a_scan_finds_what_it_would_on_the_plain_table(
    drawn: list[dict[str, Any]], filter_and_values: tuple[str, dict[str, Any]]
) -> None:
    for config in (SMALL, PARTITIONED, CROWDED):
        stored, plain = stored_and_plain(config, drawn)
        expression, values = filter_and_values
        request = {"FilterExpression": expression, "ExpressionAttributeValues": values}
        named = [{**item, **({"CityB": item["city"]} if "city" in item else {})} for item in plain]
        expected = [item["pk"]["S"] for item in named if holds(request, item)]

        assert found_keys(config, request, stored) == expected


@settings(deadline=None)
@given(st.lists(items, max_size=6), strings, st.sampled_from(["name", "CityB"]), strings)
def test_the_queries_of_all_partitions_find_each_item_once(
    drawn: list[dict[str, Any]], sought: str, beacon: str, city: str
) -> None:
    stored, plain = stored_and_plain(PARTITIONED, drawn)
    request = {
        "KeyConditionExpression": f"{beacon} = :k",
        "FilterExpression": "CityB = :c OR name = :n",
        "ExpressionAttributeValues": {":k": {"S": sought}, ":c": {"S": city}, ":n": {"S": city}},
    }
    found: list[str] = []
    for partition in range(number_of_queries(PARTITIONED, "Query", request)):
        numbered = {**request["ExpressionAttributeValues"], ":aws_dbe_partition": {"N": str(partition)}}
        found += found_keys(PARTITIONED, {**request, "ExpressionAttributeValues": numbered}, stored)

    attribute = "city" if beacon == "CityB" else "name"
    wanted = [
        item["pk"]["S"]
        for item in plain
        if item.get(attribute) == {"S": sought} and {"S": city} in (item.get("city"), item.get("name"))
    ]
    assert sorted(found) == sorted(wanted)


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("name = :n", {"n": "Ann"}),
        ("NOT where <> :w", {"w": "w-1.c-Rome"}),
        ("begins_with(where, :w)", {"w": "w-1"}),
        ("name = :n AND CityB IN (:c, :d)", {"n": "Ann", "c": "Rome", "d": "Oslo"}),
        ("NOT (name = :n OR CityB = :c)", {"n": "Ann", "c": "Rome"}),
        ("size(ward) > :w AND :n = name", {"n": "Ann", "w": "1"}),
    ],
)
def test_the_filter_of_a_scan_over_254_partitions_is_one_that_dynamodb_accepts(
    expression: str, values: dict[str, str]
) -> None:
    config = table(
        StandardBeacon("name", 20), CITY, compound_beacons=[WHERE], maximum_number_of_partitions=254
    )

    sent = sent_request(config, expression, **values)

    parsed = parse_condition(sent["FilterExpression"], "FilterExpression")
    assert len(sent["FilterExpression"]) <= 4096
    assert parsed.operators <= 300
    assert not parsed.has_redundant_brackets
    assert {value.name for value in parsed.values} == set(sent["ExpressionAttributeValues"])


@pytest.mark.parametrize("partitions", [2, 254])
@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("(name = :n)", {"n": "Ann"}),
        ("(name = :n AND CityB = :c)", {"n": "Ann", "c": "Rome"}),  # as boto3 writes `Attr(...) & Attr(...)`
        ("(name = :n) AND (CityB = :c)", {"n": "Ann", "c": "Rome"}),
        ("(NOT (name = :n))", {"n": "Ann"}),
    ],
)
def test_a_filter_in_brackets_gets_no_second_pair_in_a_scan_over_partitions(
    expression: str, values: dict[str, str], partitions: int
) -> None:
    config = table(StandardBeacon("name", 20), CITY, maximum_number_of_partitions=partitions)
    sent = sent_request(config, expression, **values)
    parsed = parse_condition(sent["FilterExpression"], "FilterExpression")
    assert not parsed.has_redundant_brackets
    assert {value.name for value in parsed.values} == set(sent["ExpressionAttributeValues"])


def test_a_filter_that_is_too_long_in_every_form_is_refused_before_it_is_sent() -> None:
    config = table(StandardBeacon("name", 20), maximum_number_of_partitions=254)
    names = [f"n{number}" for number in range(6)]

    with pytest.raises(UnsupportedOperationError, match="compares beacons of 254 partitions") as caught:
        sent_request(
            config, " OR ".join(f"name = :{name}" for name in names), **{name: name.upper() for name in names}
        )
    assert "Compare fewer beacons" in str(caught.value)


@pytest.mark.parametrize("length", [8, 24])
def test_an_item_of_a_late_partition_is_checked_as_quickly_as_one_of_an_early_partition(length: int) -> None:
    config = table(
        StandardBeacon("name", length),
        maximum_number_of_partitions=254,
        partition_selector=lambda item: int(item["pk"]["S"]),
    )
    encryptor = ItemEncryptor(config)

    def calls_per_item(partition: int) -> float:
        item = {"pk": {"S": str(partition)}, "name": {"S": "Ann"}}
        stored = encryptor.encrypt_item(item)
        assert encryptor.search is not None
        values = {":k": {"S": "Ann"}, ":aws_dbe_partition": {"N": str(partition)}}
        request = {"KeyConditionExpression": "name = :k", "ExpressionAttributeValues": values}
        search = encryptor.search.requests.prepare("Query", request)
        few, many = (
            call_count(lambda n=number: search.without_false_matches([(stored, item)] * n))
            for number in (1, 101)
        )
        return (many - few) / 100

    assert calls_per_item(250) <= calls_per_item(2) + 1


def partitioned(count: int) -> ItemEncryptor:
    config = table(
        StandardBeacon("name", 20),
        StandardBeacon("CityB", 9, "city"),
        maximum_number_of_partitions=count,
        partition_selector=lambda item: int(item["pk"]["S"]),
    )
    return ItemEncryptor(config)


def test_each_query_of_a_sweep_over_twice_the_partitions_is_at_most_twice_the_work() -> None:
    def calls_per_query(count: int) -> float:
        encryptor = partitioned(count)
        assert encryptor.search is not None
        requests = encryptor.search.requests
        stored = [
            (encryptor.encrypt_item(item), item)
            for item in ({"pk": {"S": str(at)}, "name": {"S": "Ann"}} for at in range(count))
        ]

        def sweep() -> None:
            for partition in range(count):
                values = {":k": {"S": "Ann"}, ":aws_dbe_partition": {"N": str(partition)}}
                request = {"KeyConditionExpression": "name = :k", "ExpressionAttributeValues": values}
                search = requests.prepare("Query", request)
                search.sent_request()
                search.without_false_matches(stored[partition : partition + 1])

        return call_count(sweep) / count

    # The table of the earlier partitions' hashes is made once for each reply, whatever its items.
    assert calls_per_query(240) <= 2.1 * calls_per_query(120)


def test_rewriting_a_scan_over_twice_the_partitions_is_at_most_twice_the_work() -> None:
    values = {":n": {"S": "Ann"}, ":c": {"S": "Rome"}}
    request = {"FilterExpression": "name = :n AND CityB = :c", "ExpressionAttributeValues": values}

    def calls(count: int) -> int:
        search = partitioned(count).search
        assert search is not None
        return call_count(lambda: search.requests.prepare("Scan", request).sent_request())

    assert calls(240) <= 2.1 * calls(120) + 100


DROPPED = searchable.read("requests.json")["configs"]["multi_unsigned"]


@pytest.mark.parametrize(
    "condition",
    [
        "hospital = :t AND diagnosis = :d",
        "diagnosis = :d AND hospital = :t",
        "#h = :t AND NOT diagnosis = :o",
        ":t = hospital AND (diagnosis = :d OR triage = :o)",
        "diagnosis = :d AND :t = #h",
    ],
)
def test_a_tenants_items_are_found_although_its_key_field_is_not_stored(condition: str) -> None:
    config = searchable.table_config(DROPPED, searchable.read("requests.json")["keys"])
    encryptor = ItemEncryptor(config)
    assert encryptor.search is not None
    tenants = [("acme", "flu"), ("acme", "gout"), ("zenith", "flu")]
    stored = [
        encryptor.encrypt_item(
            {
                "visit": {"S": f"{tenant}#{at}"},
                "hospital": {"S": f"branch-{tenant}"},
                "diagnosis": {"S": diagnosis},
            }
        )
        for at, (tenant, diagnosis) in enumerate(tenants)
    ]
    assert not any("hospital" in item for item in stored)
    values = {":t": {"S": "branch-acme"}, ":d": {"S": "flu"}, ":o": {"S": "gout"}}
    request = {
        "FilterExpression": condition,
        "ExpressionAttributeNames": {"#h": "hospital"} if "#h" in condition else {},
        "ExpressionAttributeValues": {name: value for name, value in values.items() if name in condition},
    }

    search = encryptor.search.requests.prepare("Scan", request)
    sent = search.sent_request()
    candidates = search.items_of_tenant([item for item in stored if holds(sent, item)])
    found = search.without_false_matches([(item, encryptor.decrypt_item(item)) for item in candidates])

    assert [item["visit"]["S"] for item in found] == ["acme#0"]
    assert "#h" not in sent.get("ExpressionAttributeNames", {})


@pytest.mark.parametrize(
    "condition",
    ["hospital = :t AND attribute_exists(hospital)", "hospital = :t AND (hospital = :t OR diagnosis = :d)"],
)
def test_a_key_field_that_is_not_stored_is_compared_once(condition: str) -> None:
    config = searchable.table_config(DROPPED, searchable.read("requests.json")["keys"])
    with pytest.raises(UnsupportedOperationError, match="that key field is not stored"):
        sent_request(config, condition, t="branch-acme", d="flu")
