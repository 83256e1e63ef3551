"""What was decided, call by call: the last decisions with their reasons, and nothing secret.

Rules:
- Every decision of the evaluator is an event. A call that failed before anything was decided (no such key, a
  wrong value) is an event of the outcome `failed`, or `denied` where the answer says so.
- Of the request an event has names and the encryption context, which AWS's own logs show too; never a value
  that is encrypted, never a key, and no error text, which could repeat either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from dynaseal_lab.model import AccessRequest, Call, Decision, Fault
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore

CAPACITY = 20_000
_IN_FLIGHT = 4096
_CONTEXT = "kms:encryptioncontext:"
_NAMES = ("KeyId", "TableName", "TableArn", "RoleArn", "PolicyArn", "UserName", "RoleName", "GroupName")
_SERVICES = {"dynamodbstreams": "dynamodb"}


@dataclass(frozen=True, slots=True)
class Event:
    """One decision.

    `source` is `direct`, or the service that called with the caller's identity; `sequence` counts the events
    of the lab.
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
        """The event as JSON has it, its time in ISO 8601."""
        return {**asdict(self), "time": self.time.isoformat(timespec="milliseconds")}


class Trail:
    """The last decisions, oldest first; what is older than its capacity is forgotten."""

    def __init__(self, capacity: int = CAPACITY, record_store: RecordStore | None = None) -> None:
        self._events = (record_store or InMemoryRecordStore()).log("trail", Event, capacity)
        self._count = max((event.sequence for event in self._events), default=0)
        self._decided: dict[str, None] = {}
        """The ids of the last requests about which something was decided, oldest first."""

    def add(self, call: Call, access_request: AccessRequest, decision: Decision) -> None:
        """Record one decision."""
        self._decided[call.request_id] = None
        if len(self._decided) > _IN_FLIGHT:
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
        """Record a call that was answered with an error, unless something was decided about it."""
        if call.request_id in self._decided:
            return
        action = f"{_SERVICES.get(call.service, call.service)}:{call.operation}"
        resource = next((str(call.params[name]) for name in _NAMES if name in call.params), "*")
        outcome = "denied" if fault.code.startswith("AccessDenied") else "failed"
        self._append(call, action, resource, outcome, reason=fault.code)

    def events(self, account: str, after: int = 0) -> Sequence[Event]:
        """The events that concern an account, its principals' or on its resources; oldest first.

        Args:
            account: Its number.
            after: Only what came after the event of this sequence number.
        """
        mark = f":{account}:"
        return [
            event
            for event in self._events
            if event.sequence > after and (event.account == account or mark in event.resource)
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
    return {
        name[len(_CONTEXT) :]: values[0]
        for name, values in access_request.condition_keys.items()
        if name.lower().startswith(_CONTEXT)
    }
