"""No value of an encrypted attribute leaves: not on the wire, in a log record, in an error or in a `repr`.

The requests are generated from botocore's model of DynamoDB: every operation, and in it every place that can
hold the value of an attribute, is given a secret of each type, well formed and malformed. The requests are
made through every wrapper. What is sent, what any logger records at DEBUG, and whatever the call raises are
looked at, in each encoding that a secret could have there.
"""

from __future__ import annotations

import logging
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import botocore.session
import pytest
from boto3.dynamodb.types import TypeDeserializer
from botocore import xform_name

from dynaseal import (
    AttributeActions,
    CryptoAction,
    EncryptedClient,
    EncryptedResource,
    EncryptedTable,
    PlaintextPolicy,
    RawAesKeyring,
    StandardBeacon,
    TableConfig,
    attach,
)
from support.customers import customers
from support.patients import table as patients
from support.stubbed_dynamodb import StubbedDynamoDb

CREDENTIALS: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
MODEL = boto3.client("dynamodb", region_name="us-west-2").meta.service_model
SECRET, NUMBER = "Tr0ub4dor-und-drei", "918273645"
FORMS = (
    SECRET.lower(),
    NUMBER,
    SECRET.encode().hex(),
    *(b64encode(bytes(before) + SECRET.encode()).decode()[4:-4].lower() for before in range(3)),
)

WELL_FORMED: list[Any] = [
    {"S": SECRET},
    {"N": NUMBER},
    {"B": SECRET.encode()},
    {"SS": [SECRET]},
    {"NS": [NUMBER]},
    {"BS": [SECRET.encode()]},
    {"L": [{"M": {SECRET: {"S": SECRET}}}]},
]
MALFORMED: list[Any] = [{"S": int(NUMBER)}, {"N": SECRET}, {"X": SECRET}, SECRET, {SECRET: SECRET}, [SECRET]]


class Odd:
    """A value that boto3 cannot convert, and whose `repr` shows the secret."""

    def __repr__(self) -> str:
        return f"Odd({SECRET})"


NOT_CONVERTED: list[Any] = [float(NUMBER), Odd(), {SECRET: Odd()}, [SECRET, float(NUMBER)], {Odd(), SECRET}]

CONDITIONS = (
    "#a = :v",
    ":v = #a",
    "#a <> :v",
    "#a < :v",
    "#a IN (:v)",
    "#a BETWEEN :v AND :v",
    "NOT #a = :v",
    "begins_with(#a, :v)",
    "contains(#a, :v)",
    "attribute_type(#a, :v)",
    "size(#a) = :v",
    "#a.x = :v",
    "#a[0] = :v",
    "attribute_exists(#a)",  # the value is not used
    f"#a = {NUMBER} AND #a = :v",
    f"#a = '{SECRET}' AND #a = :v",
)
UPDATES = (
    "SET #a = :v",
    "SET #a.x = :v",
    "SET #a = if_not_exists(#a, :v)",
    "SET free = if_not_exists(#a, :v)",
    "SET #a = list_append(#a, :v)",
    "ADD #a :v",
    "DELETE #a :v",
    "REMOVE free",
    f"SET #a = {NUMBER}",
)


@dataclass(frozen=True, kw_only=True)
class Example:
    """A table, and the attributes of it that must not leave.

    Attributes:
        config: Its configuration.
        key: The key of an item, as the application writes it.
        attributes: Names that mean an encrypted attribute: its own, its beacons', its surrogate key's.
    """

    config: TableConfig
    key: dict[str, Any]
    attributes: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.config.logical_table_name


def plain_table(policy: PlaintextPolicy = PlaintextPolicy.FORBID_WRITE_FORBID_READ) -> TableConfig:
    return TableConfig(
        "patients",
        "pk",
        attribute_actions=AttributeActions(
            CryptoAction.SIGN_ONLY,
            {"name": CryptoAction.ENCRYPT_AND_SIGN, "free": CryptoAction.DO_NOTHING},
        ),
        keyring=RawAesKeyring("tests", "2026", bytes(32)),
        plaintext_policy=policy,
    )


KEY = {"pk": {"S": "ann"}}
EXAMPLES = (
    Example(config=plain_table(), key=KEY, attributes=("name",)),
    Example(config=plain_table(PlaintextPolicy.FORBID_WRITE_ALLOW_READ), key=KEY, attributes=("name",)),
    Example(
        config=patients(StandardBeacon("NameB", 16, "name")),
        key=KEY,
        attributes=("name", "note", "NameB", "aws_dbe_b_NameB"),
    ),
    Example(
        config=customers(),
        key={"email": {"S": "ann@example.com"}, "order": {"N": "1"}},
        attributes=("email", "note", "pk"),
    ),
)


IDS = ("plain", "readable plaintext", "beacons", "surrogate keys")


def has_secret(text: str) -> bool:
    lowered = text.lower()
    return any(form in lowered for form in FORMS)


Wrapper = Callable[[StubbedDynamoDb, Any], Any]


def wrapped_client(stub: StubbedDynamoDb, configs: Any) -> Any:
    return EncryptedClient(stub.client(), configs=configs)


def attached_client(stub: StubbedDynamoDb, configs: Any) -> Any:
    client = stub.client()
    attach(client, configs)
    return client


def client_of_boto3_session(stub: StubbedDynamoDb, configs: Any) -> Any:
    session = boto3.Session(region_name="us-west-2", **CREDENTIALS)
    attach(session, configs)
    return _stubbed(session.client("dynamodb"), stub)


def client_of_botocore_session(stub: StubbedDynamoDb, configs: Any) -> Any:
    session = botocore.session.Session()
    session.set_credentials("test", "test")
    attach(session, configs)
    return _stubbed(session.create_client("dynamodb", region_name="us-west-2"), stub)


def client_of_wrapped_resource(stub: StubbedDynamoDb, configs: Any) -> Any:
    return EncryptedResource(stub.resource(), configs=configs).meta.client


def client_of_wrapped_table(stub: StubbedDynamoDb, configs: Any) -> Any:
    (name,) = configs
    return EncryptedTable(stub.resource().Table(name), config=configs[name]).meta.client


def client_of_attached_resource(stub: StubbedDynamoDb, configs: Any) -> Any:
    resource = stub.resource()
    attach(resource, configs)
    return resource.meta.client


def client_of_attached_table(stub: StubbedDynamoDb, configs: Any) -> Any:
    (name,) = configs
    table = stub.resource().Table(name)
    attach(table, configs)
    return table.meta.client


def _stubbed(client: Any, stub: StubbedDynamoDb) -> Any:
    client.meta.events.register("before-send.dynamodb", stub.reply_to)
    return client


WIRE_WRAPPERS: list[Wrapper] = [
    wrapped_client,
    attached_client,
    client_of_boto3_session,
    client_of_botocore_session,
]
PYTHON_WRAPPERS: list[Wrapper] = [
    client_of_wrapped_resource,
    client_of_wrapped_table,
    client_of_attached_resource,
    client_of_attached_table,
]


@dataclass(frozen=True, kw_only=True)
class Generator:
    """Generates the parts of a request that have a value in one place.

    Attributes:
        example: The table.
        attribute: The name that the value has, or is compared with.
        value: The value.
        encode: Returns a wire value as the wrapper takes it.
    """

    example: Example
    attribute: str
    value: Any
    encode: Callable[[Any], Any]

    def parts(self, shape: Any) -> Iterator[Any]:
        """Yield parts of a shape, each with the value in another place and otherwise what is required."""
        if shape.name == "AttributeValue":
            yield self.value
        elif shape.type_name == "structure":
            required = self.required(shape)
            for name, member in shape.members.items():
                found = (
                    self.compared(shape)
                    if name == "ExpressionAttributeValues"
                    else self.members(name, member)
                )
                yield from ({**required, **part} for part in found)
        elif shape.type_name == "list":
            yield from ([part] for part in self.parts(shape.member))
        elif shape.type_name == "map" and "Table" in shape.key.name:
            yield from ({self.example.name: part} for part in self.parts(shape.value))
        elif shape.type_name == "map":
            key = self.key() if shape.value.name == "AttributeValue" else {}
            yield from ({**key, self.attribute: part} for part in self.parts(shape.value))

    def members(self, name: str, shape: Any) -> Iterator[Any]:
        yield from ({name: part} for part in self.parts(shape))

    def compared(self, shape: Any) -> Iterator[Any]:
        """Yield expressions that use the value."""
        for parameter in shape.members:
            templates = UPDATES if parameter == "UpdateExpression" else CONDITIONS
            if parameter.endswith("Expression") and parameter != "ProjectionExpression":
                for template in templates:
                    yield {
                        parameter: template,
                        "ExpressionAttributeNames": {"#a": self.attribute},
                        "ExpressionAttributeValues": {":v": self.value},
                    }

    def required(self, shape: Any) -> Any:
        """Return the least that botocore accepts for a shape."""
        if shape.type_name == "structure":
            return {name: self.required(shape.members[name]) for name in shape.required_members}
        if shape.type_name == "list":
            return [self.required(shape.member)]
        if shape.type_name == "map":
            return self.key()
        if shape.type_name == "string":
            return (getattr(shape, "enum", None) and shape.enum[0]) or self.strings(shape.name)
        return {"boolean": True, "integer": 1, "long": 1}.get(shape.type_name, b"")

    def strings(self, shape_name: str) -> str:
        return {
            "ConditionExpression": "attribute_exists(free)",
            "PartiQLStatement": f"SELECT * FROM {self.example.name} WHERE {self.attribute} = '{SECRET}'",
        }.get(shape_name, self.example.name)

    def key(self) -> dict[str, Any]:
        return {name: self.encode(value) for name, value in self.example.key.items()}


class Observed(logging.Handler):
    """What a call shows: its requests, what is logged while it runs, and its error."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.stub = StubbedDynamoDb()
        self.leaks: list[tuple[str, Any, str]] = []
        self.calls = 0
        self._request: Any = None

    def emit(self, record: logging.LogRecord) -> None:
        shown = f"{record.getMessage()} {record.args!r}"
        if has_secret(shown):
            self.leaks.append((f"log of {record.name}", self._request, shown[:300]))

    def call(self, client: Any, operation: str, request: dict[str, Any]) -> None:
        self._request = (operation, request)
        self.calls += 1
        self.stub.sent_requests.clear()
        try:
            getattr(client, xform_name(operation))(**request)
        except Exception as error:  # noqa: BLE001 every class is looked at
            self.leaks += [("error", self._request, text) for text in strings_of(error) if has_secret(text)]
        sent = repr(self.stub.sent_requests)
        if has_secret(sent):
            self.leaks.append(("wire", self._request, sent[:300]))


def strings_of(error: BaseException | None) -> Iterator[str]:
    """Yield everything that an error shows, and the errors before it."""
    while error is not None:
        yield from traceback.format_exception_only(error)
        yield from (str(error), repr(error), repr(error.args))
        error = error.__cause__ or error.__context__


@pytest.fixture
def observed() -> Iterator[Observed]:
    found, root = Observed(), logging.getLogger()
    level, handlers = root.level, root.handlers
    root.setLevel(logging.DEBUG)
    root.handlers = [found]  # pytest's handlers would format and keep every record
    yield found
    root.setLevel(level)
    root.handlers = handlers


def generated(
    example: Example, values: list[Any], encode: Callable[[Any], Any], each: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield operations and requests. Of the values, a place gets one of `each`, and another place another."""
    number = 0
    for attribute in example.attributes:
        for operation in MODEL.operation_names:
            shape = MODEL.operation_model(operation).input_shape
            if shape is None:
                continue
            for index, value in enumerate(values):
                generator = Generator(example=example, attribute=attribute, value=value, encode=encode)
                for place, request in enumerate(generator.parts(shape)):
                    if (place + index + number) % each == 0:
                        yield operation, request
            number += 1


@pytest.mark.parametrize("make", WIRE_WRAPPERS)
@pytest.mark.parametrize(
    "example", EXAMPLES, ids=["plain", "readable plaintext", "beacons", "surrogate keys"]
)
def test_no_value_leaves_through_a_client(make: Wrapper, example: Example, observed: Observed) -> None:
    client = make(observed.stub, {example.name: example.config})
    each = 2 if make is wrapped_client else 9
    for operation, request in generated(example, [*WELL_FORMED, *MALFORMED], lambda value: value, each):
        observed.call(client, operation, request)
    assert observed.leaks == []
    assert observed.calls > 100


@pytest.mark.parametrize("make", PYTHON_WRAPPERS)
@pytest.mark.parametrize(
    "example", EXAMPLES, ids=["plain", "readable plaintext", "beacons", "surrogate keys"]
)
def test_no_value_leaves_through_a_resource(make: Wrapper, example: Example, observed: Observed) -> None:
    deserialize = TypeDeserializer().deserialize
    client = make(observed.stub, {example.name: example.config})
    values = [*map(deserialize, WELL_FORMED), *NOT_CONVERTED]
    for operation, request in generated(example, values, deserialize, 9):
        observed.call(client, operation, request)
    assert observed.leaks == []
    assert observed.calls > 100


@pytest.mark.parametrize("make", WIRE_WRAPPERS)
def test_no_error_shows_a_value_where_items_are_written_as_plaintext(
    make: Wrapper, observed: Observed
) -> None:
    example = Example(
        config=plain_table(PlaintextPolicy.FORCE_WRITE_ALLOW_READ), key=KEY, attributes=("name",)
    )
    client = make(observed.stub, {example.name: example.config})
    for operation, request in generated(example, MALFORMED, lambda value: value, 1):
        observed.call(client, operation, request)
    # What is well formed for botocore is sent in the clear, and the request is logged by botocore.
    assert [leak for leak in observed.leaks if leak[0] == "error"] == []


def test_a_leak_would_be_found(observed: Observed) -> None:
    client = observed.stub.client()
    example = EXAMPLES[0]
    for operation, request in generated(example, [*WELL_FORMED, *MALFORMED], lambda value: value, 9):
        observed.call(client, operation, request)
    kinds = {kind for kind, _, _ in observed.leaks}
    assert {"wire", "error", "log of botocore.endpoint"} <= kinds
    assert {operation for _, (operation, _), _ in observed.leaks} >= {
        *(
            "PutItem",
            "GetItem",
            "UpdateItem",
            "DeleteItem",
            "Query",
            "Scan",
            "BatchGetItem",
            "BatchWriteItem",
        ),
        *("TransactGetItems", "TransactWriteItems", "ExecuteStatement", "BatchExecuteStatement"),
    }
