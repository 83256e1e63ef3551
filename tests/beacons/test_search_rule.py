"""The rule about encrypted attributes in expressions, as a property over every shape of the grammar.

A search is refused before anything is sent, or it finds what it would on the plain table, and no value that
is compared with an encrypted attribute is sent as it is. The evaluator of expressions is in DynamoDB's place;
its own tests compare it with recorded replies of DynamoDB.
"""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from dynaseal import (
    AsSet,
    CompoundBeacon,
    CryptoAction,
    EncryptedPart,
    GetPrefix,
    ItemEncryptor,
    PartOnly,
    Shared,
    SignedPart,
    StandardBeacon,
    TableConfig,
    UnsupportedOperationError,
    VirtualField,
    VirtualPart,
    resolve_attributes,
)
from dynaseal.boto.interception.requests import Requests
from dynaseal.expressions import matches, parse_condition
from dynaseal.expressions.tree import (
    And,
    Between,
    Compare,
    Condition,
    Function,
    In,
    Not,
    Or,
    Path,
    Size,
    Value,
    leaves,
    operands,
)
from support.added_conditions import HEADER_EXISTS
from support.conditions import flat
from support.patients import ACTIONS, table

BEACONS = (
    StandardBeacon("name", 2),
    StandardBeacon("CityB", 2, "city"),
    StandardBeacon("alias", 2, style=Shared("name")),
    StandardBeacon("tags", 2, style=AsSet()),
    StandardBeacon("InitialB", 2, "initial"),
    StandardBeacon("ZipB", 2, "home.zip"),
    StandardBeacon("hidden", 2, style=PartOnly()),
)
WHERE = CompoundBeacon(
    "where", ".", [EncryptedPart("CityB", "c-"), EncryptedPart("hidden", "h-")], [SignedPart("ward", "w-")]
)
PLACE = CompoundBeacon("place", ".", [], [SignedPart("ward", "w-"), SignedPart("level", "l-")])
INITIAL = VirtualField("initial", [VirtualPart("name", [GetPrefix(1)]), VirtualPart("city")])
MORE = {
    **ACTIONS,
    "alias": CryptoAction.ENCRYPT_AND_SIGN,
    "home": CryptoAction.ENCRYPT_AND_SIGN,
    "hidden": CryptoAction.ENCRYPT_AND_SIGN,
    "level": CryptoAction.SIGN_ONLY,
}
SEARCHED = table(
    *BEACONS,
    actions=MORE,
    compound_beacons=[WHERE, PLACE],
    virtual_fields=[INITIAL],
)
PARTITIONED = table(
    *BEACONS,
    actions=MORE,
    compound_beacons=[WHERE, PLACE],
    virtual_fields=[INITIAL],
    maximum_number_of_partitions=3,
    partition_selector=lambda item: int(item["pk"]["S"]) % 3,
)
PLAIN_SEARCH = TableConfig(
    "patients", "pk", attribute_actions=MORE, keyring=SEARCHED.keyring, allowed_unsigned_attributes=["free"]
)
CLEAR = {"pk", "ward", "level", "free", "place", "unknown"}
"""The names whose values DynamoDB may see."""
IN_PART_CLEAR = {"where", "aws_dbe_b_where"}

strings = st.sampled_from(["a", "ab", "b", "c"])
string_values = strings.map(lambda string: {"S": string})
sets = st.lists(strings, unique=True, min_size=1, max_size=2).map(lambda members: {"SS": members})
homes = st.fixed_dictionaries({"zip": string_values, "name": string_values}).map(lambda home: {"M": home})
items = st.fixed_dictionaries(
    {"ward": string_values, "level": string_values},
    optional={
        "name": string_values,
        "alias": string_values,
        "city": string_values,
        "hidden": string_values,
        "tags": sets,
        "note": string_values,
        "home": homes,
        "free": string_values,
    },
)
wholes = [
    *("name", "CityB", "city", "alias", "tags", "InitialB", "initial", "ZipB", "home", "hidden", "where"),
    *("place", "note", "ward", "level", "free", "unknown", "pk", "aws_dbe_b_name", "aws_dbe_b_where"),
]
PLACEHOLDERS = {"#n": "name", "#c": "CityB", "#w": "where", "#h": "home", "#d": "ward", "#t": "tags"}
roots = st.sampled_from([*wholes, *PLACEHOLDERS])
paths = st.one_of(
    roots.map(lambda root: Path((root,))),
    roots.map(lambda root: Path((root,))),
    st.builds(lambda root, rest: Path((root, rest)), roots, st.sampled_from(["zip", "#n", 0])),
)
VALUES: dict[str, Any] = {
    ":a": {"S": "a"},
    ":b": {"S": "b"},
    ":ab": {"S": "ab"},
    ":x": {"S": "a"},
    ":set": {"SS": ["a", "b"]},
    ":number": {"N": "1"},
    ":type": {"S": "S"},
    ":w": {"S": "w-a"},
    ":wc": {"S": "w-a.c-a"},
    ":wch": {"S": "w-a.c-a.h-a"},
    ":bare": {"S": "w-a.c-"},
    ":l": {"S": "w-a.l-b"},
}
values = st.sampled_from(list(VALUES)).map(Value)
whole_operands = st.one_of(paths, values, st.builds(Size, st.one_of(paths, values)))
comparators = st.sampled_from(["=", "=", "=", "<>", "<", "<=", ">", ">="])
tests: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, comparators, paths, values),
    st.builds(Compare, comparators, values, paths),
    st.builds(Compare, comparators, whole_operands, whole_operands),
    st.builds(Between, paths, values, values),
    st.builds(Between, whole_operands, whole_operands, whole_operands),
    st.builds(In, paths, st.lists(values, min_size=1, max_size=3).map(tuple)),
    st.builds(In, whole_operands, st.lists(whole_operands, min_size=1, max_size=3).map(tuple)),
    st.builds(
        Function,
        st.sampled_from(["attribute_exists", "attribute_not_exists"]),
        paths.map(lambda path: (path,)),
    ),
    st.builds(Function, st.sampled_from(["begins_with", "contains"]), st.tuples(paths, values)),
    st.builds(
        Function,
        st.sampled_from(["attribute_type", "begins_with", "contains"]),
        st.tuples(whole_operands, whole_operands),
    ),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(flat, st.sampled_from([And, Or]), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=5,
)


def request_for(condition: Condition, parameter: str = "FilterExpression") -> dict[str, Any]:
    text = str(condition)
    parsed = parse_condition(text, parameter)
    steps = [step for path in parsed.paths for step in path.steps]
    names = {step: PLACEHOLDERS[step] for step in steps if step in PLACEHOLDERS}
    used = {value.name: VALUES[value.name] for value in parsed.values}
    return {
        parameter: text,
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": used} if used else {}),
    }


def with_beacons(config: TableConfig, item: dict[str, Any]) -> dict[str, Any]:
    """An item with the plain values of beacons under the beacons' names, stored and plain."""
    resolved = resolve_attributes(config, item)
    named = {name: {"S": string} for name, string in resolved.compound_beacons.items()}
    if "city" in item:
        named["CityB"] = item["city"]
    if "home" in item:
        named["ZipB"] = item["home"]["M"]["zip"]
    if "initial" in resolved.virtual_fields:
        named["InitialB"] = {"S": resolved.virtual_fields["initial"]}
    for name in ("name", "where"):
        if name in {**item, **named}:
            named[f"aws_dbe_b_{name}"] = {**item, **named}[name]
    return {**item, **named}


def holds(request: dict[str, Any], item: dict[str, Any]) -> bool:
    condition = parse_condition(request["FilterExpression"], "FilterExpression")
    names, used = request.get("ExpressionAttributeNames"), request.get("ExpressionAttributeValues")
    return matches(condition, item, names, used)


def exposed(condition: Condition, request: dict[str, Any], sent: dict[str, Any]) -> list[str]:
    """The values that are compared with something encrypted and sent as they are."""
    names = request.get("ExpressionAttributeNames", {})
    found: list[str] = []
    for leaf in leaves(condition):
        inner = [each.operand if isinstance(each, Size) else each for each in operands(leaf)]
        roots = {each.root(names) for each in inner if isinstance(each, Path)}
        if roots - CLEAR - IN_PART_CLEAR:
            used = [each.name for each in inner if isinstance(each, Value)]
            sent_values = sent.get("ExpressionAttributeValues", {})
            found += [name for name in used if sent_values.get(name) == VALUES[name]]
    return found


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(items, max_size=4), conditions)
@example(
    [{"ward": {"S": "a"}, "level": {"S": "a"}, "name": {"S": "b"}}],
    Not(Compare("=", Path(("name",)), Value(":a"))),
)
def test_a_search_is_refused_or_finds_what_it_would_on_the_plain_table(
    drawn: list[dict[str, Any]], condition: Condition
) -> None:
    request = request_for(condition)
    for config in (SEARCHED, PARTITIONED):
        encryptor = ItemEncryptor(config)
        assert encryptor.search is not None
        try:
            search = encryptor.search.requests.prepare("Scan", request)
            sent = search.sent_request()
        except UnsupportedOperationError:
            event("refused")
            continue
        event("sent")
        plain = [{**item, "pk": {"S": str(at)}} for at, item in enumerate(drawn)]
        stored = [encryptor.encrypt_item(item) for item in plain]
        expected = [item for item in plain if holds(request, with_beacons(config, item))]

        found = [(item, encryptor.decrypt_item(item)) for item in stored if holds(sent, item)]

        assert [item["pk"] for item in search.without_false_matches(found)] == [i["pk"] for i in expected]
        assert exposed(condition, request, sent) == []


@settings(max_examples=400, deadline=None)
@given(conditions, st.sampled_from(["scan", "put", "delete", "update", "check"]))
def test_no_condition_without_beacons_needs_an_encrypted_value(condition: Condition, how: str) -> None:
    parameter = "FilterExpression" if how == "scan" else "ConditionExpression"
    request = request_for(condition, parameter)
    part = {**request, "TableName": "patients"}
    key = {"pk": {"S": "1"}}
    operation, call = {
        "scan": ("Scan", part),
        "put": ("PutItem", {**part, "Item": key}),
        "delete": ("DeleteItem", {**part, "Key": key}),
        "update": ("UpdateItem", {**part, "Key": key, "UpdateExpression": "REMOVE free"}),
        "check": ("TransactWriteItems", {"TransactItems": [{"ConditionCheck": {**part, "Key": key}}]}),
    }[how]
    for config in (PLAIN_SEARCH,) if how == "scan" else (PLAIN_SEARCH, SEARCHED):
        try:
            sent = Requests({"patients": config}).prepare(operation, call).sent_request
        except UnsupportedOperationError:
            event("refused")
            continue
        event("sent")
        sent_part = sent["TransactItems"][0]["ConditionCheck"] if how == "check" else sent
        expected = f"({condition}) AND {HEADER_EXISTS}" if how == "update" else str(condition)
        assert sent_part[parameter] == expected
        names = request.get("ExpressionAttributeNames", {})
        for path in parse_condition(str(condition), parameter).value_paths:
            assert config is PLAIN_SEARCH or path.root(names) in CLEAR, path
            assert not config.is_encrypted(path.root(names)), path
