"""HTTP requests and responses as the protocols see them, and the CORS headers that browsers need.

The CORS headers are those of DynamoDB's own endpoints. They give no access: a request without a valid
signature is refused, whichever page it comes from.

Source: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dynaseal_lab.model import Principal

MAX_BODY = 16 * 1024 * 1024
"""How many bytes a request may have: DynamoDB's limit, the largest of the services'."""
_EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date"
_MAX_AGE = "172800"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A complete request.

    Args:
        method: In upper case.
        path: As it was sent, with its percent-encoding.
        query: The query string as it was sent, without the question mark.
        headers: Names in lower case; the values of a repeated header joined by commas, as SigV4 requires.
        body: The bytes that must have been signed.
        source_ip: The client's address.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    source_ip: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Response:
    """A response, ready to be sent."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """What a valid signature proves: who signed the request, for which service in which Region."""

    principal: Principal
    access_key_id: str
    region: str
    service: str


def is_preflight(request: Request) -> bool:
    """Return whether a browser is asking which requests a page may send."""
    return request.method == "OPTIONS" and "origin" in request.headers


def preflight(request: Request) -> Response:
    """Allow a page the method and the headers that the browser has asked for."""
    headers = {"access-control-max-age": _MAX_AGE}
    for requested, allowed in (("method", "methods"), ("headers", "headers")):
        value = request.headers.get(f"access-control-request-{requested}")
        if value is not None:
            headers[f"access-control-allow-{allowed}"] = value
    return Response(200, b"", headers)


def cors_headers(request: Request) -> Mapping[str, str]:
    """Return the headers that let a page read the response; none if the client is not a browser."""
    if "origin" not in request.headers:
        return {}
    return {"access-control-allow-origin": "*", "access-control-expose-headers": _EXPOSED}
