"""On a DynamoDB engine: random items and random searches, compared with a table in plain text.

Each encrypted table has a counterpart in plain text with the items as the application wrote them, and with
the plain values of beacons under the beacons' names. The same request must find the same items in both.
`DYNASEAL_TEST_DYNAMODB` names another engine.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynaseal import (
    AsSet,
    CompoundBeacon,
    EncryptedClient,
    EncryptedPart,
    SignedPart,
    StandardBeacon,
    SurrogateKey,
    TableConfig,
    number_of_queries,
    resolve_attributes,
)
from support.customers import customers
from support.dynamodb import create_table
from support.patients import table

ON_AN_ENGINE = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
WHERE = CompoundBeacon("where", ".", [EncryptedPart("CityB", "c-")], [SignedPart("ward", "w-")])
BEACONS = (
    StandardBeacon("NameB", 2, "name"),
    StandardBeacon("CityB", 3, "city"),
    StandardBeacon("tags", 2, style=AsSet()),
)
WHOLE = table(*BEACONS, compound_beacons=[WHERE])
DIVIDED = table(
    StandardBeacon("NameB", 2, "name"),
    StandardBeacon("CityB", 3, "city", number_of_partitions=2),
    StandardBeacon("tags", 2, style=AsSet(), number_of_partitions=1),
    maximum_number_of_partitions=3,
)
NAMES = {"#n": "NameB", "#c": "CityB", "#w": "ward"}

strings = st.sampled_from(["a", "b", "c", "d", "e", "ab"])
values = strings.map(lambda string: {"S": string})
items = st.lists(
    st.fixed_dictionaries(
        {"ward": values},
        optional={
            "name": values,
            "city": values,
            "tags": st.lists(strings, unique=True, min_size=1, max_size=3).map(lambda tags: {"SS": tags}),
        },
    ),
    max_size=10,
).map(lambda drawn: [{**item, "pk": {"S": str(number)}} for number, item in enumerate(drawn)])
conditions = st.sampled_from(
    [
        "#n = {S}",
        "{S} = #n",
        "#n IN ({S}, {S})",
        "#c = {S}",
        "contains(tags, {S})",
        "#w = {S}",
        "NOT #w = {S}",
        "#w <= {S}",
        "begins_with(#w, {S})",
        "attribute_exists(city)",
        "NOT attribute_exists(tags)",
        "attribute_not_exists(tags)",
    ]
)
joints = st.sampled_from(["{} AND {}", "{} OR {}", "({}) AND {}", "({}) OR ({})"])


class Draft:
    """Fills expressions with random values, each under a new placeholder."""

    def __init__(self, draw: st.DrawFn, prefix: str) -> None:
        self._draw, self._prefix = draw, prefix
        self.values: dict[str, Any] = {}

    def fill(self, template: str) -> str:
        while "{S}" in template:
            name = f":{self._prefix}{len(self.values)}"
            self.values[name] = self._draw(values)
            template = template.replace("{S}", name, 1)
        return template


@st.composite
def filters(draw: st.DrawFn, without: str = "") -> dict[str, Any]:
    """A request's filter. It has no NOT over a beacon, which would exclude false matches too."""
    draft = Draft(draw, "f")
    usable = conditions.filter(lambda template: not without or without not in template)
    expression = draft.fill(draw(usable))
    for _ in range(draw(st.integers(0, 3))):
        expression = draw(joints).format(expression, draft.fill(draw(usable)))
    return request("FilterExpression", expression, draft.values)


def request(parameter: str, expression: str, used_values: dict[str, Any]) -> dict[str, Any]:
    names = {placeholder: name for placeholder, name in NAMES.items() if placeholder in expression}
    return {
        parameter: expression,
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": used_values} if used_values else {}),
    }


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    """A query of an index, with a filter on attributes that are not its key."""
    draft = Draft(draw, "k")
    index, key, attribute = draw(
        st.sampled_from(
            [
                ("by-NameB", "NameB = {S}", "#n"),
                ("by-CityB", "CityB = {S}", "#c"),
            ]
        )
    )
    key_condition = request("KeyConditionExpression", draft.fill(key), draft.values)
    added = draw(st.one_of(st.just({}), filters(without=attribute)))
    merged = {**key_condition, **added, "IndexName": index}
    merged["ExpressionAttributeValues"] = {**draft.values, **added.get("ExpressionAttributeValues", {})}
    return merged


@st.composite
def compound_queries(draw: st.DrawFn) -> dict[str, Any]:
    """A query of the index by ward and compound beacon: equality, beginnings, and order of signed parts."""
    ward, other, city = draw(strings), draw(strings), draw(strings)
    condition, strings_by_name = draw(
        st.sampled_from(
            [
                ("#s = :s", {":s": f"w-{ward}.c-{city}"}),
                ("begins_with(#s, :s)", {":s": f"w-{other[0]}"}),
                ("begins_with(#s, :s)", {":s": f"w-{ward}.c-"}),
                ("#s >= :s", {":s": f"w-{other}"}),
                ("#s BETWEEN :s AND :t", {":s": f"w-{min(ward, other)}", ":t": f"w-{max(ward, other)}.c-"}),
            ]
        )
    )
    return {
        "IndexName": "by-where",
        "KeyConditionExpression": f"#w = :w AND {condition}",
        "ExpressionAttributeNames": {"#w": "ward", "#s": "where"},
        "ExpressionAttributeValues": {
            ":w": {"S": ward},
            **{name: {"S": value} for name, value in strings_by_name.items()},
        },
    }


def index(name: str, *keys: str) -> dict[str, Any]:
    key_types = zip(keys, ("HASH", "RANGE"), strict=False)
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": key_type} for key, key_type in key_types],
        "Projection": {"ProjectionType": "ALL"},
    }


def with_names(config: TableConfig, item: dict[str, Any]) -> dict[str, Any]:
    """An item with the plain values of beacons under the beacons' names."""
    compound = resolve_attributes(config, item).compound_beacons
    standard = {beacon: item[loc] for beacon, loc in (("NameB", "name"), ("CityB", "city")) if loc in item}
    return {**item, **standard, **{name: {"S": string} for name, string in compound.items()}}


def write(client: Any, name: str, drawn: list[dict[str, Any]]) -> None:
    if drawn:
        client.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": item}} for item in drawn]})


class TablePair:
    """A table with beacons, and its counterpart in plain text."""

    def __init__(self, client: Any, config: TableConfig, drawn: list[dict[str, Any]]) -> None:
        self.config = config
        self.plain = client
        self.names = [self._create(prefix) for prefix in ("", "aws_dbe_b_")]
        self.encrypted = EncryptedClient(client, configs={self.names[1]: config})
        write(self.plain, self.names[0], [with_names(config, item) for item in drawn])
        write(self.encrypted, self.names[1], drawn)

    def _create(self, prefix: str) -> str:
        keys = [prefix + name for name in ("NameB", "CityB", "where")]
        indexes = [
            index("by-NameB", keys[0]),
            index("by-CityB", keys[1]),
            index("by-where", "ward", keys[2]),
        ]
        return create_table(self.plain, "pk", indexed=[*keys, "ward"], GlobalSecondaryIndexes=indexes)

    def search(self, operation: str, request: dict[str, Any]) -> list[list[str]]:
        """The keys of the items found in both tables, the plain one first; read in small pages."""
        clients = (self.plain, self.encrypted)
        return [
            [
                key
                for one in self._requests(operation, request, which)
                for key in _keys_found(client, operation, one)
            ]
            for which, client in enumerate(clients)
        ]

    def _requests(self, operation: str, request: dict[str, Any], which: int) -> list[dict[str, Any]]:
        """The requests to send to one of the tables: one for each partition that the search needs."""
        named = {**request, "TableName": self.names[which]}
        if not which or self.config is not DIVIDED or operation == "scan":
            return [named]
        return [
            {
                **named,
                "ExpressionAttributeValues": {
                    **request["ExpressionAttributeValues"],
                    ":aws_dbe_partition": {"N": str(number)},
                },
            }
            for number in range(number_of_queries(self.config, "Query", request))
        ]

    def close(self) -> None:
        for name in self.names:
            self.plain.delete_table(TableName=name)


def _keys_found(client: Any, operation: str, request: dict[str, Any]) -> list[str]:
    pages = client.get_paginator(operation).paginate(**request, PaginationConfig={"PageSize": 4})
    found: list[str] = []
    for page in pages:
        assert page["Count"] == len(page["Items"])
        found += [item["pk"]["S"] for item in page["Items"]]
    return found


def check(client: Any, config: TableConfig, drawn: Any, searches: list[tuple[str, dict[str, Any]]]) -> None:
    tables = TablePair(client, config, drawn)
    for operation, search in searches:
        plain, encrypted = tables.search(operation, search)
        assert sorted(encrypted) == sorted(plain), search
    tables.close()


scan_calls = filters().map(lambda request: ("scan", request))
query_calls = queries().map(lambda request: ("query", request))


@ON_AN_ENGINE
@given(items, st.lists(st.one_of(scan_calls, query_calls), min_size=4, max_size=8))
def test_searches_find_what_they_would_on_the_plain_table(client: Any, drawn: Any, searches: Any) -> None:
    check(client, WHOLE, drawn, searches)


@ON_AN_ENGINE
@given(items, st.lists(compound_queries().map(lambda request: ("query", request)), min_size=4, max_size=8))
def test_compound_beacons_find_and_order_as_on_the_plain_table(
    client: Any, drawn: Any, searches: Any
) -> None:
    check(client, WHOLE, drawn, searches)


@ON_AN_ENGINE
@given(items, st.lists(st.one_of(scan_calls, query_calls), min_size=4, max_size=8))
def test_the_queries_of_a_divided_table_find_each_item_once(client: Any, drawn: Any, searches: Any) -> None:
    check(client, DIVIDED, drawn, searches)


emails = st.sampled_from(["ann", "bob", "cleo"]).map(lambda name: {"S": name})
numbers = st.sampled_from(["1", "2", "30"]).map(lambda number: {"N": number})
keys = st.fixed_dictionaries({"email": emails, "order": numbers})
steps = st.one_of(
    st.tuples(st.just("put"), keys),
    st.tuples(st.just("put once"), keys),
    st.tuples(st.just("get"), keys),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("query"), emails),
    st.tuples(st.just("query one"), keys),
    st.tuples(st.just("scan"), emails),
)
SURROGATES = customers(SurrogateKey("pk", "email"), SurrogateKey("sk", "order"))


def run(client: Any, name: str, step: str, subject: Any, number: int) -> Any:
    """Run a step on a table; return its items, sorted, or its error's code."""
    values_of = {":e": subject.get("email", subject), ":o": subject.get("order")}
    try:
        match step:
            case "put":
                return client.put_item(TableName=name, Item={**subject, "city": {"S": str(number)}}) and None
            case "put once":
                item = {**subject, "city": {"S": str(number)}}
                call = {"TableName": name, "Item": item, "ConditionExpression": "attribute_not_exists(email)"}
                return client.put_item(**call) and None
            case "get":
                return _normal([client.get_item(TableName=name, Key=subject).get("Item")])
            case "delete":
                old = client.delete_item(TableName=name, Key=subject, ReturnValues="ALL_OLD")
                return _normal([old.get("Attributes")])
            case "query one":
                found = client.query(
                    TableName=name,
                    KeyConditionExpression="email = :e AND #o = :o",
                    ExpressionAttributeNames={"#o": "order"},
                    ExpressionAttributeValues=values_of,
                )
            case "query":
                found = client.query(
                    TableName=name,
                    KeyConditionExpression="email = :e",
                    ExpressionAttributeValues={":e": subject},
                )
            case _:
                found = client.scan(
                    TableName=name,
                    FilterExpression="NOT email = :e",
                    ExpressionAttributeValues={":e": subject},
                )
    except ClientError as refused:
        return refused.response["Error"]["Code"]
    return _normal(found["Items"])


def _normal(found: list[Any]) -> list[Any]:
    """Items sorted by their keys, with numbers as floats: DynamoDB writes a key's number in a normal form."""
    shown = [
        (item["email"]["S"], float(item["order"]["N"]), item["city"]["S"])
        for item in found
        if item is not None
    ]
    return sorted(shown)


@ON_AN_ENGINE
@given(st.lists(steps, min_size=5, max_size=25))
def test_a_table_by_surrogate_keys_behaves_as_the_table_by_real_values(client: Any, calls: Any) -> None:
    named = create_table(client, "email", "order", numeric=("order",))
    by_tokens = create_table(client, "pk", "sk")
    encrypted = EncryptedClient(client, configs={by_tokens: SURROGATES})
    for number, (step, subject) in enumerate(calls):
        expected = run(client, named, step, subject, number)
        assert run(encrypted, by_tokens, step, subject, number) == expected, step
    for name in (named, by_tokens):
        client.delete_table(TableName=name)
