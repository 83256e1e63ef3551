"""Requests whose signature must be refused, with the messages and shapes of both protocols."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dynaseal_lab.testing import LabAccount, LabPrincipal

JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.ListKeys"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
FORM_BODY = b"Action=ListUsers&Version=2010-05-08"
NO_MATCH = "The request signature we calculated does not match the signature you provided."
BAD_TOKEN = "The security token included in the request is invalid."


class Caller:
    """Signs requests as a principal, and sends what was signed or something else."""

    def __init__(self, principal: LabPrincipal) -> None:
        self.principal = principal
        self.endpoint = principal.settings["AWS_ENDPOINT_URL"]

    def signed(self, service: str, at: datetime | None = None) -> AWSRequest:
        """Return a valid request of the service's protocol, signed at some time."""
        body, headers = (FORM_BODY, FORM) if service == "iam" else (b"{}", JSON)
        request = AWSRequest(method="POST", url=f"{self.endpoint}/", data=body, headers=headers)
        stamp = (at or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
        request.context["timestamp"] = request.headers["X-Amz-Date"] = stamp
        token = self.principal.settings.get("AWS_SESSION_TOKEN")
        if token:
            request.headers["X-Amz-Security-Token"] = token
        credentials = Credentials(self.principal.access_key_id, self.principal.secret_access_key, token)
        auth = SigV4Auth(credentials, service, "eu-west-1")
        names = auth.signed_headers(auth.headers_to_sign(request))
        signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={auth.scope(request)}, SignedHeaders={names}, Signature={signature}"
        )
        return request

    def send(self, request: AWSRequest, **changes: Any) -> tuple[int, str, str]:
        """Send a request, perhaps with changes, and return the status and the error's code and message."""
        content: Any = request.data
        arguments = {"headers": dict(request.headers.items()), "content": content} | changes
        response = httpx.post(str(request.url), **arguments)
        if response.text.startswith("<"):
            code = re.search("<Code>(.*)</Code>", response.text)
            message = re.search("<Message>(.*)</Message>", response.text)
            return response.status_code, code[1] if code else "", message[1] if message else ""
        reply = response.json()
        return response.status_code, reply.get("__type", ""), reply.get("message", "")


@pytest.fixture
def root(account: LabAccount) -> Caller:
    """The account's root."""
    return Caller(account.root)


@pytest.fixture
def ann(account: LabAccount) -> Caller:
    """A user who may do everything."""
    return Caller(account.user("ann", EVERYTHING))


both_protocols = pytest.mark.parametrize("service", ["kms", "iam"])


@both_protocols
def test_a_valid_request_is_answered(root: Caller, service: str) -> None:
    assert root.send(root.signed(service))[0] == 200


@both_protocols
@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_date_more_than_15_minutes_off_is_refused(root: Caller, service: str, minutes: int) -> None:
    stamp = datetime.now(UTC) + timedelta(minutes=minutes)
    status, code, message = root.send(root.signed(service, stamp))
    assert (status, code) == refusal(service)
    assert message.startswith("Signature expired: " if minutes < 0 else "Signature not yet current: ")


@both_protocols
def test_another_secret_is_refused(account: LabAccount, service: str) -> None:
    credentials = {"AccessKeyId": account.number, "SecretAccessKey": "not the secret"}
    stranger = Caller(account.root.with_credentials(credentials))
    status, code, message = stranger.send(stranger.signed(service))
    assert ((status, code), message.startswith(NO_MATCH)) == (refusal(service), True)


@both_protocols
def test_an_altered_body_is_refused(root: Caller, service: str) -> None:
    status, code, message = root.send(root.signed(service), content=b'{"Limit": 1}')
    assert ((status, code), message.startswith(NO_MATCH)) == (refusal(service), True)


@both_protocols
@pytest.mark.parametrize("header", ["X-Amz-Security-Token", "X-Amz-Meta", "X-Amz-Content-Sha256"])
def test_a_header_that_must_be_signed_and_is_not_is_refused(root: Caller, service: str, header: str) -> None:
    request = root.signed(service)
    status, code, message = root.send(request, headers={**dict(request.headers.items()), header: "x"})
    assert (status, code) == refusal(service)
    assert message == f"'{header}' must be a 'SignedHeader' in the AWS Authorization."


@both_protocols
def test_an_altered_target_is_refused(root: Caller, service: str) -> None:
    request = root.signed(service)
    request.url = f"{root.endpoint}/?Version=1"
    assert root.send(request)[:2] == refusal(service)


@both_protocols
def test_an_unknown_key_is_refused(account: LabAccount, service: str) -> None:
    credentials = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "secret"}
    nobody = Caller(account.root.with_credentials(credentials))
    assert nobody.send(nobody.signed(service)) == (*unknown(service), BAD_TOKEN)


@both_protocols
def test_an_inactive_key_is_refused_until_it_is_active_again(
    account: LabAccount, ann: Caller, service: str
) -> None:
    iam, key = account.client("iam"), {"UserName": "ann", "AccessKeyId": ann.principal.access_key_id}
    iam.update_access_key(**key, Status="Inactive")
    assert ann.send(ann.signed(service)) == (*unknown(service), BAD_TOKEN)
    iam.update_access_key(**key, Status="Active")
    assert ann.send(ann.signed(service))[0] == 200


@both_protocols
def test_a_deleted_users_key_is_refused(account: LabAccount, service: str) -> None:
    eve = Caller(account.user("eve"))
    account.client("iam").delete_access_key(UserName="eve", AccessKeyId=eve.principal.access_key_id)
    assert eve.send(eve.signed(service)) == (*unknown(service), BAD_TOKEN)


@both_protocols
def test_a_session_needs_its_token(account: LabAccount, service: str) -> None:
    ann = account.user("ann", EVERYTHING)
    credentials = ann.client("sts").get_session_token()["Credentials"]
    for token in (None, "another"):
        caller = Caller(ann.with_credentials(credentials | {"SessionToken": token}))
        assert caller.send(caller.signed(service)) == (*unknown(service), BAD_TOKEN)
    caller = Caller(ann.with_credentials(credentials))
    assert caller.send(caller.signed("kms"))[0] == 200


@both_protocols
@pytest.mark.parametrize("header", ["", "Basic eA==", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a/b"])
def test_a_malformed_authorization_is_refused(root: Caller, service: str, header: str) -> None:
    request = root.signed(service)
    status, code, _ = root.send(request, headers={**dict(request.headers.items()), "Authorization": header})
    kind = "IncompleteSignature" if header.startswith("AWS4") else "MissingAuthenticationToken"
    if service == "kms":
        assert (status, code) == (400, f"{kind}Exception")
    else:
        assert (status, code) == (400 if header.startswith("AWS4") else 403, kind)


def refusal(service: str) -> tuple[int, str]:
    return (403, "SignatureDoesNotMatch") if service == "iam" else (400, "InvalidSignatureException")


def unknown(service: str) -> tuple[int, str]:
    return (403, "InvalidClientTokenId") if service == "iam" else (400, "UnrecognizedClientException")
