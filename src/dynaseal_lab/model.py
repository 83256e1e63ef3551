"""The words that the lab's parts share: who calls, what is asked, what was decided, what is answered.

The way of one call: `wire` verifies the signature and makes a `Call`; the service that is asked names the
actions and resources it needs and asks the `Authorizer`; the decision is recorded; the service answers with
a dictionary in the shape of botocore's output (bytes where the shape is a blob), or raises a `Fault`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Json = Mapping[str, Any]
ContextValues = Mapping[str, Sequence[str]]
"""Condition keys and their values, each a list of texts (`true`, `false`; ISO 8601 for dates)."""


class Fault(Exception):  # noqa: N818 - the word that AWS's API models have for an error answer
    """An error as AWS answers it: `code` and `message` in AWS's own words, and the HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400, details: Json | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status
        self.details: Json = details or {}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who signed a request.

    `arn` is what policies see (`aws:PrincipalArn`: the role's own ARN for a session of a role);
    `caller_arn` is what GetCallerIdentity and error messages say (the session's ARN for a session).
    """

    kind: Literal["root", "user", "assumed-role", "service"]
    account: str
    arn: str
    caller_arn: str
    user_id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    session_policies: Sequence[str] = ()
    session_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    transitive_tags: Sequence[str] = ()
    """Names of the session tags that pass on to a session made from this one."""


@dataclass(frozen=True, slots=True)
class Call:
    """One verified request: `params` as botocore's input shape has them (blobs as bytes, times as datetime).

    DynamoDB (and its streams, which the service `dynamodb` answers too) is the exception, for speed and
    fidelity: there `params` is the body's JSON object as it stands, blobs still base64 text, and `raw_body`
    is the body itself.
    """

    principal: Principal
    access_key_id: str
    service: str
    operation: str
    region: str
    params: Mapping[str, Any]
    request_id: str
    time: datetime
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    via_service: str | None = None
    """`dynamodb.us-west-2.amazonaws.com` when a service calls with the caller's identity."""
    raw_body: bytes = b""
    """The body as it was signed; empty for a call that one service makes to another inside the lab."""


@dataclass(frozen=True, slots=True)
class RawReply:
    """An answer already in the service's own protocol (JSON bytes), success or error, to be sent as it is."""

    body: bytes
    status: int = 200


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to the evaluator: may this call do `action` on `resource`?

    `resource_policies` are policy documents (JSON texts) attached to the resource itself; a key's policy is
    one. `resource_account` owns the resource. `context` adds the service's own condition keys
    (`kms:EncryptionContext:dept`, `dynamodb:LeadingKeys`) to the global ones that the evaluator knows.
    """

    action: str
    resource: str
    resource_account: str
    context: ContextValues = field(default_factory=dict[str, Sequence[str]])
    resource_policies: Sequence[str] = ()
    grants_allow: bool = False
    """A KMS grant with fitting constraints allows it (the service has matched it)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the evaluator decided, and why.

    `reason` is one of a few fixed words, from which a service makes AWS's sentence; `statements` name the
    statements that decided (policy name, Sid or index, effect).
    """

    allowed: bool
    reason: Literal[
        "allowed",
        "explicit-deny-identity",
        "explicit-deny-resource",
        "explicit-deny-boundary",
        "explicit-deny-session",
        "no-identity-policy",
        "no-resource-policy",
        "no-boundary",
        "no-session-policy",
    ]
    statements: Sequence[str] = ()


class Authorizer(Protocol):
    """Gathers the caller's policies, evaluates once, records the decision in the trail."""

    def decide(self, call: Call, ask: Ask) -> Decision:
        """Decide `ask` for `call` and record it; never raises for a refusal."""
        ...


class Clock(Protocol):
    """The lab's time, which may be moved forward."""

    def now(self) -> datetime:
        """The lab's time in UTC."""
        ...


class Service(Protocol):
    """One AWS service of the lab."""

    async def handle(self, call: Call) -> Mapping[str, Any] | RawReply:
        """Answer `call` with botocore's output shape or a finished body, or raise `Fault`."""
        ...
