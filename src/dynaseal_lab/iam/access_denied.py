"""AWS's message for a call that was denied, made from the evaluator's decision.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from collections.abc import Mapping

from dynaseal_lab.model import AccessRequest, Decision, Principal

_BECAUSE: Mapping[str, str] = {
    "explicit-deny-control": "with an explicit deny in a service control policy",
    "explicit-deny-identity": "with an explicit deny in an identity-based policy",
    "explicit-deny-resource": "with an explicit deny in a resource-based policy",
    "explicit-deny-boundary": "with an explicit deny in a permissions boundary",
    "explicit-deny-session": "with an explicit deny in a session policy",
    "no-control-policy": "because no service control policy allows the {action} action",
    "no-identity-policy": "because no identity-based policy allows the {action} action",
    "no-resource-policy": "because no resource-based policy allows the {action} action",
    "no-boundary": "because no permissions boundary allows the {action} action",
    "no-session-policy": "because no session policy allows the {action} action",
}


def access_denied_message(principal: Principal, access_request: AccessRequest, decision: Decision) -> str:
    """Return why a principal was denied, in AWS's words."""
    because = _BECAUSE[decision.reason].format(action=access_request.action)
    return (
        f"User: {principal.caller_arn} is not authorized to perform: {access_request.action} "
        f"on resource: {access_request.resource} {because}"
    )
