"""The trail: the last decisions, call by call, with their reasons and without anything secret.

Rules:
- Every decision of the evaluator is an event. A call that failed before the evaluator decided anything (no
  such key, an invalid value) is an event with the outcome `failed`, or `denied` if its error is a denial.
- An event has names from the request and the encryption context, which AWS's own logs show too. It never has
  a plaintext, a key, or the message of an error, which could repeat one of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from dynaseal_lab.model import AccessRequest, Call, Decision, Fault, reason_in_words
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore

CAPACITY = 20_000
_REMEMBERED_REQUESTS = 4096
_CONTEXT_PREFIX = "kms:encryptioncontext:"
_RESOURCE_PARAMETERS = (
    "KeyId",
    "TableName",
    "TableArn",
    "RoleArn",
    "PolicyArn",
    "UserName",
    "RoleName",
    "GroupName",
)
_SERVICES = {"dynamodbstreams": "dynamodb"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One decision, or one call that failed without a decision.

    `source` is `direct`, or the service that called with the caller's identity; `sequence` numbers the lab's
    events.
    """

    time: datetime
    request_id: str
    account: str
    principal: str
    action: str
    resource: str
    region: str
    allowed: bool
    reason: str
    statements: Sequence[str]
    source: str
    source_ip: str
    encryption_context: Mapping[str, str] = field(default_factory=dict[str, str])
    outcome: Literal["allowed", "denied", "failed"] = "allowed"
    sequence: int = 0

    def as_json(self) -> dict[str, object]:
        """Return the event for JSON, with its time in ISO 8601 and its reason also in words."""
        return {
            **asdict(self),
            "time": self.time.isoformat(timespec="milliseconds"),
            "reason_in_words": reason_in_words(self.reason),
        }


class Trail:
    """The last events, oldest first; beyond the capacity the oldest are dropped."""

    def __init__(self, capacity: int = CAPACITY, record_store: RecordStore | None = None) -> None:
        self._events = (record_store or InMemoryRecordStore()).log("trail", Event, capacity)
        self._count = max((event.sequence for event in self._events), default=0)
        self._decided: dict[str, None] = {}
        """The ids of the last requests with a decision, oldest first."""

    def add(self, call: Call, access_request: AccessRequest, decision: Decision) -> None:
        """Record a decision."""
        self._decided[call.request_id] = None
        if len(self._decided) > _REMEMBERED_REQUESTS:
            del self._decided[next(iter(self._decided))]
        self._append(
            call,
            access_request.action,
            access_request.resource,
            "allowed" if decision.allowed else "denied",
            reason=decision.reason,
            statements=tuple(decision.statements),
            context=_encryption_context(access_request),
        )

    def add_failure(self, call: Call, fault: Fault) -> None:
        """Record a call that ended in an error, unless there is a decision about it already."""
        if call.request_id in self._decided:
            return
        action = f"{_SERVICES.get(call.service, call.service)}:{call.operation}"
        resource = next((str(call.params[name]) for name in _RESOURCE_PARAMETERS if name in call.params), "*")
        outcome = "denied" if fault.code.startswith("AccessDenied") else "failed"
        self._append(call, action, resource, outcome, reason=fault.code)

    def events(self, account: str, after: int = 0) -> Sequence[Event]:
        """Return the events of an account's principals or on its resources, oldest first.

        Args:
            account: The account's number.
            after: Return only events with a higher sequence number.
        """
        in_arn = f":{account}:"
        return [
            event
            for event in self._events
            if event.sequence > after and (event.account == account or in_arn in event.resource)
        ]

    def _append(
        self,
        call: Call,
        action: str,
        resource: str,
        outcome: Literal["allowed", "denied", "failed"],
        *,
        reason: str,
        statements: Sequence[str] = (),
        context: Mapping[str, str] | None = None,
    ) -> None:
        self._count += 1
        self._events.append(
            Event(
                time=call.time,
                request_id=call.request_id,
                account=call.principal.account,
                principal=call.principal.caller_arn,
                action=action,
                resource=resource,
                region=call.region,
                allowed=outcome == "allowed",
                reason=reason,
                statements=statements,
                source=call.via_service or "direct",
                source_ip=call.source_ip,
                encryption_context=context or {},
                outcome=outcome,
                sequence=self._count,
            )
        )


def _encryption_context(access_request: AccessRequest) -> Mapping[str, str]:
    if not access_request.action.startswith("kms:"):
        return {}
    return {
        name[len(_CONTEXT_PREFIX) :]: values[0]
        for name, values in access_request.condition_keys.items()
        if name.lower().startswith(_CONTEXT_PREFIX)
    }
