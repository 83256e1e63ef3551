"""What was decided, call by call: the last decisions with their reasons, and nothing secret."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from dynaseal_lab.model import Ask, Call, Decision
from dynaseal_lab.shelves import InMemory, Shelves

CAPACITY = 20_000
_CONTEXT = "kms:encryptioncontext:"


@dataclass(frozen=True, slots=True)
class Event:
    """One decision. `source` is `direct`, or the service that called with the caller's identity."""

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

    def as_json(self) -> dict[str, object]:
        """The event as JSON has it, its time in ISO 8601."""
        return {**asdict(self), "time": self.time.isoformat(timespec="milliseconds")}


class Trail:
    """The last decisions, oldest first; what is older than its capacity is forgotten."""

    def __init__(self, capacity: int = CAPACITY, shelves: Shelves | None = None) -> None:
        self._events = (shelves or InMemory()).log("trail", Event, capacity)

    def add(self, call: Call, ask: Ask, decision: Decision) -> None:
        """Record one decision."""
        self._events.append(
            Event(
                time=call.time,
                request_id=call.request_id,
                account=call.principal.account,
                principal=call.principal.caller_arn,
                action=ask.action,
                resource=ask.resource,
                region=call.region,
                allowed=decision.allowed,
                reason=decision.reason,
                statements=tuple(decision.statements),
                source=call.via_service or "direct",
                source_ip=call.source_ip,
                encryption_context=_encryption_context(ask),
            )
        )

    def events(self, account: str) -> Sequence[Event]:
        """The events that concern an account, its principals' or on its resources; oldest first."""
        mark = f":{account}:"
        return [event for event in self._events if event.account == account or mark in event.resource]


def _encryption_context(ask: Ask) -> Mapping[str, str]:
    return {
        name[len(_CONTEXT) :]: values[0]
        for name, values in ask.context.items()
        if name.lower().startswith(_CONTEXT)
    }
