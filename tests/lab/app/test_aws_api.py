"""AWS's API and the control API over raw HTTP: unsigned requests, malformed requests, who reads the trail."""

import json
import zlib
from typing import Protocol

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dynaseal_lab.testing import LabAccount, LabPrincipal

JSON = {"Content-Type": "application/x-amz-json-1.1"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Send(Protocol):
    """Sends a request signed by the account's root for the service `scope`; unsigned if that is None."""

    def __call__(
        self,
        body: bytes = b"",
        *,
        scope: str | None = "kms",
        method: str = "POST",
        path: str = "/",
        **headers: str,
    ) -> httpx.Response: ...


@pytest.fixture
def send(account: LabAccount) -> Send:
    """Return a function that sends one request."""

    def send(
        body: bytes = b"", *, scope: str | None = "kms", method: str = "POST", path: str = "/", **headers: str
    ) -> httpx.Response:
        request = AWSRequest(method=method, url=account.lab.endpoint + path, data=body, headers=headers)
        if scope is not None:
            sign(request, account.root, scope)
        return httpx.request(method, str(request.url), headers=dict(request.headers.items()), content=body)

    return send


def sign(request: AWSRequest, principal: LabPrincipal, service: str) -> None:
    """Sign a request as a principal, for a service's scope."""
    credentials = Credentials(principal.access_key_id, principal.secret_access_key)
    SigV4Auth(credentials, service, "eu-west-1").add_auth(request)


def target(name: str) -> dict[str, str]:
    return {**JSON, "X-Amz-Target": name}


def error_type(response: httpx.Response) -> str:
    return response.json()["__type"]


def test_health_needs_no_signature_and_every_other_path_does(send: Send) -> None:
    health = send(method="GET", path="/_lab/health", scope=None).json()
    assert health["status"] == "ok"
    assert health["engine"] in ("native", "ministack")
    assert send(method="GET", path="/_lab/trail", scope=None).status_code == 400
    assert send(method="GET", path="/_lab/other", scope=None).status_code == 404


def test_an_unsigned_call_is_refused_in_the_shape_of_its_protocol(send: Send) -> None:
    in_json = send(b"{}", scope=None, **target("TrentService.ListKeys"))
    assert (in_json.status_code, error_type(in_json)) == (400, "MissingAuthenticationTokenException")
    in_xml = send(b"Action=ListUsers&Version=2010-05-08", scope=None, **FORM)
    assert in_xml.status_code == 403
    assert "<Code>MissingAuthenticationToken</Code>" in in_xml.text


@pytest.mark.parametrize(
    ("path", "method"), [("/", "GET"), ("/", "PUT"), ("/x", "POST"), ("/?Version=1", "GET")]
)
def test_a_request_that_is_not_a_call_is_an_unknown_operation(send: Send, path: str, method: str) -> None:
    response = send(method=method, path=path, scope=None)
    assert (response.status_code, response.text) == (404, "<UnknownOperationException/>\n")


@pytest.mark.parametrize("name", ["TrentService.Fly", "TrentService", "Nobody.ListKeys", "."])
def test_an_unknown_target_is_an_unknown_operation(send: Send, name: str) -> None:
    response = send(b"{}", **target(name))
    assert (response.status_code, error_type(response)) == (400, "UnknownOperationException")


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"null", b"[" * 50_000])
@pytest.mark.parametrize(
    ("scope", "name"), [("kms", "TrentService.ListKeys"), ("dynamodb", "DynamoDB_20120810.ListTables")]
)
def test_a_malformed_body_is_a_serialization_exception(
    send: Send, scope: str, name: str, body: bytes
) -> None:
    response = send(body, scope=scope, **target(name))
    assert (response.status_code, error_type(response)) == (400, "SerializationException")


def test_a_member_of_another_type_is_a_serialization_exception(send: Send) -> None:
    response = send(b'{"Limit": "many"}', **target("TrentService.ListKeys"))
    assert (response.status_code, error_type(response)) == (400, "SerializationException")


def test_a_signature_for_another_service_is_refused(send: Send) -> None:
    response = send(b"{}", scope="dynamodb", **target("TrentService.ListKeys"))
    assert error_type(response) == "InvalidSignatureException"
    assert response.json()["message"] == "Credential should be scoped to correct service: 'kms'."
    in_xml = send(b"Action=ListUsers", scope="kms", **FORM)
    assert "<Code>SignatureDoesNotMatch</Code>" in in_xml.text


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "MissingAction"),
        (b"Action=Fly", "InvalidAction"),
        (b"Action=ListUsers&MaxItems=x", "MalformedInput"),
        (b"Action=ListUsers&MaxItems=0", "ValidationError"),
        (b"Action=GetRole", "ValidationError"),
        (b"Action=ListUsers&Path%ff=1", "MalformedInput"),
        (b"Action=Fly%00%3Cx%3E", "InvalidAction"),
    ],
)
def test_a_malformed_form_is_refused_as_iam_refuses_it(send: Send, body: bytes, code: str) -> None:
    response = send(body, scope="iam", **FORM)
    assert response.status_code == 400
    assert f"<Code>{code}</Code>" in response.text


def test_a_body_over_the_limit_is_refused(send: Send) -> None:
    response = send(bytes(16 * 1024 * 1024 + 1), **target("TrentService.ListKeys"))
    assert (response.status_code, error_type(response)) == (413, "RequestEntityTooLargeException")


def test_replies_have_a_request_id_and_dynamodbs_a_checksum(send: Send) -> None:
    response = send(b"{}", scope="dynamodb", **target("DynamoDB_20120810.ListTables"))
    assert response.json() == {"TableNames": []}
    assert response.headers["x-amz-crc32"] == str(zlib.crc32(response.content))
    assert len(response.headers["x-amzn-requestid"]) == 36


def test_limits_hold_however_a_name_is_written_in_json(send: Send, account: LabAccount) -> None:
    account.table("items")
    deep = b'{"\\u004c":[' * 33 + b'{"S":"x"}' + b"]}" * 33
    put = b'{"TableName":"items","Item":{"pk":{"S":"a"},"deep":' + deep + b"}}"
    refused = send(put, scope="dynamodb", **target("DynamoDB_20120810.PutItem"))
    assert "Nesting Levels have exceeded supported limits" in refused.text
    condition = b"(" * 400 + b"pk = pk" + b")" * 400
    put = b'{"TableName":"items","Item":{"pk":{"S":"a"}},"Condition\\u0045xpression":"' + condition + b'"}'
    refused = send(put, scope="dynamodb", **target("DynamoDB_20120810.PutItem"))
    assert "The expression is nested too deeply" in refused.text


def test_a_get_request_may_carry_a_query(send: Send) -> None:
    response = send(method="GET", path="/?Action=GetCallerIdentity&Version=2011-06-15", scope="sts")
    assert response.status_code == 200
    assert "<GetCallerIdentityResult>" in response.text


def test_regions_are_separate(account: LabAccount) -> None:
    key = account.client("kms").create_key()["KeyMetadata"]
    assert [listed["KeyId"] for listed in account.client("kms").list_keys()["Keys"]] == [key["KeyId"]]
    assert account.client("kms", region="us-west-2").list_keys()["Keys"] == []


def test_only_root_may_read_the_trail(send: Send, account: LabAccount) -> None:
    ann = account.user("ann")
    kms = ann.client("kms")
    with pytest.raises(kms.exceptions.ClientError):
        kms.list_keys()
    events = send(method="GET", path="/_lab/trail", scope="lab").json()["events"]
    last = events[-1]
    assert last["principal"] == f"arn:aws:iam::{account.number}:user/ann"
    assert (last["action"], last["allowed"], last["reason"]) == ("kms:ListKeys", False, "no-identity-policy")
    assert all(event["account"] == account.number for event in events)
    request = AWSRequest(method="GET", url=account.lab.endpoint + "/_lab/trail")
    sign(request, ann, "lab")
    assert httpx.get(str(request.url), headers=dict(request.headers.items())).status_code == 403


def test_the_trail_has_the_encryption_context_and_no_plaintext(send: Send, account: LabAccount) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    encrypted = kms.encrypt(KeyId=key, Plaintext=b"the plaintext", EncryptionContext={"dept": "hr"})
    kms.decrypt(CiphertextBlob=encrypted["CiphertextBlob"], EncryptionContext={"dept": "hr"})
    events = send(method="GET", path="/_lab/trail", scope="lab").json()["events"]
    assert events[-1]["action"] == "kms:Decrypt"
    assert events[-1]["encryption_context"] == {"dept": "hr"}
    assert "the plaintext" not in json.dumps(events)
