"""One HTTP request and one HTTP response, as the protocols see them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dynaseal_lab.model import Principal

MAX_BODY = 16 * 1024 * 1024
"""DynamoDB's limit for a request, the largest of the services'."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request read whole.

    Args:
        method: In capitals.
        path: As it was sent, percent-encoding kept.
        query: Without the question mark, as it was sent.
        headers: Names in lower case; the values of a repeated header joined by commas, as SigV4 wants them.
        body: The bytes that must have been signed.
        source_ip: Where it came from.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    source_ip: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Response:
    """A response, ready to send."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Signed:
    """What a valid signature says: who asks, and which service in which Region they meant."""

    principal: Principal
    access_key_id: str
    region: str
    service: str
