"""KMS's AccessDeniedException."""

from dynaseal_lab.iam.refusal import sentence
from dynaseal_lab.model import Ask, Call, Decision, Fault

_ELSEWHERE = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


def denied(call: Call, ask: Ask, decision: Decision) -> Fault:
    """A refusal over a key that the caller may know of."""
    return Fault("AccessDeniedException", sentence(call.principal, ask, decision))


def denied_elsewhere(call: Call, action: str, what: str = "this resource") -> Fault:
    """A refusal that does not tell whether another account's key exists."""
    return Fault(
        "AccessDeniedException",
        f"User: {call.principal.caller_arn} is not authorized to perform: {action} on {what} {_ELSEWHERE}",
    )
