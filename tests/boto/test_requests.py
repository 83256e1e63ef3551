"""The table of operations: what is transformed, what passes, and what is refused with which message."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import boto3
import pytest

import dynaseal
from dynaseal import (
    AttributeActions,
    CryptoAction,
    ItemEncryptor,
    PlaintextPolicy,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.boto.interception.plaintext_tables import ALL_OTHER_TABLES, PlaintextTables
from dynaseal.boto.interception.requests import OPERATIONS, Requests
from dynaseal.core.operations import ABOUT_TABLES
from dynaseal.errors import ConfigError, DecryptError, UnsupportedOperationError
from support.customers import customers
from support.people import people, person

ARN = "arn:aws:dynamodb:us-west-2:111122223333:table/people"
KEY = {"pk": {"S": "ann"}}
VALUES = {"ExpressionAttributeValues": {":v": {"S": "x"}}}
MODEL = boto3.client("dynamodb", region_name="us-west-2").meta.service_model

REQUESTS: dict[str, dict[str, Any]] = {
    "PutItem": {"TableName": "people", "Item": person(), "ConditionExpression": "attribute_not_exists(pk)"},
    "GetItem": {"TableName": "people", "Key": KEY},
    "DeleteItem": {"TableName": "people", "Key": KEY, "ConditionExpression": "city = :v", **VALUES},
    "UpdateItem": {"TableName": "people", "Key": KEY, "UpdateExpression": "SET memo = :v", **VALUES},
    "Query": {
        "TableName": "people",
        "KeyConditionExpression": "pk = :v",
        "ExpressionAttributeValues": {":v": {"S": "ann"}},
    },
    "Scan": {"TableName": "people", "FilterExpression": "city = :v", **VALUES},
    "BatchWriteItem": {
        "RequestItems": {
            "people": [{"PutRequest": {"Item": person()}}, {"DeleteRequest": {"Key": {"pk": {"S": "bob"}}}}],
            "other": [{"PutRequest": {"Item": {"pk": {"S": "x"}}}}],
        }
    },
    "BatchGetItem": {"RequestItems": {"people": {"Keys": [KEY]}, "other": {"Keys": [KEY]}}},
    "TransactWriteItems": {
        "TransactItems": [
            {"Put": {"TableName": "people", "Item": person()}},
            {"Update": {"TableName": "people", "Key": KEY, "UpdateExpression": "REMOVE memo"}},
            {"Delete": {"TableName": "people", "Key": KEY}},
            {
                "ConditionCheck": {
                    "TableName": "people",
                    "Key": KEY,
                    "ConditionExpression": "attribute_exists(pk)",
                }
            },
            {"Put": {"TableName": "other", "Item": {"pk": {"S": "x"}}}},
        ]
    },
    "TransactGetItems": {
        "TransactItems": [
            {"Get": {"TableName": "people", "Key": KEY}},
            {"Get": {"TableName": "other", "Key": KEY}},
        ]
    },
}
FINISHED = sorted(REQUESTS)


def requests(**more: Any) -> Requests:
    return Requests({"people": people(**more)}, plaintext_tables=["other"])


def stored(**more: Any) -> dict[str, Any]:
    return ItemEncryptor(people()).encrypt_item(person(**more))


@pytest.mark.parametrize("operation", FINISHED)
def test_the_callers_request_is_never_changed(operation: str) -> None:
    caller_request = deepcopy(REQUESTS[operation])
    requests().prepare(operation, caller_request)
    assert caller_request == REQUESTS[operation]


@pytest.mark.parametrize("operation", FINISHED)
def test_a_request_on_plaintext_tables_passes_as_it_is(operation: str) -> None:
    caller_request = REQUESTS[operation]
    plaintext: tuple[PlaintextTables, ...] = (ALL_OTHER_TABLES, ["people", "other"], {ARN, "other"})
    for plaintext_tables in plaintext:
        prepared = Requests({"elsewhere": people()}, plaintext_tables).prepare(operation, caller_request)
        assert prepared.sent_request == caller_request


@pytest.mark.parametrize("operation", FINISHED)
def test_a_table_may_be_named_by_its_arn(operation: str) -> None:
    by_arn = eval(repr(REQUESTS[operation]).replace("'people'", repr(ARN)))
    sent = repr(requests().prepare(operation, by_arn).sent_request)
    assert ARN in sent
    assert "the secret" not in sent


def test_a_configuration_may_be_given_by_the_tables_arn() -> None:
    sent = Requests({ARN: people()}).prepare("PutItem", REQUESTS["PutItem"]).sent_request
    assert "aws_dbe_head" in sent["Item"]


def test_one_table_configured_twice_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="'people' is configured twice"):
        Requests({ARN: people(), "people": people()})


def test_no_secret_leaves_in_any_request() -> None:
    for operation, caller_request in REQUESTS.items():
        assert "the secret" not in repr(requests().prepare(operation, caller_request).sent_request)


def shapes(shape: Any, seen: set[str]) -> set[str]:
    """The names of a shape and of all that is in it."""
    if shape is None or shape.name in seen:
        return seen
    seen.add(shape.name)
    parts = list(shape.members.values()) if shape.type_name == "structure" else []
    parts += [shape.member] if shape.type_name == "list" else []
    parts += [shape.key, shape.value] if shape.type_name == "map" else []
    for part in parts:
        shapes(part, seen)
    return seen


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_an_operation_that_can_carry_items_is_transformed_or_refused(operation: str) -> None:
    model = MODEL.operation_model(operation)
    carried = shapes(model.input_shape, set())
    if operation != "DescribeExport":  # it returns the values of the export's request
        carried |= shapes(model.output_shape, set())
    if carried & {"AttributeValue", "PartiQLStatement"}:
        assert operation not in ABOUT_TABLES
    if operation not in OPERATIONS and operation not in ABOUT_TABLES:
        with pytest.raises(UnsupportedOperationError, match=f"^{operation} is not known"):
            requests().prepare(operation, {})


def test_no_operation_is_both_transformed_and_passed_through() -> None:
    assert ABOUT_TABLES.isdisjoint(OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "parameter", "instead"),
    [
        ("PutItem", "Expected", "ConditionExpression"),
        ("PutItem", "ConditionalOperator", "AND and OR"),
        ("DeleteItem", "Expected", "ConditionExpression"),
        ("UpdateItem", "AttributeUpdates", "UpdateExpression"),
        ("UpdateItem", "Expected", "ConditionExpression"),
        ("Query", "KeyConditions", "KeyConditionExpression"),
        ("Query", "QueryFilter", "FilterExpression"),
        ("Query", "AttributesToGet", "the whole item"),
        ("Scan", "ScanFilter", "FilterExpression"),
        ("Scan", "ConditionalOperator", "AND and OR"),
    ],
)
def test_a_replaced_parameter_is_refused_with_what_to_use_instead(
    operation: str, parameter: str, instead: str
) -> None:
    with pytest.raises(UnsupportedOperationError, match=f"the parameter {parameter}, .* Use {instead}"):
        requests().prepare(operation, {**REQUESTS[operation], parameter: "something"})


@pytest.mark.parametrize(
    ("operation", "parameter", "expression"),
    [
        ("PutItem", "ConditionExpression", "secret = :v"),
        ("PutItem", "ConditionExpression", "attribute_exists(pk) AND NOT contains(#s, :v)"),
        ("PutItem", "ConditionExpression", "attribute_exists(secret.inner)"),
        ("PutItem", "ConditionExpression", "size(secret) > :v"),
        ("DeleteItem", "ConditionExpression", "secret.inner[0] BETWEEN :v AND :v"),
        ("UpdateItem", "ConditionExpression", "secret = :v"),
        ("Query", "FilterExpression", "pk = :v OR #s IN (:v)"),
        ("Query", "KeyConditionExpression", "secret = :v"),
        ("Scan", "FilterExpression", "attribute_type(notes, :v)"),
    ],
)
def test_an_expression_on_an_encrypted_attribute_is_refused(
    operation: str, parameter: str, expression: str
) -> None:
    caller_request = {
        **REQUESTS[operation],
        parameter: expression,
        "ExpressionAttributeNames": {"#s": "secret"},
    }
    with pytest.raises(UnsupportedOperationError, match="is encrypted and DynamoDB has only its ciphertext"):
        requests().prepare(operation, caller_request)


def test_a_condition_on_the_existence_of_an_encrypted_attribute_passes() -> None:
    caller_request = {
        **REQUESTS["PutItem"],
        "ConditionExpression": "attribute_not_exists(secret) OR attribute_exists(#s)",
    }
    requests().prepare("PutItem", {**caller_request, "ExpressionAttributeNames": {"#s": "secret"}})


@pytest.mark.parametrize(
    "expression",
    [
        "SET city = :v",
        "REMOVE secret",
        "SET #n.inner = :v",
        "SET memo = city",
        "ADD memo :v, city :v",
        "DELETE notes :v",
    ],
)
def test_an_update_of_a_signed_attribute_is_refused_with_what_to_do(expression: str) -> None:
    caller_request = {
        **REQUESTS["UpdateItem"],
        "UpdateExpression": expression,
        "ExpressionAttributeNames": {"#n": "notes"},
    }
    with pytest.raises(
        UnsupportedOperationError, match=r"is signed.* Set update_mode=UpdateMode.READ_MODIFY_WRITE"
    ):
        requests().prepare("UpdateItem", caller_request)


def test_an_export_that_filters_by_an_encrypted_attribute_is_refused() -> None:
    def export(expression: str) -> Any:
        caller_request = {"TableArn": ARN, "FilterSpecification": {"FilterExpression": expression, **VALUES}}
        return requests().prepare("ExportTableToPointInTime", caller_request).sent_request

    assert export("city = :v")["TableArn"] == ARN
    with pytest.raises(UnsupportedOperationError, match="ExportTableToPointInTime's FilterExpression"):
        export("secret = :v")


def test_a_transaction_is_refused_for_any_of_its_actions() -> None:
    check = {"TableName": "people", "Key": KEY, "ConditionExpression": "secret = :v", **VALUES}
    update = {"TableName": "people", "Key": KEY, "UpdateExpression": "SET city = :v", **VALUES}
    for action in ({"ConditionCheck": check}, {"Delete": check}, {"Update": update}, {"Upsert": update}, {}):
        with pytest.raises(UnsupportedOperationError, match="TransactWriteItems"):
            requests().prepare("TransactWriteItems", {"TransactItems": [action]})


def test_an_unknown_entry_of_a_batch_is_refused() -> None:
    with pytest.raises(UnsupportedOperationError, match="an entry with 'PatchRequest'"):
        requests().prepare("BatchWriteItem", {"RequestItems": {"people": [{"PatchRequest": {}}]}})


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM people",
        'select * from "people"."by-city"',
        'INSERT INTO "people" VALUE {}',
        "UPDATE people SET a = 1",
        "DELETE FROM PEOPLE WHERE pk = 'x'",
        f'SELECT * FROM "{ARN}"',
        "EXISTS(SELECT * FROM\n\"people\" WHERE pk = 'x')",
        "SELECT * FROM /* ' */ \"people\" /* ' */",
        "SELECT * FROM other, people",
        "SELECT * FROM other AS o, people p",
        'SELECT * FROM other.idx o , "people"',
        "UPDATE people SET x = 'other'",
        "SELECT x FROM other WHERE EXISTS (SELECT * FROM people)",
        "SELECT * FROM -- other\npeople",
        "SELECT '''' FROM people -- '",
    ],
)
@pytest.mark.parametrize("operation", ["ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"])
def test_a_statement_that_could_touch_a_configured_table_is_refused(operation: str, statement: str) -> None:
    entry = {"Statement": statement}
    members = {"BatchExecuteStatement": "Statements", "ExecuteTransaction": "TransactStatements"}
    caller_request = (
        {members[operation]: [{"Statement": "SELECT 1"}, entry]} if operation in members else entry
    )
    with pytest.raises(UnsupportedOperationError, match=f"^{operation} has a PartiQL statement that names"):
        requests().prepare(operation, caller_request)


@pytest.mark.parametrize(
    "statement",
    [
        'SELECT * FROM "People"',
        "SELECT * FROM people2",
        "SELECT * FROM my-people",
        "SELECT * FROM x",
        "SELECT * FROM other WHERE x = 'people'",
        "SELECT people FROM other -- people",
        "INSERT INTO other VALUE {'pk': 'people', 'x': 'FROM people', 'y': 'it''s FROM people'}",
        "UPDATE other /* people */ SET x = 'people' WHERE pk = 'UPDATE people'",
        'DELETE FROM "other"."people" WHERE pk = \'a\'',
    ],
)
def test_a_statement_on_plaintext_tables_passes(statement: str) -> None:
    caller_request = {"Statement": statement}
    everything = Requests({"people": people()}, ALL_OTHER_TABLES)
    assert everything.prepare("ExecuteStatement", caller_request).sent_request is caller_request
    with pytest.raises(UnsupportedOperationError, match="which no configuration names"):
        Requests({"people": people()}).prepare("ExecuteStatement", caller_request)


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "SELECT 1",
        "SELECT * FROM",
        "SELECT * FROM 'other'",
        "SELECT * FROM ?",
        "SELECT * FROM other WHERE x = 'open",
        'SELECT * FROM "other',
        "SELECT * FROM `other",
        "VALUES other",
        "'SELECT' FROM other",
        "SELECT * FROM other WHERE EXISTS (SELECT * FROM :t)",
    ],
)
def test_a_statement_whose_tables_cannot_be_found_is_refused(statement: str) -> None:
    everything = Requests({"people": people()}, ALL_OTHER_TABLES)
    with pytest.raises(UnsupportedOperationError, match="whose tables cannot be found"):
        everything.prepare("ExecuteStatement", {"Statement": statement})


STATEMENTS: dict[str, dict[str, Any]] = {
    "ExecuteStatement": {"Statement": "SELECT * FROM people"},
    "BatchExecuteStatement": {"Statements": [{"Statement": "SELECT * FROM people"}]},
    "ExecuteTransaction": {"TransactStatements": [{"Statement": "SELECT * FROM people"}]},
    "ExportTableToPointInTime": {"TableArn": ARN, "S3Bucket": "bucket"},
}


def misspelled(operation: str) -> Iterator[dict[str, Any]]:
    """Requests on tables that are not configured, in each place that names one."""
    whole = repr({**REQUESTS, **STATEMENTS}[operation])
    for name in ("pateints", "People", "people2", ARN.replace("people", "pateints")):
        named = whole.replace("FROM people", f'FROM "{name}"').replace(ARN, name)
        yield eval(named.replace("'people'", repr(name)))
    if "'other'" in whole:
        yield eval(whole.replace("'other'", "'pateints'"))


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_an_operation_on_a_table_that_no_configuration_names_is_refused(operation: str) -> None:
    configs = {name: people() for name in ("zebra", "people", "patient")}
    refusing = Requests(configs, plaintext_tables=["other"])
    for caller_request in misspelled(operation):
        with pytest.raises(UnsupportedOperationError) as caught:
            refusing.prepare(operation, caller_request)
        assert f"{operation} is on the table" in str(caught.value)
        assert "plaintext_tables" in str(caught.value)
        assert "the secret" not in str(caught.value)
        nearest = "'patient', 'people'" if "pateints" in repr(caller_request) else "'people'"
        assert f"Configured: {nearest}" in str(caught.value)


def test_the_refusal_names_the_nearest_configured_tables_and_no_more() -> None:
    configs = {f"table-{number:02}": people() for number in range(40)}
    with pytest.raises(UnsupportedOperationError, match=r"Configured: 'table-17', .* and 35 more\. Correct"):
        Requests(configs).prepare("Scan", {"TableName": "tabel-17"})


def test_a_plaintext_table_named_by_its_arn_is_that_accounts() -> None:
    another_account = ARN.replace("111122223333", "444455556666")
    allowed = Requests({"elsewhere": people()}, plaintext_tables=[f"{ARN}/index/by-city"])
    for name in (ARN, f"{ARN}/index/by-age", "people"):
        assert allowed.prepare("Scan", {"TableName": name}).sent_request == {"TableName": name}
    for name in (another_account, ARN.replace("us-west-2", "eu-west-1"), "People", ARN.upper()):
        with pytest.raises(UnsupportedOperationError, match="which no configuration names"):
            allowed.prepare("Scan", {"TableName": name})


@pytest.mark.parametrize("name", [None, 5, b"people", ["people"]])
def test_a_table_named_by_anything_but_a_string_is_a_type_error(name: Any) -> None:
    for plaintext_tables in ((), ALL_OTHER_TABLES):
        with pytest.raises(TypeError, match="Scan names a table by a value of type"):
            Requests({"people": people()}, plaintext_tables).prepare("Scan", {"TableName": name})


@pytest.mark.parametrize(
    ("configs", "message"),
    [
        ({}, "configs is empty"),
        (people(), r"Write configs=\{'people': config\}"),
        ([people()], "configs is of type list"),
        (None, "configs is of type NoneType"),
        ("people", "configs is of type str"),
        ({"people": TableConfig}, "a value of type TableConfig, which is not a TableConfig"),
        ({"people": RawAesKeyring("n", "k", bytes(32))}, "a value of type RawAesKeyring"),
        ({"people": None}, "a value of type NoneType"),
        ({b"people": people()}, "by a value of type bytes"),
        ({"": people()}, "neither a table's name nor a table's ARN"),
        ({"people ": people()}, "neither a table's name nor a table's ARN"),
        ({f"{ARN}\n": people()}, "neither a table's name nor a table's ARN"),
        ({"arn:aws:s3:::people": people()}, "neither a table's name nor a table's ARN"),
    ],
)
def test_configs_of_another_form_are_a_configuration_error(configs: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Requests(configs)


@pytest.mark.parametrize(
    ("plaintext_tables", "message"),
    [
        ("audit", r"Write plaintext_tables=\('audit',\)"),
        (b"audit", "plaintext_tables is of type bytes"),
        (None, "plaintext_tables is of type NoneType"),
        (7, "plaintext_tables is of type int"),
        ([None], "by a value of type NoneType"),
        (["audit\n"], "neither a table's name nor a table's ARN"),
        ([people()], "by a value of type TableConfig"),
        (["people"], "both in configs and in plaintext_tables"),
        ([ARN], "both in configs and in plaintext_tables"),
    ],
)
def test_plaintext_tables_of_another_form_are_a_configuration_error(
    plaintext_tables: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Requests({"people": people()}, plaintext_tables)


def test_the_constant_for_all_other_tables_is_one_object_with_a_plain_name() -> None:
    assert repr(ALL_OTHER_TABLES) == "ALL_OTHER_TABLES"
    assert dynaseal.ALL_OTHER_TABLES is ALL_OTHER_TABLES
    assert pickle.loads(pickle.dumps(ALL_OTHER_TABLES)) is ALL_OTHER_TABLES


def finish(operation: str, reply: dict[str, Any], **changes: Any) -> Any:
    return requests().prepare(operation, {**REQUESTS[operation], **changes}).finish(reply)


@pytest.mark.parametrize(
    ("operation", "reply", "opened"),
    [
        ("GetItem", {"Item": stored()}, {"Item": person()}),
        ("GetItem", {}, {}),
        ("PutItem", {"Attributes": stored()}, {"Attributes": person()}),
        ("DeleteItem", {"Attributes": stored()}, {"Attributes": person()}),
        ("Query", {"Items": [stored()], "Count": 1}, {"Items": [person()], "Count": 1}),
        ("Scan", {"Count": 7, "ScannedCount": 9}, {"Count": 7, "ScannedCount": 9}),
        (
            "BatchGetItem",
            {
                "Responses": {"people": [stored()], "other": [KEY]},
                "UnprocessedKeys": {"people": {"Keys": [KEY]}},
            },
            {
                "Responses": {"people": [person()], "other": [KEY]},
                "UnprocessedKeys": {"people": {"Keys": [KEY]}},
            },
        ),
        ("BatchGetItem", {"Responses": {ARN: [stored()]}}, {"Responses": {ARN: [person()]}}),
        (
            "TransactGetItems",
            {"Responses": [{"Item": stored()}, {"Item": KEY}]},
            {"Responses": [{"Item": person()}, {"Item": KEY}]},
        ),
        ("TransactGetItems", {"Responses": [{}, {}]}, {"Responses": [{}, {}]}),
        ("PutItem", {"Error": {"Code": "X"}, "Item": stored()}, {"Error": {"Code": "X"}, "Item": person()}),
        (
            "UpdateItem",
            {"Error": {"Code": "X"}, "Item": stored()},
            {"Error": {"Code": "X"}, "Item": person()},
        ),
        ("DeleteItem", {"Error": {"Code": "X"}}, {"Error": {"Code": "X"}}),
        (
            "TransactWriteItems",
            {
                "Error": {},
                "CancellationReasons": [
                    {"Code": "F", "Item": stored()},
                    *[{"Code": "None"}] * 3,
                    {"Item": KEY},
                ],
            },
            {
                "Error": {},
                "CancellationReasons": [
                    {"Code": "F", "Item": person()},
                    *[{"Code": "None"}] * 3,
                    {"Item": KEY},
                ],
            },
        ),
    ],
)
def test_items_of_a_reply_are_decrypted_where_they_stand(
    operation: str, reply: dict[str, Any], opened: dict[str, Any]
) -> None:
    reply_before = deepcopy(reply)
    assert finish(operation, reply) == opened
    assert reply == reply_before, "the reply given was changed"


@pytest.mark.parametrize("returned", ["ALL_OLD", "ALL_NEW"])
def test_an_update_returns_the_whole_item_decrypted(returned: str) -> None:
    assert finish("UpdateItem", {"Attributes": stored()}, ReturnValues=returned) == {"Attributes": person()}


def test_an_update_returns_unsigned_attributes_as_they_are_and_no_signed_one() -> None:
    memo = {"Attributes": {"memo": {"S": "m"}}}
    assert finish("UpdateItem", memo, ReturnValues="UPDATED_NEW") == memo
    with pytest.raises(DecryptError, match="the signed attribute 'city' without the rest"):
        finish("UpdateItem", {"Attributes": {"city": {"S": "x"}}}, ReturnValues="UPDATED_NEW")


def test_unprocessed_items_come_back_as_the_caller_wrote_them() -> None:
    caller_request = REQUESTS["BatchWriteItem"]
    call = requests().prepare("BatchWriteItem", caller_request)
    reply = {"UnprocessedItems": deepcopy(call.sent_request["RequestItems"])}
    assert call.finish(reply) == {"UnprocessedItems": caller_request["RequestItems"]}
    assert call.finish({"UnprocessedItems": {}}) == {"UnprocessedItems": {}}
    stranger: Any = {"PutRequest": {"Item": {**stored(), "pk": {"S": "nobody"}}}}
    for write in (
        stranger,
        {},
        None,
        {"PutRequest": {}},
        {"PutRequest": None},
        {"DeleteRequest": {"Key": {}}},
    ):
        with pytest.raises(DecryptError, match="was not in the request"):
            call.finish({"UnprocessedItems": {"people": [write]}})


WHOLE = ["pk", "secret", "aws_dbe_head", "aws_dbe_foot"]


def projection(parameter: str, names: list[str]) -> dict[str, Any]:
    return {parameter: ", ".join(names) if parameter == "ProjectionExpression" else names}


@pytest.mark.parametrize("parameter", ["ProjectionExpression", "AttributesToGet"])
def test_a_part_of_an_item_is_refused_with_what_to_do(parameter: str) -> None:
    part = {name: value for name, value in stored().items() if name in WHOLE}
    with pytest.raises(DecryptError, match=f"Only whole items can be verified: leave out {parameter}"):
        finish("GetItem", {"Item": part}, **projection(parameter, WHOLE))


@pytest.mark.parametrize("parameter", ["ProjectionExpression", "AttributesToGet"])
@pytest.mark.parametrize("missing", ["pk", "aws_dbe_head", "aws_dbe_foot"])
def test_a_projection_that_can_only_fail_is_refused_before_it_is_sent(parameter: str, missing: str) -> None:
    asked = projection(parameter, [name for name in WHOLE if name != missing])
    get = {**REQUESTS["GetItem"], **asked}
    for operation, request in (
        ("GetItem", get),
        ("BatchGetItem", {"RequestItems": {"people": {"Keys": [KEY], **asked}}}),
        ("TransactGetItems", {"TransactItems": [{"Get": get}]}),
    ):
        with pytest.raises(UnsupportedOperationError, match=f"{parameter} leaves out '{missing}'"):
            requests().prepare(operation, request)
    if parameter == "ProjectionExpression":
        for operation in ("Query", "Scan"):
            with pytest.raises(UnsupportedOperationError, match=f"leaves out '{missing}'"):
                requests().prepare(operation, {**REQUESTS[operation], **asked})


@pytest.mark.parametrize("function", ["attribute_exists", "attribute_not_exists"])
@pytest.mark.parametrize("operation", ["Query", "Scan"])
def test_a_filter_on_the_existence_of_an_encrypted_attribute_is_sent(operation: str, function: str) -> None:
    request = {"TableName": "people", "FilterExpression": f"{function}(secret) AND city <> memo"}
    if operation == "Query":
        request |= {name: REQUESTS["Query"][name] for name in REQUESTS["Query"]}
    assert requests().prepare(operation, request).sent_request == request
    with pytest.raises(UnsupportedOperationError, match=r"'secret'.* is encrypted"):
        requests().prepare(operation, {**request, "FilterExpression": f"{function}(secret) OR secret = memo"})


TWO_KEYS = TableConfig(
    "orders",
    "pk",
    "sk",
    attribute_actions=dict.fromkeys(("pk", "sk", "city"), CryptoAction.SIGN_ONLY),
    keyring=RawAesKeyring("tests", "key", bytes(32)),
)
WRONG_KEYS = {
    "forgotten": ({"pk": {"S": "a"}}, "a Key without 'sk'"),
    "forgotten partition": ({"sk": {"S": "a"}}, "a Key without 'pk'"),
    "none": ({}, "a Key without 'pk' and 'sk'"),
    "other": ({"pk": {"S": "a"}, "city": {"S": "b"}}, "a Key without 'sk' and with 'city'"),
    "too many": ({"pk": {"S": "a"}, "sk": {"S": "b"}, "city": {"S": "b"}}, "a Key with 'city'"),
}


@pytest.mark.parametrize("policy", PlaintextPolicy)
@pytest.mark.parametrize("wrong", WRONG_KEYS)
def test_a_key_with_other_attributes_than_the_configured_ones_is_refused(
    wrong: str, policy: PlaintextPolicy
) -> None:
    key, words = WRONG_KEYS[wrong]
    orders = Requests({"orders": replace(TWO_KEYS, plaintext_policy=policy)})
    one = {"TableName": "orders", "Key": key}
    for operation, request in {
        "GetItem": one,
        "DeleteItem": one,
        "UpdateItem": one,
        "BatchGetItem": {"RequestItems": {"orders": {"Keys": [key]}}},
        "BatchWriteItem": {"RequestItems": {"orders": [{"DeleteRequest": {"Key": key}}]}},
        "TransactGetItems": {"TransactItems": [{"Get": one}]},
        "TransactWriteItems": {"TransactItems": [{"Delete": one}]},
    }.items():
        with pytest.raises(UnsupportedOperationError, match=words) as refused:
            orders.prepare(operation, request)
        assert "the configured key attributes are 'pk' and 'sk'" in str(refused.value)
    assert orders.prepare("GetItem", {**one, "Key": {"sk": {"S": "b"}, "pk": {"S": "a"}}})


@pytest.mark.parametrize("policy", PlaintextPolicy)
def test_a_key_condition_on_another_attribute_needs_an_index(policy: PlaintextPolicy) -> None:
    orders = Requests({"orders": replace(TWO_KEYS, plaintext_policy=policy)})
    query = {
        "TableName": "orders",
        "KeyConditionExpression": "pk = :v AND #c = :v",
        "ExpressionAttributeNames": {"#c": "city"},
        **VALUES,
    }
    with pytest.raises(UnsupportedOperationError, match=r"uses 'city'.* without an IndexName"):
        orders.prepare("Query", query)
    by_index = {**query, "IndexName": "by-city", "Select": "ALL_ATTRIBUTES"}
    assert orders.prepare("Query", by_index).sent_request == by_index


def test_an_index_key_that_is_encrypted_by_default_gets_a_hint() -> None:
    config = TableConfig(
        "people", "pk", attribute_actions=AttributeActions(), keyring=RawAesKeyring("n", "k", bytes(32))
    )
    query = {**REQUESTS["Query"], "KeyConditionExpression": "city = :v", "IndexName": "by-city"}
    with pytest.raises(UnsupportedOperationError, match=r"'city'.* give the attribute the action SIGN_ONLY"):
        Requests({"people": config}).prepare("Query", query)


def test_an_index_that_leaves_attributes_out_is_refused_with_what_to_do() -> None:
    with pytest.raises(DecryptError, match="query an index that projects all attributes"):
        finish("Query", {"Items": [{"pk": {"S": "ann"}}]}, IndexName="by-city")


def test_where_plaintext_items_may_be_read_a_projection_is_refused_before_sending() -> None:
    plaintext_readable = requests(policy=PlaintextPolicy.FORBID_WRITE_ALLOW_READ)
    for operation in ("GetItem", "Query", "Scan"):
        with pytest.raises(UnsupportedOperationError, match="a part of an encrypted item looks like one"):
            plaintext_readable.prepare(operation, {**REQUESTS[operation], "ProjectionExpression": "pk"})
    keys = {"people": {"Keys": [KEY], "AttributesToGet": ["pk"]}}
    with pytest.raises(UnsupportedOperationError, match="Leave out AttributesToGet"):
        plaintext_readable.prepare("BatchGetItem", {"RequestItems": keys})


def test_a_reply_whose_item_was_changed_is_refused_whole() -> None:
    changed = {**stored(), "city": {"S": "Basel"}}
    with pytest.raises(DecryptError):
        finish("Query", {"Items": [stored(), changed]})


def test_an_export_filters_by_real_values_of_surrogate_keys_and_never_sends_them() -> None:
    def sent(name: str) -> dict[str, Any]:
        prepared = Requests({"customers": customers()}).prepare(
            "ExportTableToPointInTime",
            {
                "TableArn": ARN.replace("people", "customers"),
                "S3Bucket": "exports",
                "FilterSpecification": {
                    "FilterExpression": f"{name} = :v",
                    "ExpressionAttributeValues": {":v": {"S": "ann@example.com"}},
                },
            },
        )
        return dict(prepared.sent_request["FilterSpecification"])

    by_token = sent("email")
    assert set(by_token["ExpressionAttributeNames"].values()) == {"pk"}
    assert "ann@example.com" not in repr(by_token)
    with pytest.raises(UnsupportedOperationError, match="uses 'pk', which is a token"):
        sent("pk")


def test_a_start_key_with_a_real_value_in_a_tokens_place_is_refused() -> None:
    prepare = Requests({"customers": customers()}).prepare
    token = {"S": "a-_9" * 16}
    start = {"pk": token, "sk": token}
    request = {"TableName": "customers", "ExclusiveStartKey": start}
    assert prepare("Scan", request).sent_request["ExclusiveStartKey"] == start
    for value in ({"S": "ann@example.com"}, {"N": "1"}, {"B": b"a" * 64}, {"S": "a" * 63}):
        with pytest.raises(UnsupportedOperationError, match="'sk' is not a token") as caught:
            prepare("Scan", {**request, "ExclusiveStartKey": {**start, "sk": value}})
        assert "ann@example.com" not in str(caught.value)


@pytest.mark.parametrize("key", ["ann", [("pk", {"S": "ann"})], {5: {"S": "ann"}}])
def test_a_key_that_is_not_a_mapping_with_strings_as_names_is_a_type_error(key: Any) -> None:
    for operation, parameter in (("GetItem", "Key"), ("Scan", "ExclusiveStartKey")):
        with pytest.raises(TypeError, match=f"{operation} has a part that is not a mapping with strings"):
            requests().prepare(operation, {"TableName": "people", parameter: key})


def test_a_key_of_real_values_in_place_of_tokens_is_refused_for_the_part_that_it_lacks() -> None:
    prepare = Requests({"customers": customers()}).prepare
    for name, missing in (("email", "order"), ("order", "email")):
        with pytest.raises(UnsupportedOperationError, match=f"has a Key without '{missing}'"):
            prepare("GetItem", {"TableName": "customers", "Key": {name: {"S": "x"}}})
