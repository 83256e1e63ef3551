"""AWS's sentences for a refusal, made from the evaluator's reason.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from collections.abc import Mapping
from types import MappingProxyType

from dynaseal_lab.model import Call, Decision, Fault

_BECAUSE: Mapping[str, str] = MappingProxyType(
    {
        "explicit-deny-identity": "with an explicit deny in an identity-based policy",
        "explicit-deny-resource": "with an explicit deny in a resource-based policy",
        "explicit-deny-boundary": "with an explicit deny in a permissions boundary",
        "explicit-deny-session": "with an explicit deny in a session policy",
        "no-identity-policy": "because no identity-based policy allows the {action} action",
        "no-resource-policy": "because no resource-based policy allows the {action} action",
        "no-boundary": "because no permissions boundary allows the {action} action",
        "no-session-policy": "because no session policy allows the {action} action",
    }
)

_ELSEWHERE = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


def denied(call: Call, action: str, resource: str, decision: Decision) -> Fault:
    """The AccessDeniedException for a decision on a resource that the caller may know of."""
    because = _BECAUSE[decision.reason].format(action=action)
    return Fault(
        "AccessDeniedException",
        f"User: {call.principal.caller_arn} is not authorized to perform: {action} "
        f"on resource: {resource} {because}",
    )


def denied_elsewhere(call: Call, action: str, what: str = "this resource") -> Fault:
    """The AccessDeniedException that does not tell whether another account's resource exists."""
    return Fault(
        "AccessDeniedException",
        f"User: {call.principal.caller_arn} is not authorized to perform: {action} on {what} {_ELSEWHERE}",
    )
