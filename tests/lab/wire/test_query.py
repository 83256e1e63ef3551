"""The query protocol: requests as botocore writes them are read, and botocore reads what is written."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.model import OperationModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from dynaseal_lab.model import Fault
from dynaseal_lab.wire import query
from dynaseal_lab.wire.faults import query_fault
from dynaseal_lab.wire.http import Request
from dynaseal_lab.wire.models import operation_model


def model_of(service: str, operation: str) -> OperationModel:
    model = operation_model(service, operation)
    assert model is not None
    return model


def output_shape(service: str, operation: str) -> Any:
    return model_of(service, operation).output_shape


def request_of(service: str, operation: str, params: dict[str, Any]) -> Request:
    """Return the request that botocore makes from `params`."""
    request = create_serializer("query").serialize_to_request(params, model_of(service, operation))
    return Request(method="POST", path="/", query="", headers={}, body=urlencode(request["body"]).encode())


def reply_as_botocore_reads_it(service: str, operation: str, reply: dict[str, Any]) -> dict[str, Any]:
    """Return what botocore reads from the response that the lab writes."""
    response = query.write(service, operation, reply, "the-id")
    raw = {"body": response.body, "status_code": response.status, "headers": response.headers}
    return create_parser("query").parse(raw, output_shape(service, operation))


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        (
            "iam",
            "CreateUser",
            {"UserName": "ann", "Tags": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": ""}]},
        ),
        ("iam", "ListUsers", {"MaxItems": 7, "PathPrefix": "/a/"}),
        ("iam", "CreatePolicyVersion", {"PolicyArn": "a" * 20, "PolicyDocument": "{}", "SetAsDefault": True}),
        ("iam", "TagUser", {"UserName": "ann", "Tags": []}),
        (
            "sts",
            "AssumeRole",
            {"RoleArn": "r" * 20, "RoleSessionName": "se", "PolicyArns": [{"arn": "a" * 20}]},
        ),
        (
            "iam",
            "SimulateCustomPolicy",
            {
                "PolicyInputList": ["{}"],
                "ActionNames": [f"s3:Get{number}" for number in range(12)],
                "ContextEntries": [{"ContextKeyName": "aws:b", "ContextKeyValues": ["1", "2"]}],
            },
        ),
    ],
)
def test_what_botocore_sends_is_read_back(service: str, operation: str, params: dict[str, Any]) -> None:
    fields = query.form(request_of(service, operation, params))
    assert query.operation_of(service, fields) == operation
    assert query.read(service, operation, fields) == params


def test_a_get_request_has_its_fields_in_the_query_string() -> None:
    fields = query.form(
        Request(method="GET", path="/", query="Action=GetCallerIdentity&Version=2011-06-15", headers={})
    )
    assert query.operation_of("sts", fields) == "GetCallerIdentity"


@pytest.mark.parametrize(
    "fields",
    [{"MaxItems": "many"}, {"MaxItems.1": "1"}, {"MaxItems": "9" * 5000}, {"PathPrefix.member.1": "/"}],
)
def test_a_field_of_the_wrong_type_is_malformed_input(fields: dict[str, str]) -> None:
    with pytest.raises(Fault) as caught:
        query.read("iam", "ListUsers", fields)
    assert caught.value.code == "MalformedInput"


@pytest.mark.parametrize("body", [b"\xff=1", b"a=%ff", b"&".join([b"a=1"] * 20_000)])
def test_a_form_that_cannot_be_read_is_malformed_input(body: bytes) -> None:
    with pytest.raises(Fault) as caught:
        query.form(Request(method="POST", path="/", query="", headers={}, body=body))
    assert caught.value.code == "MalformedInput"


@given(st.dictionaries(st.text(max_size=30), st.text(max_size=10), max_size=10))
def test_no_form_raises_anything_but_a_fault(fields: dict[str, str]) -> None:
    body = urlencode(
        {key.encode(errors="ignore"): value.encode(errors="ignore") for key, value in fields.items()}
    )
    form = query.form(
        Request(method="POST", path="/", query="", headers={}, body=f"UserName=a&Tags.member.{body}".encode())
    )
    with suppress(Fault):
        query.read("iam", "CreateUser", form)


def test_an_unknown_action_is_an_invalid_action() -> None:
    with pytest.raises(Fault) as caught:
        query.operation_of("iam", {"Action": "GetCallerIdentity", "Version": "2010-05-08"})
    assert caught.value.code == "InvalidAction"
    assert caught.value.message == "Could not find operation GetCallerIdentity for version 2010-05-08"


def test_botocore_reads_what_is_written() -> None:
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    user = {"UserName": "a<b>&\r", "CreateDate": now, "Tags": [{"Key": "k", "Value": "v"}]}
    parsed = reply_as_botocore_reads_it("iam", "GetUser", {"User": user})
    assert parsed["User"] == user
    assert parsed["ResponseMetadata"]["RequestId"] == "the-id"


def test_maps_booleans_and_empty_lists_are_written() -> None:
    assert reply_as_botocore_reads_it("iam", "GetAccountSummary", {"SummaryMap": {"Users": 3}})[
        "SummaryMap"
    ] == {"Users": 3}
    assert (
        reply_as_botocore_reads_it("iam", "ListUsers", {"Users": [], "IsTruncated": False})["IsTruncated"]
        is False
    )


def test_an_operation_without_a_result_still_has_its_request_id() -> None:
    response = query.write("iam", "DeleteUser", {}, "the-id")
    raw = {"body": response.body, "status_code": 200, "headers": {}}
    parsed = create_parser("query").parse(raw, output_shape("iam", "DeleteUser"))
    assert parsed["ResponseMetadata"]["RequestId"] == "the-id"


def test_a_fault_is_an_error_document_with_the_codes_of_this_protocol() -> None:
    fault = Fault("InvalidSignatureException", "no <good>\x00")
    response = query_fault(fault, "the-id", "https://iam.amazonaws.com/doc/2010-05-08/")
    raw = {"body": response.body, "status_code": response.status, "headers": response.headers}
    parsed = create_parser("query").parse(raw, output_shape("iam", "DeleteUser"))
    assert response.status == 403
    assert parsed["Error"] == {"Type": "Sender", "Code": "SignatureDoesNotMatch", "Message": "no <good>?"}
