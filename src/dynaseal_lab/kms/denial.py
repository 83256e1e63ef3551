"""KMS's AccessDeniedException."""

from dynaseal_lab.iam.access_denied import access_denied_message
from dynaseal_lab.model import AccessRequest, Call, Decision, Fault

_ELSEWHERE = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


def denied(call: Call, access_request: AccessRequest, decision: Decision) -> Fault:
    """A refusal over a key that the caller may know of."""
    return Fault("AccessDeniedException", access_denied_message(call.principal, access_request, decision))


def denied_elsewhere(call: Call, action: str, what: str = "this resource") -> Fault:
    """A refusal that does not tell whether another account's key exists."""
    return Fault(
        "AccessDeniedException",
        f"User: {call.principal.caller_arn} is not authorized to perform: {action} on {what} {_ELSEWHERE}",
    )
