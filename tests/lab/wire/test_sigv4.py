"""Verifying signatures: what botocore's signer makes is accepted, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from dynaseal_lab.model import Fault, Principal
from dynaseal_lab.wire.http import Request, VerifiedSignature
from dynaseal_lab.wire.sigv4 import SigningKey, verify

WALL = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
ANN = Principal(
    kind="user", account="111122223333", arn="arn:ann", caller_arn="arn:ann", user_id="AIDAANN", name="ann"
)
PERMANENT = SigningKey(principal=ANN, secret="secret")
BODY = b'{"KeyId": "k"}'


@dataclass(frozen=True)
class OneKey:
    """Knows one access key id, `AKIAANN`."""

    key: SigningKey | None = PERMANENT

    def find(self, access_key_id: str) -> SigningKey | None:
        return self.key if access_key_id == "AKIAANN" else None

    def note_use(self, signature: VerifiedSignature, now: datetime) -> None: ...


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
    """Return a request as a client of AWS sends it."""
    request = AWSRequest(method=method, url=f"http://127.0.0.1:1234{target}", data=BODY)
    for name, value in {"X-Amz-Target": "TrentService.Decrypt", **(headers or {})}.items():
        request.headers[name] = value
    # botocore's signer reads the clock itself.
    with patch("botocore.auth.get_current_datetime", return_value=at.replace(tzinfo=None)):
        SigV4Auth(Credentials(key_id, secret, token), "kms", "eu-west-1").add_auth(request)
    headers = {name.lower(): value for name, value in request.headers.items()} | {"host": "127.0.0.1:1234"}
    path, _, query = target.partition("?")
    return Request(method=method, path=path, query=query, headers=headers, body=BODY)


def verified(request: Request, keys: OneKey | None = None, *, now: datetime = WALL) -> VerifiedSignature:
    return verify(request, keys or OneKey(), wall=WALL, now=now)


def fault_of(request: Request, keys: OneKey | None = None, *, now: datetime = WALL) -> Fault:
    with pytest.raises(Fault) as caught:
        verified(request, keys, now=now)
    return caught.value


def without(request: Request, name: str) -> Request:
    return replace(request, headers={key: value for key, value in request.headers.items() if key != name})


def with_header(request: Request, name: str, value: str) -> Request:
    return replace(request, headers={**request.headers, name: value})


def test_a_signature_proves_who_signed_for_which_service_and_region() -> None:
    assert verified(signed()) == VerifiedSignature(ANN, "AKIAANN", "eu-west-1", "kms")


@pytest.mark.parametrize("target", ["/", "/a%20b/c", "/?b=2&a=1&a=0", "/?x=%2F&y"])
def test_paths_and_query_strings_are_signed_as_botocore_signs_them(target: str) -> None:
    assert verified(signed(target=target, method="GET")).principal is ANN


def test_white_space_in_signed_headers_does_not_matter() -> None:
    assert verified(signed(headers={"X-Amz-Meta": "  a   b "})).principal is ANN


@given(
    st.dictionaries(
        st.from_regex(r"X-Amz-[A-Za-z0-9-]{1,10}", fullmatch=True).filter(
            lambda name: name.lower() not in {"x-amz-date", "x-amz-security-token", "x-amz-content-sha256"}
        ),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, blacklist_categories=["Cc"])),
        max_size=4,
    ),
    st.sampled_from(["POST", "GET"]),
)
def test_the_signature_is_botocores_whatever_the_headers(headers: dict[str, str], method: str) -> None:
    unique = {name.lower(): (name, value) for name, value in headers.items()}
    request = signed(headers=dict(unique.values()), method=method)
    assert verified(request).principal is ANN
    assert fault_of(with_header(request, "x-amz-target", "Other")).code == "InvalidSignatureException"


def test_a_signature_made_with_another_secret_does_not_match() -> None:
    fault = fault_of(signed(secret="other"))
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
def test_whatever_is_changed_after_signing_is_refused(changed: Callable[[Request], Request]) -> None:
    assert fault_of(changed(signed())).code == "InvalidSignatureException"


def test_the_body_is_hashed_whatever_hash_the_caller_sends() -> None:
    request = signed(headers={"X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD"})
    assert fault_of(request).code == "InvalidSignatureException"


@pytest.mark.parametrize("name", ["x-amz-target", "x-amz-extra"])
def test_an_unsigned_header_that_must_be_signed_is_refused(name: str) -> None:
    request = with_header(signed(), name, "TrentService.Decrypt")
    header = request.headers["authorization"].replace(";x-amz-target", "")
    fault = fault_of(with_header(request, "authorization", header))
    assert fault.code == "InvalidSignatureException"
    assert "must be a 'SignedHeader' in the AWS Authorization." in fault.message


def test_a_request_without_a_signature_is_refused_as_missing_a_token() -> None:
    assert fault_of(without(signed(), "authorization")).code == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("field", ["Credential", "SignedHeaders", "Signature"])
def test_an_authorization_without_one_of_its_parts_is_incomplete(field: str) -> None:
    request = signed()
    header = request.headers["authorization"].replace(f"{field}=", "Nothing=")
    fault = fault_of(with_header(request, "authorization", header))
    assert fault.code == "IncompleteSignatureException"
    assert f"requires '{field}' parameter" in fault.message


@pytest.mark.parametrize(
    "scope", ["AKIAANN/20260506/eu-west-1/kms", "a/b/c/d/aws4_request/e", "//kms/x/aws4_request"]
)
def test_a_malformed_scope_is_refused_as_incomplete(scope: str) -> None:
    header = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    assert fault_of(with_header(signed(), "authorization", header)).code == "IncompleteSignatureException"


@pytest.mark.parametrize("stamp", ["", "yesterday", "20260506T070809", "20269999T070809Z"])
def test_an_invalid_date_is_refused(stamp: str) -> None:
    assert fault_of(with_header(signed(), "x-amz-date", stamp)).code in (
        "IncompleteSignatureException",
        "InvalidSignatureException",
    )


def test_the_scopes_date_must_be_the_requests_date() -> None:
    request = signed()
    header = request.headers["authorization"].replace("/20260506/", "/20260505/")
    assert "Date in Credential scope" in fault_of(with_header(request, "authorization", header)).message


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_that_is_a_little_off_is_accepted(minutes: int) -> None:
    assert verified(signed(at=WALL + timedelta(minutes=minutes))).principal is ANN


@pytest.mark.parametrize(
    ("minutes", "words"), [(-16, "Signature expired"), (16, "Signature not yet current")]
)
def test_a_signature_is_valid_for_fifteen_minutes_before_and_after_its_date(minutes: int, words: str) -> None:
    fault = fault_of(signed(at=WALL + timedelta(minutes=minutes)))
    assert fault.code == "InvalidSignatureException"
    assert fault.message.startswith(words)


def test_an_unknown_key_and_an_inactive_one_are_refused_alike() -> None:
    unknown = fault_of(signed(key_id="AKIANOBODY"))
    inactive = fault_of(signed(), OneKey(SigningKey(principal=ANN, secret="secret", active=False)))
    assert unknown.code == inactive.code == "UnrecognizedClientException"
    assert unknown.message == inactive.message == "The security token included in the request is invalid."


TEMPORARY = SigningKey(principal=ANN, secret="secret", token="token", expires=WALL + timedelta(hours=1))


def test_temporary_credentials_are_accepted_with_their_token() -> None:
    assert verified(signed(token="token"), OneKey(TEMPORARY)).principal is ANN


@pytest.mark.parametrize("token", [None, "other"])
def test_temporary_credentials_without_their_own_token_are_refused(token: str | None) -> None:
    assert fault_of(signed(token=token), OneKey(TEMPORARY)).code == "UnrecognizedClientException"


def test_a_token_with_a_long_term_key_is_refused() -> None:
    assert fault_of(signed(token="token")).code == "UnrecognizedClientException"


def test_temporary_credentials_expire_by_the_labs_clock() -> None:
    fault = fault_of(signed(token="token"), OneKey(TEMPORARY), now=WALL + timedelta(hours=1))
    assert fault.code == "ExpiredTokenException"


def test_secrets_stay_out_of_representations() -> None:
    representation = repr(TEMPORARY)
    assert "'secret'" not in representation
    assert "'token'" not in representation
