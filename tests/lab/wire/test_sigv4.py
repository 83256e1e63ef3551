"""Who signed a request: what botocore's signer makes is accepted, and nothing else is."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from dynaseal_lab.model import Fault, Principal
from dynaseal_lab.wire.http import Request, VerifiedSignature
from dynaseal_lab.wire.sigv4 import SigningKey, verify

WALL = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
ANN = Principal("user", "111122223333", "arn:ann", "arn:ann", "AIDAANN", "ann")
PERMANENT = SigningKey(ANN, "secret")
BODY = b'{"KeyId": "k"}'


@dataclass(frozen=True)
class Ring:
    key: SigningKey | None = PERMANENT

    def find(self, access_key_id: str) -> SigningKey | None:
        return self.key if access_key_id == "AKIAANN" else None

    def note_use(self, signed: VerifiedSignature, now: datetime) -> None: ...


def signed(
    *,
    at: datetime = WALL,
    secret: str = "secret",
    key_id: str = "AKIAANN",
    token: str | None = None,
    method: str = "POST",
    target: str = "/",
    headers: dict[str, str] | None = None,
) -> Request:
    """A request as a client of AWS sends it."""
    request = AWSRequest(method=method, url=f"http://127.0.0.1:1234{target}", data=BODY)
    for name, value in {"X-Amz-Target": "TrentService.Decrypt", **(headers or {})}.items():
        request.headers[name] = value
    # botocore's signer reads the clock itself.
    with patch("botocore.auth.get_current_datetime", return_value=at.replace(tzinfo=None)):
        SigV4Auth(Credentials(key_id, secret, token), "kms", "eu-west-1").add_auth(request)
    sent = {name.lower(): value for name, value in request.headers.items()} | {"host": "127.0.0.1:1234"}
    path, _, query = target.partition("?")
    return Request(method, path, query, sent, BODY)


def check(request: Request, ring: Ring | None = None, *, now: datetime = WALL) -> VerifiedSignature:
    return verify(request, ring or Ring(), wall=WALL, now=now)


def refusal(request: Request, ring: Ring | None = None, *, now: datetime = WALL) -> Fault:
    with pytest.raises(Fault) as caught:
        check(request, ring, now=now)
    return caught.value


def without(request: Request, name: str) -> Request:
    return replace(request, headers={key: value for key, value in request.headers.items() if key != name})


def with_header(request: Request, name: str, value: str) -> Request:
    return replace(request, headers={**request.headers, name: value})


def test_a_signed_request_says_who_asks_and_for_which_service_and_region():
    assert check(signed()) == VerifiedSignature(ANN, "AKIAANN", "eu-west-1", "kms")


@pytest.mark.parametrize("target", ["/", "/a%20b/c", "/?b=2&a=1&a=0", "/?x=%2F&y"])
def test_paths_and_query_strings_are_signed_as_botocore_signs_them(target: str):
    assert check(signed(target=target, method="GET")).principal is ANN


def test_white_space_in_signed_headers_does_not_matter():
    assert check(signed(headers={"X-Amz-Meta": "  a   b "})).principal is ANN


def test_another_secret_is_a_signature_that_does_not_match():
    fault = refusal(signed(secret="other"))
    assert (fault.code, fault.status) == ("InvalidSignatureException", 400)
    assert fault.message.startswith("The request signature we calculated does not match")


@pytest.mark.parametrize(
    "changed",
    [
        lambda request: replace(request, body=b'{"KeyId": "l"}'),
        lambda request: replace(request, body=b""),
        lambda request: replace(request, query="a=1"),
        lambda request: replace(request, path="/other"),
        lambda request: replace(request, path="/#"),
        lambda request: replace(request, method="PUT"),
        lambda request: with_header(request, "x-amz-target", "TrentService.Encrypt"),
        lambda request: with_header(request, "host", "127.0.0.1:4321"),
    ],
)
def test_whatever_is_changed_after_signing_is_refused(changed):
    assert refusal(changed(signed())).code == "InvalidSignatureException"


def test_a_hash_of_another_body_does_not_make_it_good():
    request = signed(headers={"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"})
    assert refusal(request).code == "InvalidSignatureException"


@pytest.mark.parametrize("name", ["x-amz-target", "x-amz-extra"])
def test_an_unsigned_header_that_must_be_signed_is_refused(name: str):
    request = with_header(signed(), name, "TrentService.Decrypt")
    header = request.headers["authorization"].replace(";x-amz-target", "")
    fault = refusal(with_header(request, "authorization", header))
    assert fault.code == "InvalidSignatureException"
    assert "must be a 'SignedHeader' in the AWS Authorization." in fault.message


def test_no_signature_at_all_is_a_missing_token():
    assert refusal(without(signed(), "authorization")).code == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("field", ["Credential", "SignedHeaders", "Signature"])
def test_an_authorization_without_one_of_its_parts_is_incomplete(field: str):
    request = signed()
    header = request.headers["authorization"].replace(f"{field}=", "Nothing=")
    fault = refusal(with_header(request, "authorization", header))
    assert fault.code == "IncompleteSignatureException"
    assert f"requires '{field}' parameter" in fault.message


@pytest.mark.parametrize(
    "scope", ["AKIAANN/20260506/eu-west-1/kms", "a/b/c/d/aws4_request/e", "//kms/x/aws4_request"]
)
def test_a_scope_of_another_shape_is_incomplete(scope: str):
    header = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    assert refusal(with_header(signed(), "authorization", header)).code == "IncompleteSignatureException"


@pytest.mark.parametrize("stamp", ["", "yesterday", "20260506T070809", "20269999T070809Z"])
def test_a_date_that_is_none_is_refused(stamp: str):
    assert refusal(with_header(signed(), "x-amz-date", stamp)).code in (
        "IncompleteSignatureException",
        "InvalidSignatureException",
    )


def test_the_date_of_the_scope_is_the_date_of_the_request():
    request = signed()
    header = request.headers["authorization"].replace("/20260506/", "/20260505/")
    assert "Date in Credential scope" in refusal(with_header(request, "authorization", header)).message


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_that_is_a_little_off_is_accepted(minutes: int):
    assert check(signed(at=WALL + timedelta(minutes=minutes))).principal is ANN


@pytest.mark.parametrize(
    ("minutes", "words"), [(-16, "Signature expired"), (16, "Signature not yet current")]
)
def test_a_signature_is_good_for_fifteen_minutes_around_its_date(minutes: int, words: str):
    fault = refusal(signed(at=WALL + timedelta(minutes=minutes)))
    assert fault.code == "InvalidSignatureException"
    assert fault.message.startswith(words)


def test_an_unknown_key_and_an_inactive_one_are_refused_alike():
    unknown = refusal(signed(key_id="AKIANOBODY"))
    inactive = refusal(signed(), Ring(SigningKey(ANN, "secret", active=False)))
    assert unknown.code == inactive.code == "UnrecognizedClientException"
    assert unknown.message == inactive.message == "The security token included in the request is invalid."


TEMPORARY = SigningKey(ANN, "secret", "token", WALL + timedelta(hours=1))


def test_temporary_credentials_are_good_with_their_token():
    assert check(signed(token="token"), Ring(TEMPORARY)).principal is ANN


@pytest.mark.parametrize("token", [None, "other"])
def test_temporary_credentials_without_their_own_token_are_refused(token: str | None):
    assert refusal(signed(token=token), Ring(TEMPORARY)).code == "UnrecognizedClientException"


def test_a_token_with_a_key_that_has_none_is_refused():
    assert refusal(signed(token="token")).code == "UnrecognizedClientException"


def test_temporary_credentials_end_by_the_labs_clock():
    fault = refusal(signed(token="token"), Ring(TEMPORARY), now=WALL + timedelta(hours=1))
    assert fault.code == "ExpiredTokenException"


def test_secrets_stay_out_of_representations():
    shown = repr(TEMPORARY)
    assert "'secret'" not in shown
    assert "'token'" not in shown
