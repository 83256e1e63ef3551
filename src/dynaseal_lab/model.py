"""The types that the lab's parts share: calls and who makes them, access requests, decisions, replies.

How one call is answered: `wire` verifies the signature and makes a `Call`; the service works out which
actions on which resources the call needs, and passes an `AccessRequest` for each of them to the `Authorizer`,
which records its `Decision`; then the service returns a `Reply`, or raises a `Fault`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Params = Mapping[str, Any]
"""The parameters of an operation, or a structure inside them, in the form of botocore's input shapes."""

Reply = Mapping[str, Any]
"""What a service returns, or a structure inside it, as botocore's output shapes have them; blobs as bytes."""

ConditionKeys = Mapping[str, Sequence[str]]
"""Condition keys, each with a list of strings: `true` and `false` for booleans, ISO 8601 for dates."""


class Fault(Exception):  # noqa: N818 - AWS's API models call an error reply a fault
    """An error as AWS returns it: `code` and `message` in AWS's own words, and the HTTP status."""

    def __init__(self, code: str, message: str, *, status: int = 400, details: Reply | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status
        self.details: Reply = details or {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who signed a request.

    `arn` is what policies see (`aws:PrincipalArn`: the role's own ARN for a session of a role);
    `caller_arn` is what GetCallerIdentity and error messages show (the session's ARN for a session).
    """

    kind: Literal["root", "user", "assumed-role", "federated-user", "service"]
    account: str
    arn: str
    caller_arn: str
    user_id: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    session_policies: Sequence[str] = ()
    session_tags: Mapping[str, str] = field(default_factory=dict[str, str])
    transitive_tags: Sequence[str] = ()
    """Names of the session tags that are passed on to a session made from this one."""
    source_identity: str | None = None
    """The source identity of the session, or of the first session in its chain; it never changes."""
    issuer_arn: str = ""
    """The ARN of the user, or the root user, who called GetFederationToken; only for its sessions."""
    issuer_id: str = ""
    """The unique id of that user; for root, the account."""

    @property
    def needs_no_identity_policy(self) -> bool:
        """Whether no identity-based policy has to allow anything: for root, its sessions, and services."""
        return self.kind in ("root", "service") or self.issuer_id == self.account


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One verified request; `params` as botocore's input shape has them (blobs as bytes, times as datetime).

    DynamoDB (and its streams, which the service `dynamodb` answers too) is the exception, for speed and
    fidelity: there `params` is the body's JSON object unchanged, blobs still base64 strings, and `raw_body`
    is the body itself.
    """

    principal: Principal
    access_key_id: str
    service: str
    operation: str
    region: str
    params: Params
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
    """A reply already in the service's own protocol (JSON bytes), success or error, sent unchanged."""

    body: bytes
    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """A question to the evaluator: may this call do `action` on `resource`?

    `resource_policies` are the policy documents (JSON strings) attached to the resource itself, such as a
    key's policy. `resource_account` owns the resource. `condition_keys` are the service's own
    (`kms:EncryptionContext:dept`, `dynamodb:LeadingKeys`), in addition to the global ones that the evaluator
    adds itself.
    """

    action: str
    resource: str
    resource_account: str
    condition_keys: ConditionKeys = field(default_factory=dict[str, Sequence[str]])
    resource_policies: Sequence[str] = ()
    grants_allow: bool = False
    """Whether a KMS grant whose constraints are met allows it (KMS has checked that)."""
    resource_policy_counts: bool = True
    """False where identity-based policies decide about a KMS key: it is being created and has no policy yet,
    or a grant is retired, which no key policy can allow or deny."""


Reason = Literal[
    "allowed",
    "explicit-deny-control",
    "explicit-deny-identity",
    "explicit-deny-resource",
    "explicit-deny-boundary",
    "explicit-deny-session",
    "no-control-policy",
    "no-identity-policy",
    "no-resource-policy",
    "no-boundary",
    "no-session-policy",
]
_REASONS_IN_WORDS: Mapping[str, str] = {
    "explicit-deny-control": "a service control policy denies it",
    "explicit-deny-identity": "an identity policy denies it",
    "explicit-deny-resource": "the resource's policy denies it",
    "explicit-deny-boundary": "the permissions boundary denies it",
    "explicit-deny-session": "the session policy denies it",
    "no-control-policy": "no service control policy allows it",
    "no-identity-policy": "no identity policy allows it",
    "no-resource-policy": "the resource's policy does not allow it",
    "no-boundary": "the permissions boundary does not allow it",
    "no-session-policy": "the session policy does not allow it",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the evaluator decided, and why.

    `reason` is one of a few fixed words, from which a service makes AWS's message; `statements` name the
    statements that decided (effect, policy name, Sid or index).
    """

    allowed: bool
    reason: Reason
    statements: Sequence[str] = ()


def reason_in_words(reason: str) -> str:
    """Return the reason of a decision as a phrase; anything else, such as an error's code, as it is."""
    return _REASONS_IN_WORDS.get(reason, reason)


class Authorizer(Protocol):
    """Collects the caller's policies, evaluates them once, and records the decision in the trail."""

    def decide(self, call: Call, access_request: AccessRequest) -> Decision:
        """Decide whether `call` may do this, and record it; never raises when access is denied."""
        ...


class Clock(Protocol):
    """The lab's time, which may be moved forward."""

    def now(self) -> datetime:
        """Return the lab's time in UTC."""
        ...


class Service(Protocol):
    """One AWS service of the lab."""

    async def handle(self, call: Call) -> Reply | RawReply:
        """Answer `call`, or raise `Fault`."""
        ...
