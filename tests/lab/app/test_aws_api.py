"""The front door over raw HTTP: what is answered without a signature, and how bad requests are."""

import json
import zlib

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from dynaseal_lab.testing import LabPrincipal

JSON = {"Content-Type": "application/x-amz-json-1.1"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def send(account):
    """Send a request signed by the account's root, for the service of `scope`; unsigned where it is None."""

    def send(body: bytes = b"", *, scope: str | None = "kms", method="POST", path="/", **headers: str):
        request = AWSRequest(method=method, url=account.lab.endpoint + path, data=body, headers=headers)
        if scope is not None:
            sign(request, account.root, scope)
        return httpx.request(method, request.url, headers=dict(request.headers.items()), content=body)

    return send


def sign(request: AWSRequest, principal: LabPrincipal, service: str) -> None:
    """Sign a request as a principal, for a service's scope."""
    SigV4Auth(principal.session.get_credentials(), service, "eu-west-1").add_auth(request)


def target(name: str) -> dict[str, str]:
    return {**JSON, "X-Amz-Target": name}


def kind(response: httpx.Response) -> str:
    return response.json()["__type"]


def test_health_needs_no_signature_and_every_other_path_does(send):
    assert send(method="GET", path="/_lab/health", scope=None).json() == {"status": "ok"}
    assert send(method="GET", path="/_lab/trail", scope=None).status_code == 400
    assert send(method="GET", path="/_lab/other", scope=None).status_code == 404


def test_an_unsigned_call_is_refused_in_the_shape_of_its_protocol(send):
    in_json = send(b"{}", scope=None, **target("TrentService.ListKeys"))
    assert (in_json.status_code, kind(in_json)) == (400, "MissingAuthenticationTokenException")
    in_xml = send(b"Action=ListUsers&Version=2010-05-08", scope=None, **FORM)
    assert in_xml.status_code == 403
    assert "<Code>MissingAuthenticationToken</Code>" in in_xml.text


@pytest.mark.parametrize(
    ("path", "method"), [("/", "GET"), ("/", "PUT"), ("/x", "POST"), ("/?Version=1", "GET")]
)
def test_what_is_no_call_is_an_unknown_operation(send, path: str, method: str):
    response = send(method=method, path=path, scope=None)
    assert (response.status_code, response.text) == (404, "<UnknownOperationException/>\n")


@pytest.mark.parametrize("name", ["TrentService.Fly", "TrentService", "Nobody.ListKeys", "."])
def test_an_unknown_target_is_an_unknown_operation(send, name: str):
    response = send(b"{}", **target(name))
    assert (response.status_code, kind(response)) == (400, "UnknownOperationException")


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b"null", b"[" * 50_000])
@pytest.mark.parametrize(
    ("scope", "name"), [("kms", "TrentService.ListKeys"), ("dynamodb", "DynamoDB_20120810.ListTables")]
)
def test_a_malformed_body_is_a_serialization_exception(send, scope: str, name: str, body: bytes):
    response = send(body, scope=scope, **target(name))
    assert (response.status_code, kind(response)) == (400, "SerializationException")


def test_a_member_of_another_type_is_a_serialization_exception(send):
    response = send(b'{"Limit": "many"}', **target("TrentService.ListKeys"))
    assert (response.status_code, kind(response)) == (400, "SerializationException")


def test_a_signature_for_another_service_is_refused(send):
    response = send(b"{}", scope="dynamodb", **target("TrentService.ListKeys"))
    assert kind(response) == "InvalidSignatureException"
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
def test_a_malformed_form_is_refused_as_iam_refuses_it(send, body: bytes, code: str):
    response = send(body, scope="iam", **FORM)
    assert response.status_code == 400
    assert f"<Code>{code}</Code>" in response.text


def test_a_body_over_the_limit_is_refused(send):
    response = send(bytes(16 * 1024 * 1024 + 1), **target("TrentService.ListKeys"))
    assert (response.status_code, kind(response)) == (413, "RequestEntityTooLargeException")


def test_answers_have_a_request_id_and_dynamodbs_a_checksum(send):
    response = send(b"{}", scope="dynamodb", **target("DynamoDB_20120810.ListTables"))
    assert response.json() == {"TableNames": []}
    assert response.headers["x-amz-crc32"] == str(zlib.crc32(response.content))
    assert len(response.headers["x-amzn-requestid"]) == 36


def test_a_get_request_may_carry_a_query(send):
    response = send(method="GET", path="/?Action=GetCallerIdentity&Version=2011-06-15", scope="sts")
    assert response.status_code == 200
    assert "<GetCallerIdentityResult>" in response.text


def test_regions_are_separate(account):
    made = account.client("kms").create_key()["KeyMetadata"]
    assert [key["KeyId"] for key in account.client("kms").list_keys()["Keys"]] == [made["KeyId"]]
    assert account.client("kms", region="us-west-2").list_keys()["Keys"] == []


def test_the_trail_tells_root_what_was_decided_and_nobody_else(send, account):
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
    assert httpx.get(request.url, headers=dict(request.headers.items())).status_code == 403


def test_the_trail_has_the_encryption_context_and_no_plaintext(send, account):
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"only between us", EncryptionContext={"dept": "hr"})
    kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext={"dept": "hr"})
    events = send(method="GET", path="/_lab/trail", scope="lab").json()["events"]
    assert events[-1]["action"] == "kms:Decrypt"
    assert events[-1]["encryption_context"] == {"dept": "hr"}
    assert "between us" not in json.dumps(events)
