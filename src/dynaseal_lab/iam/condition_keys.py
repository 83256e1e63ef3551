"""The global condition keys of a call: who calls, when, from where, through which service.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from datetime import datetime

from dynaseal_lab.iam.sessions import Session
from dynaseal_lab.model import AccessRequest, Call, Principal

Keys = dict[str, list[str]]
"""Condition keys in lower case, and their values."""

_PRINCIPAL_TYPES = {
    "root": "Account",
    "user": "User",
    "assumed-role": "AssumedRole",
    "federated-user": "FederatedUser",
}


def condition_keys_of(call: Call, access_request: AccessRequest, session: Session | None) -> Keys:
    """Return every condition key that has a value for this access request, in lower case.

    Args:
        call: The call.
        access_request: The access request, with the service's own condition keys.
        session: The temporary credentials that signed the call, if any.
    """
    keys = principal_keys(call.principal) | {
        "aws:currenttime": [_written(call.time)],
        "aws:epochtime": [str(int(call.time.timestamp()))],
        "aws:securetransport": ["false"],
        "aws:requestedregion": [call.region],
        "aws:resourceaccount": [access_request.resource_account],
        "aws:viaawsservice": ["true" if call.via_service else "false"],
    }
    if call.user_agent:
        keys["aws:useragent"] = [call.user_agent]
    if call.via_service:
        service = ".".join([call.via_service.split(".", 1)[0], "amazonaws.com"])
        keys |= {"aws:calledvia": [service], "aws:calledviafirst": [service], "aws:calledvialast": [service]}
    else:
        # On AWS a service's call comes from an address of the service, which no policy can name.
        keys["aws:sourceip"] = [call.source_ip]
    if session is not None:
        keys["aws:tokenissuetime"] = [_written(session.issued)]
        keys["aws:multifactorauthpresent"] = ["false"]
    for name, values in access_request.condition_keys.items():
        keys.setdefault(name.lower(), []).extend(values)
    return keys


def _written(time: datetime) -> str:
    """Return a time in UTC as policies write it; `strftime` would take five times as long."""
    return time.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def principal_keys(principal: Principal) -> Keys:
    """Return the condition keys that describe a principal; tags of a session override those it began with."""
    if principal.kind == "service":
        return {"aws:principalisawsservice": ["true"], "aws:principalservicename": [principal.name]}
    keys: Keys = {
        "aws:principalarn": [principal.arn],
        "aws:principalaccount": [principal.account],
        "aws:principaltype": [_PRINCIPAL_TYPES[principal.kind]],
        "aws:principalisawsservice": ["false"],
        "aws:userid": [principal.user_id],
    }
    if principal.kind == "user":
        keys["aws:username"] = [principal.name]
    if principal.source_identity is not None:
        keys["aws:sourceidentity"] = [principal.source_identity]
    for name, value in {**principal.tags, **principal.session_tags}.items():
        keys[f"aws:principaltag/{name.lower()}"] = [value]
    return keys
