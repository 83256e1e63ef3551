"""No value of an encrypted attribute in an error, a log record or a `repr`, through every wrapper."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

import boto3
import pytest
from boto3.dynamodb.conditions import Attr, Key
from botocore import xform_name
from botocore.exceptions import ParamValidationError
from botocore.validate import ParamValidator
from hypothesis import assume, example, given
from hypothesis import strategies as st

from boto.test_requests import MODEL, REQUESTS, shapes
from dynaseal import (
    AttributeActions,
    CryptoAction,
    EncryptedClient,
    EncryptedResource,
    EncryptedTable,
    TableConfig,
    UnsupportedOperationError,
    attach,
)
from dynaseal.boto.interception.hidden_values import ValuePolicy, validation_error
from dynaseal.boto.interception.requests import OPERATIONS
from support.people import people, person
from support.stubbed_dynamodb import StubbedDynamoDb

OVER_BOTH_DRIVERS = True

CREDENTIALS: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
SECRET = 918273645
CONFIGS = {"people": people()}


class Odd:
    """A value that no serializer takes, and whose every string shows the secret."""

    def __repr__(self) -> str:
        return f"Odd({SECRET})"


def wrapped_client(stub: StubbedDynamoDb, configs: Mapping[str, TableConfig] = CONFIGS) -> Any:
    return EncryptedClient(stub.client(), configs=configs)


def attached_client(stub: StubbedDynamoDb) -> Any:
    client = stub.client()
    attach(client, CONFIGS)
    return client


def session_client(stub: StubbedDynamoDb) -> Any:
    session = boto3.Session(region_name="us-west-2", **CREDENTIALS)
    attach(session, CONFIGS)
    client = session.client("dynamodb")
    client.meta.events.register("before-send.dynamodb", stub.reply_to)
    return client


def wrapped_resource(stub: StubbedDynamoDb) -> Any:
    return EncryptedResource(stub.resource(), configs=CONFIGS)


def attached_resource(stub: StubbedDynamoDb) -> Any:
    resource = stub.resource()
    attach(resource, CONFIGS)
    return resource


def attached_client_of_resource(stub: StubbedDynamoDb) -> Any:
    resource = stub.resource()
    attach(resource.meta.client, CONFIGS)
    return resource


def session_resource(stub: StubbedDynamoDb) -> Any:
    session = boto3.Session(region_name="us-west-2", **CREDENTIALS)
    attach(session, CONFIGS)
    resource = session.resource("dynamodb")
    resource.meta.client.meta.events.register("before-send.dynamodb", stub.reply_to)
    return resource


CLIENTS = [wrapped_client, attached_client, session_client]
RESOURCES = [wrapped_resource, attached_resource, attached_client_of_resource, session_resource]


def strings_of(error: BaseException | None) -> Iterator[str]:
    """Everything that an error, its arguments and its causes show."""
    if error is not None:
        yield from traceback.format_exception(error)
        yield from (str(error), repr(error), repr(error.args), repr(vars(error)))
        yield from strings_of(error.__cause__)
        yield from strings_of(error.__context__)


def errors_of(call: Callable[[], Any], stub: StubbedDynamoDb) -> Exception:
    """The error of a call that sends nothing, after checking that it does not show the secret."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 the class depends on the value
        call()
    assert stub.sent_requests == []
    # A traceback has source lines, which do not have the number.
    assert not [string for string in strings_of(caught.value) if str(SECRET) in string]
    return caught.value


MALFORMED: list[Any] = [
    {"S": SECRET},
    {"N": SECRET},
    {"B": SECRET},
    {"SS": [SECRET]},
    {"NS": SECRET},
    {"BS": [SECRET]},
    {"BOOL": str(SECRET)},
    {"NULL": str(SECRET)},
    {"M": {"a": {"S": SECRET}}},
    {"M": {SECRET: {"S": "x"}}},
    {"M": {"a": str(SECRET)}},
    {"M": str(SECRET)},
    {"L": [{"N": SECRET}, {"M": {"b": {"L": SECRET}}}]},
    {"L": str(SECRET)},
    {"L": [str(SECRET)]},
    {str(SECRET): "x"},
    {"S": str(SECRET), "N": str(SECRET)},
    {"S": Odd()},
    {SECRET: "x"},
    str(SECRET),
    SECRET,
    [SECRET],
    (SECRET,),
    {SECRET},
    Odd(),
    None,
    {},
]


@pytest.mark.parametrize("value", MALFORMED, ids=range(len(MALFORMED)))
@pytest.mark.parametrize("make", CLIENTS)
def test_a_malformed_write_shows_no_value_of_an_encrypted_attribute(
    make: Callable[[StubbedDynamoDb], Any], value: Any
) -> None:
    stub = StubbedDynamoDb()
    client, item = make(stub), {"pk": {"S": "ann"}, "secret": value}
    calls: list[Callable[[], Any]] = [
        lambda: client.put_item(TableName="people", Item=item),
        lambda: client.batch_write_item(RequestItems={"people": [{"PutRequest": {"Item": item}}]}),
        lambda: client.transact_write_items(TransactItems=[{"Put": {"TableName": "people", "Item": item}}]),
    ]
    for call in calls:
        found = errors_of(call, stub)
        if isinstance(found, ParamValidationError):
            assert "Item.secret" in str(found)


def plain_error(operation: str, arguments: Any) -> str:
    with pytest.raises(ParamValidationError) as caught:
        getattr(StubbedDynamoDb().client(), xform_name(operation))(**arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    "value", [each for each in MALFORMED if str(SECRET) not in repr(each) or each == SECRET]
)
def test_the_error_is_botocores_but_for_the_value(value: Any) -> None:
    arguments: Any = {"TableName": "people", "Item": {"pk": {"S": 5}, "secret": value}, "Limit": 7}
    stub = StubbedDynamoDb()
    found = str(errors_of(lambda: wrapped_client(stub).put_item(**arguments), stub))
    expected = plain_error("PutItem", arguments)
    for shown in (SECRET, None, {}):
        expected = expected.replace(f"Item.secret, value: {shown},", "Item.secret, value: <hidden>,")
    assert found == expected
    assert "Item.pk.S, value: 5, type: <class 'int'>" in found


def paths(shape: Any, depth: int = 0) -> Iterator[list[Any]]:
    """Paths to each part of a request's shape; a map has the key `k`, a list one member."""
    yield []
    if depth > 5:
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from ([name, *rest] for rest in paths(member, depth + 1))
    elif shape.type_name == "list":
        yield from ([0, *rest] for rest in paths(shape.member, depth + 1))
    elif shape.type_name == "map":
        yield from (["secret", *rest] for rest in paths(shape.value, depth + 1))


def with_value(request: Any, path: list[Any], value: Any) -> Any:
    """Put a value at a path of a request, whatever is there, and leave the request as it is."""
    if not path:
        return value
    name, *rest = path
    if isinstance(name, int):
        parts = request if isinstance(request, list) and request else [{}]
        return [with_value(parts[0], rest, value), *parts[1:]]
    parts = request if isinstance(request, dict) else {}
    return {**parts, name: with_value(parts.get(name, {}), rest, value)}


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@pytest.mark.parametrize("make", CLIENTS)
def test_a_wrong_value_anywhere_in_a_request_is_not_shown(
    make: Callable[[StubbedDynamoDb], Any], operation: str
) -> None:
    shape: Any = MODEL.operation_model(operation).input_shape
    values: list[Any] = [[SECRET], {"S": SECRET}, {SECRET: SECRET}, Odd(), {"x": {"S": str(SECRET)}}]
    stub = StubbedDynamoDb()
    client = make(stub)
    for path in paths(shape):
        for value in values:
            request = with_value(REQUESTS.get(operation, {}), path, value)
            if not path or not isinstance(request, dict):
                continue
            error = error_of(lambda request=request: getattr(client, xform_name(operation))(**request))
            sent = "" if "ExpressionAttributeValues" in path else repr(stub.sent_requests)
            shown = [one for one in (*strings_of(error), sent) if str(SECRET) in one]
            assert not shown, (path, value)
            stub.sent_requests.clear()


def error_of(call: Callable[[], Any]) -> Exception | None:
    try:
        call()
    except Exception as error:  # noqa: BLE001 every class is looked at
        return error
    return None


def test_the_operations_above_are_all_that_carry_values() -> None:
    for operation in MODEL.operation_names:
        carried = shapes(MODEL.operation_model(operation).input_shape, set())
        if "AttributeValue" in carried:
            assert operation in OPERATIONS or operation == "SearchVectors"


PYTHON_VALUES: list[Any] = [
    float(SECRET),
    {"a": float(SECRET)},
    [Odd()],
    Odd(),
    {float(SECRET)},
    {Odd()},
    {str(SECRET), SECRET},
    Decimal(f"{SECRET}e999"),
    Decimal(f"0.{SECRET}{SECRET}{SECRET}{SECRET}{SECRET}"),
    Decimal("Infinity"),
    {SECRET: 1},
    {SECRET: {"y": Odd()}},
    {"x": {"y": Odd()}},
    (str(SECRET), Odd()),
    range(SECRET, SECRET + 2),
    complex(SECRET),
]


@pytest.mark.parametrize("value", PYTHON_VALUES, ids=range(len(PYTHON_VALUES)))
@pytest.mark.parametrize("make", RESOURCES)
def test_a_python_value_that_cannot_be_stored_is_not_shown(
    make: Callable[[StubbedDynamoDb], Any], value: Any
) -> None:
    stub = StubbedDynamoDb()
    resource = make(stub)
    table, item = resource.Table("people"), {"pk": "ann", "secret": value}

    def write_batch() -> None:
        with table.batch_writer() as batch:
            batch.put_item(Item=item)

    calls: list[Callable[[], Any]] = [
        lambda: table.put_item(Item=item),
        write_batch,
        lambda: resource.batch_write_item(RequestItems={"people": [{"PutRequest": {"Item": item}}]}),
        lambda: table.meta.client.put_item(TableName="people", Item=item),
        lambda: table.scan(FilterExpression=Attr("city").eq(value) & Attr("secret").exists()),
        lambda: table.query(KeyConditionExpression=Key("pk").eq(value)),
    ]
    for call in calls:
        if isinstance(value, range) and call not in calls[:2]:
            continue
        errors_of(call, stub)


def test_an_encrypted_tables_errors_show_no_value() -> None:
    stub = StubbedDynamoDb()
    table: Any = EncryptedTable(stub.resource().Table("people"), config=people())
    for value in PYTHON_VALUES:
        errors_of(lambda value=value: table.put_item(Item={"pk": "ann", "secret": value}), stub)
    client: Any = EncryptedClient(stub.client(), configs=CONFIGS, expect_standard_dictionaries=True)
    found = errors_of(lambda: client.put_item(TableName="people", Item={"pk": "a", "secret": Odd()}), stub)
    assert isinstance(found, TypeError)
    assert str(found) == f"""Unsupported type "{Odd}" for value "<hidden>\""""
    found = errors_of(lambda: client.put_item(TableName="people", Item={"pk": "a", "secret": 1.5}), stub)
    assert str(found) == "Float types are not supported. Use Decimal types instead."


ENCRYPT, SIGN = CryptoAction.ENCRYPT_AND_SIGN, CryptoAction.SIGN_ONLY
# Whatever stands in a path may also stand in the name of one attribute.
NAMES = st.lists(
    st.sampled_from(
        [
            *("city", "secret", "Item", "Key", "Keys[0]", "S", "M", "M.a", "L[0]", "SS[0]", "ab"),
            *(".", "[", "]", " (key: ", "\n"),
        ]
    ),
    min_size=1,
    max_size=5,
).map("".join)


def with_actions(default: CryptoAction, actions: dict[str, CryptoAction]) -> dict[str, TableConfig]:
    named = AttributeActions(default, actions, literal_names=list(actions))
    return {"people": people(actions=named)}


def requests_with(name: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Requests that have an attribute in an item or a key, beside `city`."""
    part = {"pk": {"S": "ann"}, "city": {"S": "Bern"}, name: value}
    put, key = {"TableName": "people", "Item": part}, {"TableName": "people", "Key": part}
    yield "PutItem", put
    yield "UpdateItem", key
    yield "BatchWriteItem", {"RequestItems": {"people": [{"PutRequest": {"Item": part}}]}}
    yield "BatchGetItem", {"RequestItems": {"people": {"Keys": [part]}}}
    yield "TransactWriteItems", {"TransactItems": [{"Put": put}, {"Delete": key}]}


def reports(name: str, value: Any, configs: dict[str, TableConfig]) -> Iterator[tuple[str, str]]:
    """The errors of requests without values, and botocore's own."""
    for operation, request in requests_with(name, value):
        model: Any = MODEL.operation_model(operation)
        found = ParamValidator().validate(request, model.input_shape)
        error = validation_error(request, model, ValuePolicy(configs.values()))
        assert (error is not None) == found.has_errors()
        if error is not None:
            yield str(error), str(ParamValidationError(report=found.generate_report()))


@given(NAMES, st.booleans(), st.sampled_from([value for value in MALFORMED if str(SECRET) in repr(value)]))
@example("city.S", True, str(SECRET))
@example("city.S", False, str(SECRET))
@example("city.M.a", True, {"S": SECRET})
@example("city[0]", False, SECRET)
@example("Item.city", True, {"S": SECRET})
def test_a_name_with_dots_or_brackets_is_not_taken_for_a_part_of_another_attribute(
    name: str, is_named: bool, value: Any
) -> None:
    assume(is_named or name != "city")
    configs = (
        with_actions(SIGN, {"city": SIGN, name: ENCRYPT})
        if is_named
        else with_actions(ENCRYPT, {"city": SIGN})
    )
    for report, plain in reports(name, value, configs):
        assert str(SECRET) not in report
        assert len(report.splitlines()) == len(plain.splitlines())


@given(
    NAMES,
    st.sampled_from([5, {"S": 5}, "x", {"M": {"S.x[0]": {"N": 5}}}, {"L": [{"N": 5}]}, {"SS": ["x", 5]}]),
)
def test_the_error_about_an_attribute_in_the_clear_is_botocores_whatever_its_name(
    name: str, value: Any
) -> None:
    for report, plain in reports(name, value, with_actions(ENCRYPT, {"city": SIGN, name: SIGN})):
        assert report == plain


@pytest.mark.parametrize("name", ["city.S", "city.S.x", "city.M.a", "city[0]", "a.b", "Item.city"])
def test_a_value_without_its_type_under_a_name_with_dots_is_not_shown(name: str) -> None:
    stub = StubbedDynamoDb()
    for configs in (
        with_actions(ENCRYPT, {"city": SIGN}),
        with_actions(SIGN, {"city": SIGN, name: ENCRYPT}),
    ):
        put = partial(wrapped_client(stub, configs).put_item, TableName="people")
        for value in (str(SECRET), {"S": SECRET}):
            error = errors_of(partial(put, Item={"pk": {"S": "ann"}, name: value}), stub)
            assert f"Item.{name}" in str(error)


@pytest.mark.parametrize("make", CLIENTS + RESOURCES)
def test_no_log_record_of_this_library_or_of_botocore_shows_the_secret(
    make: Callable[[StubbedDynamoDb], Any], caplog: pytest.LogCaptureFixture
) -> None:
    stub = StubbedDynamoDb()
    wrapper = make(stub)
    is_client = hasattr(wrapper, "put_item")
    client = wrapper if is_client else wrapper.meta.client
    secret: Any = {"S": str(SECRET)} if is_client else str(SECRET)
    pk: Any = {"S": "ann"} if is_client else "ann"
    with caplog.at_level(logging.DEBUG):
        client.put_item(TableName="people", Item={"pk": pk, "secret": secret})
        stored = stub.sent_requests[0][1]["Item"]
        stub.reply({"Responses": {"people": []}, "UnprocessedKeys": {}})
        client.batch_get_item(RequestItems={"people": {"Keys": [{"pk": pk}]}})
        client.batch_write_item(
            RequestItems={"people": [{"PutRequest": {"Item": {"pk": pk, "secret": secret}}}]}
        )
        with pytest.raises(UnsupportedOperationError):
            client.scan(
                TableName="people",
                FilterExpression="secret = :s",
                ExpressionAttributeValues={":s": secret},
            )
    assert stored["secret"].keys() == {"B"}
    assert caplog.records
    shown = [
        record.name for record in caplog.records if str(SECRET) in record.getMessage() + repr(record.args)
    ]
    assert shown == []


def test_presigned_urls_of_item_operations_are_refused_for_every_client_that_encrypts() -> None:
    stub = StubbedDynamoDb()
    table = EncryptedTable(stub.resource().Table("people"), config=people())
    clients = [make(stub) for make in CLIENTS[1:]] + [wrapper(stub).meta.client for wrapper in RESOURCES]
    for client in [*clients, table.meta.client]:
        for operation in ("put_item", "get_item"):
            with pytest.raises(UnsupportedOperationError, match="generate_presigned_url is not supported"):
                client.generate_presigned_url(operation, Params={"TableName": "people", "Item": person()})
        assert "https" in client.generate_presigned_url("list_tables")
