"""The replies to a caller when the lab itself fails; and no request makes it fail."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal_lab.app import App
from dynaseal_lab.assembly import LabOptions, open_lab
from dynaseal_lab.aws_api import AwsApi
from dynaseal_lab.clock import LabClock
from dynaseal_lab.control_api import ControlApi, EngineStatus
from dynaseal_lab.dynamodb.expiry import Expiry
from dynaseal_lab.iam.credentials import Credentials as LabCredentials
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.model import Call, ConditionKeys, Service
from dynaseal_lab.record_store import InMemoryRecordStore
from dynaseal_lab.trail import Trail
from dynaseal_lab.who_can import WhoCan
from dynaseal_lab.wire.models import operation_model, service_model

ACCOUNT, SECRET = "111122223333", "secret"
TARGETS = {"kms": "TrentService", "dynamodb": "DynamoDB_20120810"}


def exchange(app: App, service: str, operation: str, params: object) -> tuple[int, Mapping[str, str], str]:
    """Send one signed request to the application in process, and return status, headers and body."""
    if service in TARGETS:
        body = json.dumps(params).encode()
        headers = {
            "X-Amz-Target": f"{TARGETS[service]}.{operation}",
            "Content-Type": "application/x-amz-json-1.1",
        }
    else:
        fields = params if isinstance(params, dict) else {}
        request = AWSRequest(method="GET", url="http://lab/", params={"Action": operation, **fields})
        body = str(request.prepare().url).partition("?")[2].encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = AWSRequest(method="POST", url="http://lab/", data=body, headers=headers)
    SigV4Auth(Credentials(ACCOUNT, SECRET), service, "eu-west-1").add_auth(request)
    return asyncio.run(call_app(app, dict(request.headers.items()) | {"Host": "lab"}, body))


async def call_app(app: App, headers: dict[str, str], body: bytes) -> tuple[int, Mapping[str, str], str]:
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    raw_headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw_headers}
    await app(scope, receive, send)
    start, end = messages
    response_headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], response_headers, end["body"].decode()


async def nothing() -> None:
    """Do nothing when the lab shuts down."""


class BrokenService:
    """A service with a defect; its exception's message repeats data of the request."""

    async def handle(self, call: Call) -> Mapping[str, Any]:
        raise KeyError(repr(call))

    def access_requests(self, owner: Call, action: str, resource: str, condition_keys: ConditionKeys) -> Any:
        raise KeyError(repr((owner, action, resource, condition_keys)))


@pytest.fixture
def broken_lab() -> App:
    """A lab in which every service has a defect."""
    record_store = InMemoryRecordStore()
    clock, trail = LabClock(record_store), Trail()
    services: dict[str, Service] = {name: BrokenService() for name in ("kms", "dynamodb", "iam", "sts")}
    keys = LabCredentials(IamStore(record_store), SECRET)
    aws_api = AwsApi(services=services, keys=keys, clock=clock, record_store=record_store, trail=trail)
    who_can = WhoCan(keys.store, BrokenService(), BrokenService())
    expiry = Expiry(None, clock)
    control_api = ControlApi(
        aws_api=aws_api,
        trail=trail,
        clock=clock,
        record_store=record_store,
        who_can=who_can,
        engine=EngineStatus("none"),
        expiry=expiry,
    )
    return App(aws_api, control_api, expiry, nothing)


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("kms", "ListKeys", "KMSInternalException"),
        ("dynamodb", "ListTables", "InternalServerError"),
        ("iam", "ListUsers", "ServiceFailure"),
        ("sts", "GetCallerIdentity", "InternalFailure"),
    ],
)
def test_a_defect_is_the_services_own_internal_error(
    broken_lab: App, caplog: pytest.LogCaptureFixture, service: str, operation: str, code: str
) -> None:
    with caplog.at_level(logging.ERROR):
        status, headers, text = exchange(broken_lab, service, operation, {"Marker": "PLAINTEXT"})
    assert status == 500
    if service in TARGETS:
        assert json.loads(text)["__type"] == code
    else:
        assert f"<Type>Receiver</Type><Code>{code}</Code>" in text
    (record,) = caplog.records
    logged = record.getMessage()
    assert logged.startswith(f"Request {headers['x-amzn-requestid']} failed inside the lab: KeyError\n")
    assert "in handle" in logged
    assert "PLAINTEXT" not in logged + text


@cache
def whole_lab() -> App:
    return ExitStack().enter_context(open_lab(LabOptions(SECRET))).app


@cache
def operations() -> list[tuple[str, str]]:
    names = ("kms", "dynamodb", "iam", "sts")
    return [(name, str(operation)) for name in names for operation in service_model(name).operation_names]


STRINGS = st.sampled_from(
    ["", "a", "*", "arn:aws:kms:eu-west-1:111122223333:key/a", "alias/a", "\u0000", "💥", "{"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | STRINGS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(STRINGS | st.just("S"), inner, max_size=2),
    max_leaves=6,
)


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, Any]:
    """Draw an operation with some of its own members, of any type."""
    service, operation = draw(st.sampled_from(operations()))
    model = operation_model(service, operation)
    members = sorted(model.input_shape.members) if model and model.input_shape else []
    if service in TARGETS:
        members_of_any_type = st.dictionaries(st.sampled_from([*members, "Other"]), VALUES, max_size=4)
        return service, operation, draw(members_of_any_type | VALUES)
    return (
        service,
        operation,
        draw(st.dictionaries(st.sampled_from([*members, "A.member.1"]), STRINGS, max_size=4)),
    )


@given(requests())
@settings(max_examples=300, deadline=None)
def test_no_request_makes_the_lab_fail(drawn_request: tuple[str, str, Any]) -> None:
    service, operation, params = drawn_request
    status, headers, text = exchange(whole_lab(), service, operation, params)
    assert status < 500, text
    assert re.fullmatch("[0-9a-f-]{36}", headers["x-amzn-requestid"])
    assert status == 200 or "__type" in text or "<Code>" in text
