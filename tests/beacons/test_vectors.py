"""Beacons as AWS's releases write, refuse, rewrite and filter them.

All of `beacons.json` and `partitions.json`, and of `requests.json` what has to do with beacons.

Where an answer differs from the recorded one on purpose, the case is named below with the reason.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from dynaseal import (
    ConfigError,
    DecryptError,
    DynasealError,
    EncryptError,
    TableConfig,
    UnsupportedOperationError,
    number_of_queries,
    resolve_attributes,
)
from dynaseal.boto.interception.plaintext_tables import ALL_OTHER_TABLES
from dynaseal.boto.wrappers.client import EncryptedClient
from dynaseal.expressions import matches, parse_condition
from support import searchable
from support.added_conditions import with_added_conditions
from support.searchable import table_config, wire
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

BEACONS, PARTITIONS, REQUESTS = (
    searchable.read(f"{name}.json") for name in ("beacons", "partitions", "requests")
)
BEACON_KINDS = {"compound", "eval", "parse", "query", "random", "reply", "std", "style", "tenant"}
CASES = [
    *({**case, "file": BEACONS} for case in BEACONS["cases"]),
    *({**case, "file": PARTITIONS} for case in PARTITIONS["cases"]),
    *({**case, "file": REQUESTS} for case in REQUESTS["cases"] if case["kind"] in BEACON_KINDS),
]

TWO_DIGITS = re.compile(r"\[[0-9]{2,}\]")
REFUSED_BY_DYNAMODB = {
    "r-parse-006": "function names are in lower case",
    "r-parse-009": "found '-'",
    "r-parse-010": "there is no function foo",
    "r-parse-011": r"'\)' was expected",
}
"""AWS's library sends these, the last part cut off or not; DynamoDB refuses their grammar."""

READ_IN_FULL = {
    "r-parse-001": ("aws_dbe_b_order_no = :v", {":v": {"S": "1cc"}}),
    "r-parse-002": ("inbound = :v", {":v": {"S": "flu"}}),
    "r-parse-003": ("notice = :v", {":v": {"S": "flu"}}),
    "r-parse-004": ("size_x = :v AND aws_dbe_b_diagnosis = :w", {":v": {"N": "1"}, ":w": {"S": "ff"}}),
    "r-parse-007": ("triage = :w AND aws_dbe_b_diagnosis = :v", {":v": {"S": "ff"}, ":w": {"S": "asthma"}}),
    "r-parse-008": ("triage = :w AND aws_dbe_b_diagnosis = :v", {":v": {"S": "ff"}, ":w": {"S": "asthma"}}),
}
"""AWS's library takes the start of a name for a keyword, or drops what follows a line break or tab."""

REFUSED_HERE = {
    "p-limit-002": "without an IndexName",
    "p-query-023": "it ends inside an encrypted part",
    "r-compound-015": "it ends inside an encrypted part",
    "r-compound-016": "uses contains on the compound beacon",
    "r-compound-017": "uses contains on the compound beacon",
    "r-eval-057": "'patient' is encrypted",
    "r-eval-058": "'patient' is encrypted",
    "r-eval-059": "'patient' is encrypted",
    "r-parse-012": "unused in expressions",
    "r-parse-013": "'patient' is encrypted",
    "r-query-010": "unused in expressions",
    "r-query-014": "only whole items can be verified",
    "r-reply-014": "by contains",
    "r-reply-027": "only whole items can be verified",
    "r-std-013": "something that is not a value",
    "r-std-018": "something that is not a value",
    "r-std-022": "unused in expressions",
    "r-std-032": "'patient' is encrypted",
    "r-std-033": "'diagnosis' is encrypted",
    "r-std-035": "unused in expressions",
    "r-std-037": "only whole items can be verified",
    "r-std-038": "only whole items can be verified",
    "r-std-046": "something that is not a value",
    "r-std-054": "'remark': that attribute is encrypted",
    "r-std-057": "'remark': that attribute is encrypted",
    "r-std-059": "not stored by itself",
    "r-tenant-005": "does not name the tenant",
    "r-tenant-006": "not in a comparison by = that is joined to the rest by AND",
    "r-tenant-008": "not in a comparison by = that is joined to the rest by AND",
    "r-tenant-019": "without an IndexName",
    "type-040": "an empty set",
}
"""AWS's library sends these; DynamoDB would answer otherwise than on plaintext, or see an encrypted value."""

SENT_DIFFERENTLY: dict[str, dict[str, Any]] = {
    "r-compound-030": {"FilterExpression": "attribute_exists ( aws_dbe_b_Lookup )"},
    "r-reply-019": {"Select": "ALL_ATTRIBUTES"},
    "r-tenant-017": {"FilterExpression": "NOT aws_dbe_b_ = :k AND aws_dbe_b_diagnosis = :v"},
    "r-query-018": {"FilterExpression": "attribute_exists ( diagnosis )"},
}
"""What is sent here so that the answer is right, where AWS's library sends something else."""

WIDENED = {
    "r-compound-008",
    "r-parse-005",
    "r-random-006",
    "r-random-018",
    "r-random-022",
    "r-random-032",
    "r-random-036",
    "r-random-037",
    "r-random-040",
    "r-std-014",
    "r-std-015",
    "r-std-016",
}
"""These have NOT or <> over a beacon. AWS's library lets DynamoDB leave out the false matches."""

NAMED = (
    REFUSED_BY_DYNAMODB.keys() | READ_IN_FULL.keys() | REFUSED_HERE.keys() | SENT_DIFFERENTLY.keys() | WIDENED
)
"""The cases that have a test of their own."""


def as_set(value: Any) -> set[Any]:
    return value if isinstance(value, set) else {value}


def chosen(**wanted: Any) -> pytest.MarkDecorator:
    cases = [
        case
        for case in CASES
        if all(
            case.get(member) in (value if isinstance(value, set) else {value})
            for member, value in wanted.items()
        )
        and case["id"] not in NAMED
    ]
    assert cases
    return pytest.mark.parametrize("case", cases, ids=[f"{case['id']} {case['note']}" for case in cases])


def has_two_digits(spec: Mapping[str, Any]) -> bool:
    return bool(TWO_DIGITS.search(str(spec["search"]))) if "search" in spec else False


def specs(case: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tables of a case, without the beacons whose location no configuration may have."""
    names = case["config"] if isinstance(case["config"], list) else [case["config"]]
    found = [case["file"]["configs"][name] for name in names]
    return [without_two_digits(spec) if has_two_digits(spec) else spec for spec in found]


def without_two_digits(spec: Mapping[str, Any]) -> dict[str, Any]:
    beacons = [b for b in spec["search"]["standard_beacons"] if not TWO_DIGITS.search(b.get("loc", ""))]
    return {**spec, "search": {**spec["search"], "standard_beacons": beacons}}


def configs(case: Mapping[str, Any]) -> dict[str, TableConfig]:
    return {spec["table"]: table_config(spec, case["file"]["keys"]) for spec in specs(case)}


def call(case: Mapping[str, Any], stub: StubbedDynamoDb) -> dict[str, Any]:
    client = EncryptedClient(stub.client(), configs=configs(case), plaintext_tables=ALL_OTHER_TABLES)
    items = case["file"].get("items", {})
    stub.reply(named_items(case.get("response", {}), items))
    reply = getattr(client, xform_name(case["operation"]))(**wire(case["input"], items))
    reply.pop("ResponseMetadata")
    return reply


def named_items(value: Any, items: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [named_items(part, items) for part in value]
    if not isinstance(value, dict):
        return value
    return items[value["$item"]] if "$item" in value else {n: named_items(v, items) for n, v in value.items()}


def tokens(text: str) -> list[str]:
    return re.findall(r"<>|<=|>=|[=<>(),]|[^\s=<>(),]+", text)


def fits(found: Any, expected: Any) -> bool:
    """Whether a message is the expected one: sets as sets, expressions by tokens, `{"*": ...}` anything."""
    if isinstance(expected, dict) and "*" in expected:
        return isinstance(found, str) or set(found) == {"B"}
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            tokens(found[name].upper()) == tokens(expected[name].upper())
            if name.endswith("Expression")
            else fits(found[name], expected[name])
            for name in expected
        )
    if isinstance(expected, list) and all(isinstance(part, str) for part in expected):
        return sorted(found) == sorted(expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(fits, found, expected))
    return found == expected


def comparable(message: Mapping[str, Any], case: Mapping[str, Any]) -> dict[str, Any]:
    """A message without empty members, and without the beacons whose location is refused here."""
    compared = {name: part for name, part in message.items() if part not in ({}, [], "")}
    if "Item" in compared:
        names = case["file"]["configs"][case["config"]] if isinstance(case["config"], str) else {}
        refused = {
            f"aws_dbe_b_{beacon['name']}"
            for beacon in names.get("search", {}).get("standard_beacons", ())
            if TWO_DIGITS.search(beacon.get("loc", ""))
        }
        compared["Item"] = {name: value for name, value in compared["Item"].items() if name not in refused}
    if "FilterExpression" not in compared and "KeyConditionExpression" not in compared:
        compared.pop("ExpressionAttributeValues", None)
    return compared


@chosen(expect="sent", differs_from_dynamodb=None)
def test_a_request_leaves_and_its_reply_arrives_as_with_aws(case: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()

    reply = call(case, stub)

    assert [operation for operation, _ in stub.sent_requests] == [case["operation"]]
    expected = with_added_conditions(case["operation"], case["sent"])
    assert fits(comparable(stub.sent_requests[0][1], case), comparable(expected, case))
    if "returned" in case:
        assert fits(comparable(reply, case), comparable(wire(case["returned"]), case))


@chosen(differs_from_dynamodb=True)
def test_a_reply_is_filtered_as_dynamodb_filters_the_plain_items_where_aws_does_not(
    case: dict[str, Any],
) -> None:
    stub = StubbedDynamoDb()

    reply = call(case, stub)

    if "sent" in case:
        assert fits(comparable(stub.sent_requests[0][1], case), comparable(case["sent"], case))
    assert [item["visit"]["S"] for item in reply["Items"]] == case["dynamodb"]
    assert reply["Count"] == len(case["dynamodb"])


@chosen(
    expect="reject",
    stage={"request", "reply"},
    operation={"BatchWriteItem", "PutItem", "Query", "Scan", "TransactWriteItems"},
    differs_from_dynamodb=None,
)
def test_what_aws_refuses_is_refused_at_the_same_stage(case: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()

    with pytest.raises((DynasealError, TypeError)) as refused:
        call(case, stub)

    assert len(stub.sent_requests) == (0 if case["stage"] == "request" else 1)
    if case["stage"] == "reply":
        assert isinstance(refused.value, DecryptError)


@chosen(operation="Configure", expect="accept")
def test_a_configuration_that_aws_accepts_is_accepted(case: dict[str, Any]) -> None:
    table_config(case["config"], case["file"]["keys"])


@chosen(operation="Configure", expect="reject")
def test_a_configuration_that_aws_refuses_is_refused_before_any_call(case: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        table_config(case["config"], case["file"]["keys"])


@chosen(operation="ResolveAttributes", expect="resolved")
def test_virtual_fields_and_compound_beacons_are_resolved_as_with_aws(case: dict[str, Any]) -> None:
    (config,) = configs(case).values()

    resolved = resolve_attributes(config, wire(case["input"]["Item"]))

    assert resolved.virtual_fields == case["returned"]["VirtualFields"]
    assert resolved.compound_beacons == case["returned"].get("CompoundBeacons", {})


@chosen(operation="ResolveAttributes", expect="reject")
def test_what_aws_cannot_resolve_is_refused(case: dict[str, Any]) -> None:
    (config,) = configs(case).values()

    with pytest.raises(EncryptError):
        resolve_attributes(config, wire(case["input"]["Item"]))


@chosen(operation="GetNumberOfQueries")
def test_a_query_of_partitions_is_needed_as_often_as_with_aws(case: dict[str, Any]) -> None:
    (config,) = configs(case).values()

    assert number_of_queries(config, "Query", wire(case["input"])) == case["returned"]["numberOfQueries"]


@pytest.mark.parametrize("name", ["nested"])
def test_a_list_index_that_aws_reads_as_another_element_is_a_configuration_error(name: str) -> None:
    with pytest.raises(ConfigError, match=r"list index \[10\] has more than one digit"):
        table_config(BEACONS["configs"][name], BEACONS["keys"])


@pytest.mark.parametrize("case_id", READ_IN_FULL)
def test_an_expression_that_aws_misreads_is_rewritten_as_dynamodb_reads_it(case_id: str) -> None:
    case = next(case for case in CASES if case["id"] == case_id)
    stub = StubbedDynamoDb()

    call(case, stub)

    expression, values = READ_IN_FULL[case_id]
    assert tokens(stub.sent_requests[0][1]["FilterExpression"]) == tokens(expression)
    assert stub.sent_requests[0][1]["ExpressionAttributeValues"] == values


@pytest.mark.parametrize("case_id", REFUSED_HERE)
def test_what_aws_answers_wrongly_is_refused_before_it_is_sent(case_id: str) -> None:
    case = next(case for case in CASES if case["id"] == case_id)
    stub = StubbedDynamoDb()

    with pytest.raises((UnsupportedOperationError, EncryptError), match=re.escape(REFUSED_HERE[case_id])):
        call(case, stub)

    assert stub.sent_requests == []


@pytest.mark.parametrize("case_id", SENT_DIFFERENTLY)
def test_what_aws_answers_wrongly_is_sent_so_that_the_answer_is_right(case_id: str) -> None:
    case = next(case for case in CASES if case["id"] == case_id)
    stub = StubbedDynamoDb()

    call(case, stub)

    expected = {**case.get("sent", case["input"]), **SENT_DIFFERENTLY[case_id]}
    assert fits(comparable(stub.sent_requests[0][1], case), comparable(expected, case))


@pytest.mark.parametrize("case_id", sorted(WIDENED))
def test_no_false_match_is_left_out_by_dynamodb_where_a_beacon_is_negated(case_id: str) -> None:
    case = next(case for case in CASES if case["id"] == case_id)
    stub = StubbedDynamoDb()

    reply = call(case, stub)

    sent = stub.sent_requests[0][1]
    assert sent != case["sent"]
    assert fits(without_beacon_names(sent), without_beacon_names(case["sent"]))
    if "differs_from_dynamodb" in case:
        assert [item["visit"]["S"] for item in reply["Items"]] == case["dynamodb"]
    elif "returned" in case:
        assert fits(comparable(reply, case), comparable(wire(case["returned"]), case))


def without_beacon_names(request: Mapping[str, Any]) -> dict[str, Any]:
    return {**request, "FilterExpression": re.sub("aws_dbe_b_[A-Za-z_]*", "x", request["FilterExpression"])}


@pytest.mark.parametrize("case_id", REFUSED_BY_DYNAMODB)
def test_an_expression_that_dynamodb_refuses_is_refused_before_it_is_sent(case_id: str) -> None:
    case = next(case for case in CASES if case["id"] == case_id)
    stub = StubbedDynamoDb()

    with pytest.raises(UnsupportedOperationError, match=REFUSED_BY_DYNAMODB[case_id]):
        call(case, stub)

    assert stub.sent_requests == []


EXTRA = os.environ.get("DYNASEAL_EXTRA_VECTORS")
AWS_QUERIES: dict[str, Any] = searchable.read("aws-queries.json", Path(EXTRA)) if EXTRA else {"cases": []}


AWS_QUERIES_REFUSED_HERE = {
    "aws-5-complex03": "something that is not a value",
    "aws-5-complex04": "something that is not a value",
    "aws-5-complex06": "uses contains on the compound beacon",
    "aws-5-complex07": "uses contains on the compound beacon",
}
"""AWS's library sends these; on other items DynamoDB would answer otherwise than on plaintext."""


@pytest.mark.skipif(not EXTRA, reason="DYNASEAL_EXTRA_VECTORS does not name AWS's published data")
def test_aws_own_queries_find_what_they_must() -> None:
    assert AWS_QUERIES["cases"]
    for case in AWS_QUERIES["cases"]:
        check_aws_query({**case, "file": AWS_QUERIES})


def check_aws_query(case: dict[str, Any]) -> None:
    stub = StubbedDynamoDb()
    if case["expect"] == "reject" or case["id"] in AWS_QUERIES_REFUSED_HERE:
        reason = AWS_QUERIES_REFUSED_HERE.get(case["id"])
        with pytest.raises(UnsupportedOperationError, match=reason):
            call(case, stub)
        return
    call(case, stub)
    ((_, sent),) = stub.sent_requests
    assert fits(comparable(sent, case), comparable(case["sent"], case)), case["id"]

    found = [item for item in stored_records(case["config"]) if is_found(wire(item), wire(sent))]
    reply = call({**case, "response": {"Items": found, "Count": len(found)}}, StubbedDynamoDb())

    assert sorted(int(item["RecNum"]["N"]) for item in reply["Items"]) == case["matches"], case["id"]
    assert reply["Count"] == len(case["matches"])


@cache
def stored_records(name: str) -> list[dict[str, Any]]:
    """AWS's records as a table stores them."""
    config = table_config(AWS_QUERIES["configs"][name], AWS_QUERIES["keys"])
    stub = StubbedDynamoDb()
    client = EncryptedClient(stub.client(), configs={config.logical_table_name: config})
    for record in AWS_QUERIES["string_records" if name == "strings" else "records"]:
        client.put_item(TableName=config.logical_table_name, Item=wire(record))
    return [body["Item"] for _, body in stub.sent_requests]


def is_found(item: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether DynamoDB would find a stored item by the request that was sent."""
    names, values = sent.get("ExpressionAttributeNames"), sent.get("ExpressionAttributeValues")
    expressions = [sent[p] for p in ("KeyConditionExpression", "FilterExpression") if p in sent]
    return all(matches(parse_condition(text), item, names, values) for text in expressions)
