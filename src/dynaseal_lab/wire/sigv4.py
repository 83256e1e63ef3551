"""Signature Version 4, verified by computing the signature again.

SDKs send almost every request to the path `/` without a query. What is signed of such a request is written
out here, which takes a tenth of the time that botocore's own signer takes; the signer does it for every other
request, whose path and query have to be normalised. A test compares the two.

Rules:
- `host`, the date and every `x-amz-*` header must be signed: an unsigned header could have been changed.
- The body is always hashed here. A hash that the caller sends is only one more signed header.
- A signature is valid for 15 minutes before and after its date, by the wall clock: the lab's own clock may
  have been moved forward.
- Temporary credentials are valid only with their session token, and until they expire by the lab's clock.
- Secrets and signatures are compared in constant time, and no message contains them.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Protocol

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from dynaseal_lab.model import Fault, Principal
from dynaseal_lab.wire.http import Request, VerifiedSignature

SKEW = timedelta(minutes=15)
STAMP = "%Y%m%dT%H%M%SZ"
_SCHEME = "AWS4-HMAC-SHA256"
_TERM = "aws4_request"
_STAMP_SHAPE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_FIELDS = ("Credential", "SignedHeaders", "Signature")


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """What the lab knows about one access key id.

    Args:
        principal: Who signs with it.
        secret: The secret access key.
        token: The session token that requests must have; None if the key is not temporary.
        expires: When the key expires, by the lab's clock; None if it does not.
        active: False if the key was made inactive.
    """

    principal: Principal
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires: datetime | None = None
    active: bool = True


class SigningKeys(Protocol):
    """Finds the signing keys of access key ids."""

    def find(self, access_key_id: str) -> SigningKey | None:
        """Return the signing key of this access key id, or None."""
        ...

    def note_use(self, signature: VerifiedSignature, now: datetime) -> None:
        """Store that a request was signed with a key."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Authorization:
    """The parts of an Authorization header, not yet verified."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


class _Signer(SigV4Auth):
    """botocore's signer, over exactly the headers that the caller says are signed."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.context["signed"]


def verify(request: Request, keys: SigningKeys, *, wall: datetime, now: datetime) -> VerifiedSignature:
    """Return who signed a request.

    Args:
        request: The request.
        keys: Where to find signing keys.
        wall: The time by the wall clock, UTC, for the signature's date.
        now: The time by the lab's clock, UTC, for temporary credentials.

    Raises:
        Fault: The request is not signed, or its signature is not valid; with the codes of AWS's JSON
            services.
    """
    authorization = _parse_authorization(request)
    stamp = _stamp(request, authorization)
    _check_signed_headers(request, authorization)
    key = keys.find(authorization.access_key_id)
    if key is None or not key.active:
        raise _unrecognized()
    _check_date(stamp, wall)
    if not hmac.compare_digest(
        _signature(request, authorization, stamp, key.secret), authorization.signature
    ):
        raise Fault(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS "
            "Secret Access Key and signing method. Consult the service documentation for details.",
        )
    _check_token(request, key, now)
    return VerifiedSignature(
        key.principal, authorization.access_key_id, authorization.region, authorization.service
    )


def claimed_service(request: Request) -> str | None:
    """Return the service in the credential's scope, unverified: use it only to choose an error's form."""
    match = re.search(
        r"Credential=[^/\s]+/\d+/[^/\s]+/([a-z0-9-]+)/aws4_request", _authorization_header(request)
    )
    return match[1] if match else None


def _authorization_header(request: Request) -> str:
    return request.headers.get("authorization", "")


def _parse_authorization(request: Request) -> _Authorization:
    header = _authorization_header(request)
    if not header.startswith(_SCHEME):
        raise Fault("MissingAuthenticationTokenException", "Request is missing Authentication Token")
    fields = dict(part.strip().split("=", 1) for part in header[len(_SCHEME) :].split(",") if "=" in part)
    missing = [name for name in _FIELDS if not fields.get(name)]
    if missing:
        message = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise _incomplete(message)
    scope = fields["Credential"].split("/")
    if len(scope) != 5 or scope[4] != _TERM or not all(scope):
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            "keyid/date/region/service/term, with the term 'aws4_request'."
        )
    signature = fields["Signature"]
    if not signature.isascii():
        raise _incomplete("Authorization header's 'Signature' must be ASCII.")
    names = tuple(name.strip().lower() for name in fields["SignedHeaders"].split(";"))
    return _Authorization(
        access_key_id=scope[0],
        date=scope[1],
        region=scope[2],
        service=scope[3],
        signed_headers=names,
        signature=signature,
    )


def _incomplete(message: str) -> Fault:
    return Fault("IncompleteSignatureException", message)


def _unrecognized() -> Fault:
    return Fault("UnrecognizedClientException", "The security token included in the request is invalid.")


def _stamp(request: Request, authorization: _Authorization) -> str:
    stamp = request.headers.get("x-amz-date")
    if stamp is None:
        raise _incomplete("Authorization header requires existence of an 'X-Amz-Date' header.")
    if not _STAMP_SHAPE.fullmatch(stamp):
        raise _incomplete(
            "Date must be in ISO-8601 'basic format'. Got 'X-Amz-Date' that is not. "
            "See http://en.wikipedia.org/wiki/ISO_8601"
        )
    if authorization.date != stamp[:8]:
        raise Fault(
            "InvalidSignatureException",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{authorization.date}' != '{stamp[:8]}', from '{stamp}'.",
        )
    return stamp


def _check_signed_headers(request: Request, authorization: _Authorization) -> None:
    must_be_signed = {"host"} | {name for name in request.headers if name.startswith("x-amz-")}
    for name in sorted(must_be_signed - set(authorization.signed_headers)):
        title = name.title()
        raise Fault(
            "InvalidSignatureException", f"'{title}' must be a 'SignedHeader' in the AWS Authorization."
        )


def _check_date(stamp: str, wall: datetime) -> None:
    try:
        # Not by strptime, which takes ten times as long.
        signed = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise _incomplete(f"Date '{stamp}' does not exist.") from error
    if wall - SKEW <= signed <= wall + SKEW:
        return
    current = wall.strftime(STAMP)
    if signed < wall:
        edge = (wall - SKEW).strftime(STAMP)
        raise Fault(
            "InvalidSignatureException",
            f"Signature expired: {stamp} is now earlier than {edge} ({current} - 15 min.)",
        )
    edge = (wall + SKEW).strftime(STAMP)
    raise Fault(
        "InvalidSignatureException",
        f"Signature not yet current: {stamp} is still later than {edge} ({current} + 15 min.)",
    )


def _signature(request: Request, authorization: _Authorization, stamp: str, secret: str) -> str:
    plain = request.path == "/" and not request.query
    canonical = (_canonical_plain_request if plain else _canonical_request)(request, authorization)
    scope = "/".join((authorization.date, authorization.region, authorization.service, _TERM))
    string_to_sign = "\n".join((_SCHEME, stamp, scope, sha256(canonical.encode()).hexdigest()))
    key = _signing_key(secret, authorization.date, authorization.region, authorization.service)
    return hmac.digest(key, string_to_sign.encode(), "sha256").hex()


@lru_cache(maxsize=512)
def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Return the key that signs one day's requests to a service in a Region."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, _TERM):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical_plain_request(request: Request, authorization: _Authorization) -> str:
    """Return what is signed of a request to the path `/` without a query."""
    names = sorted(set(authorization.signed_headers))
    values = [" ".join(request.headers.get(name, "").split()) for name in names]
    headers = [f"{name}:{value}" for name, value in zip(names, values, strict=True)]
    body = sha256(request.body).hexdigest()
    return "\n".join((request.method, "/", "", *headers, "", ";".join(names), body))


def _canonical_request(request: Request, authorization: _Authorization) -> str:
    """Return what is signed of any request, by botocore's own signer."""
    signer = _Signer(Credentials("", ""), authorization.service, authorization.region)
    target = f"{request.path}?{request.query}" if request.query else request.path
    # The URL's host does not matter: `host` is signed as a header. A '#' is encoded, because botocore would
    # take what follows it for a fragment and leave it out of the signature.
    recomputed = AWSRequest(method=request.method, url="http://lab" + target.replace("#", "%23"))
    recomputed.headers["X-Amz-Content-SHA256"] = sha256(request.body).hexdigest()
    recomputed.context["signed"] = _signed_headers(request.headers, authorization)
    return signer.canonical_request(recomputed)


def _signed_headers(headers: Mapping[str, str], authorization: _Authorization) -> HTTPHeaders:
    signed = HTTPHeaders()
    for name in sorted(set(authorization.signed_headers)):
        signed[name] = headers.get(name, "")
    return signed


def _check_token(request: Request, key: SigningKey, now: datetime) -> None:
    token = request.headers.get("x-amz-security-token", "")
    if not hmac.compare_digest(token.encode(), (key.token or "").encode()):
        raise _unrecognized()
    if key.expires is not None and key.expires <= now:
        raise Fault("ExpiredTokenException", "The security token included in the request is expired")
