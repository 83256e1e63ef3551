"""Signature Version 4, verified by computing it again with botocore's own signer.

Rules:
- The caller signs `host`, the date and every `x-amz-*` header, or is refused: an unsigned one could be
  changed.
- The body is hashed here; a hash that the caller sends is one more signed header and no more.
- A signature is good for 15 minutes around its date, by the wall clock: the lab's own clock may run ahead.
- Temporary credentials are good with their session token only, and until they expire by the lab's clock.
- Secrets and signatures are compared in constant time and never reach a message.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Protocol

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from dynaseal_lab.model import Fault, Principal
from dynaseal_lab.wire.http import Request, Signed

SKEW = timedelta(minutes=15)
STAMP = "%Y%m%dT%H%M%SZ"
_SCHEME = "AWS4-HMAC-SHA256"
_STAMP_SHAPE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_FIELDS = ("Credential", "SignedHeaders", "Signature")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What belongs to one access key id.

    Args:
        principal: Who signs with it.
        secret: The secret access key.
        token: The session token that must come with it; None for a key without one.
        expires: When it ends, by the lab's clock; None for a key that does not.
        active: False for a key that was switched off.
    """

    principal: Principal
    secret: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    expires: datetime | None = None
    active: bool = True


class SigningKeys(Protocol):
    """Knows the access keys."""

    def find(self, access_key_id: str) -> SigningKey | None:
        """The key of this id, or None."""
        ...

    def note_use(self, signed: Signed, now: datetime) -> None:
        """A request was signed with a key."""
        ...


@dataclass(frozen=True, slots=True)
class _Claim:
    """An Authorization header taken apart."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str


class _Recomputed(SigV4Auth):
    """botocore's signer over exactly the headers that the caller says were signed."""

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        return request.context["signed"]


def verify(request: Request, keys: SigningKeys, *, wall: datetime, now: datetime) -> Signed:
    """Who signed `request`.

    Args:
        request: As it came.
        keys: Where access keys are found.
        wall: The wall clock, UTC, for the signature's date.
        now: The lab's clock, UTC, for the end of temporary credentials.

    Raises:
        Fault: The request is unsigned, or its signature is not good; in the words of AWS's JSON services.
    """
    claim = _claim(request)
    stamp = _stamp(request, claim)
    _check_signed_headers(request, claim)
    key = keys.find(claim.access_key_id)
    if key is None or not key.active:
        raise _unrecognized()
    _check_date(stamp, wall)
    if not hmac.compare_digest(_signature(request, claim, stamp, key.secret), claim.signature):
        raise Fault(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your AWS "
            "Secret Access Key and signing method. Consult the service documentation for details.",
        )
    _check_token(request, key, now)
    return Signed(key.principal, claim.access_key_id, claim.region, claim.service)


def claimed_service(request: Request) -> str | None:
    """The service in the credential's scope, not yet verified: only good for choosing an error's shape."""
    match = re.search(r"Credential=[^/\s]+/\d+/[^/\s]+/([a-z0-9-]+)/aws4_request", _authorization(request))
    return match[1] if match else None


def _authorization(request: Request) -> str:
    return request.headers.get("authorization", "")


def _claim(request: Request) -> _Claim:
    header = _authorization(request)
    if not header.startswith(_SCHEME):
        raise Fault("MissingAuthenticationTokenException", "Request is missing Authentication Token")
    fields = dict(part.strip().split("=", 1) for part in header[len(_SCHEME) :].split(",") if "=" in part)
    missing = [name for name in _FIELDS if not fields.get(name)]
    if missing:
        needs = " ".join(f"Authorization header requires '{name}' parameter." for name in missing)
        raise _incomplete(needs)
    scope = fields["Credential"].split("/")
    if len(scope) != 5 or scope[4] != "aws4_request" or not all(scope):
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            "keyid/date/region/service/term, with the term 'aws4_request'."
        )
    signature = fields["Signature"]
    if not signature.isascii():
        raise _incomplete("Authorization header's 'Signature' must be ASCII.")
    names = tuple(name.strip().lower() for name in fields["SignedHeaders"].split(";"))
    return _Claim(scope[0], scope[1], scope[2], scope[3], names, signature)


def _incomplete(message: str) -> Fault:
    return Fault("IncompleteSignatureException", message)


def _unrecognized() -> Fault:
    return Fault("UnrecognizedClientException", "The security token included in the request is invalid.")


def _stamp(request: Request, claim: _Claim) -> str:
    stamp = request.headers.get("x-amz-date")
    if stamp is None:
        raise _incomplete("Authorization header requires existence of an 'X-Amz-Date' header.")
    if not _STAMP_SHAPE.fullmatch(stamp):
        raise _incomplete(
            "Date must be in ISO-8601 'basic format'. Got 'X-Amz-Date' that is not. "
            "See http://en.wikipedia.org/wiki/ISO_8601"
        )
    if claim.date != stamp[:8]:
        raise Fault(
            "InvalidSignatureException",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{claim.date}' != '{stamp[:8]}', from '{stamp}'.",
        )
    return stamp


def _check_signed_headers(request: Request, claim: _Claim) -> None:
    signed = set(claim.signed_headers)
    needed = {"host"} | {name for name in request.headers if name.startswith("x-amz-")}
    for name in sorted(needed - signed):
        title = name.title()
        raise Fault(
            "InvalidSignatureException", f"'{title}' must be a 'SignedHeader' in the AWS Authorization."
        )


def _check_date(stamp: str, wall: datetime) -> None:
    try:
        signed = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError as error:
        raise _incomplete(f"Date '{stamp}' does not exist.") from error
    current = wall.strftime(STAMP)
    if signed < wall - SKEW:
        edge = (wall - SKEW).strftime(STAMP)
        raise Fault(
            "InvalidSignatureException",
            f"Signature expired: {stamp} is now earlier than {edge} ({current} - 15 min.)",
        )
    if signed > wall + SKEW:
        edge = (wall + SKEW).strftime(STAMP)
        raise Fault(
            "InvalidSignatureException",
            f"Signature not yet current: {stamp} is still later than {edge} ({current} + 15 min.)",
        )


def _signature(request: Request, claim: _Claim, stamp: str, secret: str) -> str:
    signer = _Recomputed(Credentials(claim.access_key_id, secret), claim.service, claim.region)
    target = f"{request.path}?{request.query}" if request.query else request.path
    # The host is signed as a header; a '#' must not hide the rest of the target from the signature.
    again = AWSRequest(method=request.method, url="http://lab" + target.replace("#", "%23"))
    again.headers["X-Amz-Content-SHA256"] = sha256(request.body).hexdigest()
    again.context |= {"timestamp": stamp, "signed": _signed_headers(request.headers, claim)}
    return signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)


def _signed_headers(headers: Mapping[str, str], claim: _Claim) -> HTTPHeaders:
    chosen = HTTPHeaders()
    for name in claim.signed_headers:
        chosen[name] = headers.get(name, "")
    return chosen


def _check_token(request: Request, key: SigningKey, now: datetime) -> None:
    sent = request.headers.get("x-amz-security-token", "")
    if not hmac.compare_digest(sent.encode(), (key.token or "").encode()):
        raise _unrecognized()
    if key.expires is not None and key.expires <= now:
        raise Fault("ExpiredTokenException", "The security token included in the request is expired")
