"""The global condition keys of a call: who, when, from where, through what.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from dynaseal_lab.iam.sessions import Session
from dynaseal_lab.model import AccessRequest, Call, Principal

Keys = dict[str, list[str]]

_TYPES = {"root": "Account", "user": "User", "assumed-role": "AssumedRole"}


def condition_keys_of(call: Call, access_request: AccessRequest, session: Session | None) -> Keys:
    """Every condition key that has a value in this question, in lower case.

    Args:
        call: The call.
        access_request: The question, with the service's own keys, which take precedence.
        session: The temporary credentials that signed, if they did.
    """
    keys = principal_keys(call.principal) | {
        "aws:currenttime": [call.time.strftime("%Y-%m-%dT%H:%M:%SZ")],
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
        # On AWS a service's call comes from the service's own address; no policy can name it.
        keys["aws:sourceip"] = [call.source_ip]
    if session is not None:
        keys["aws:tokenissuetime"] = [session.issued.strftime("%Y-%m-%dT%H:%M:%SZ")]
        keys["aws:multifactorauthpresent"] = ["false"]
    for name, values in access_request.condition_keys.items():
        keys.setdefault(name.lower(), []).extend(values)
    return keys


def principal_keys(principal: Principal) -> Keys:
    """What is known of a principal; a session's tags cover those of its role."""
    if principal.kind == "service":
        return {"aws:principalisawsservice": ["true"], "aws:principalservicename": [principal.name]}
    keys: Keys = {
        "aws:principalarn": [principal.arn],
        "aws:principalaccount": [principal.account],
        "aws:principaltype": [_TYPES[principal.kind]],
        "aws:principalisawsservice": ["false"],
        "aws:userid": [principal.user_id],
    }
    if principal.kind == "user":
        keys["aws:username"] = [principal.name]
    for name, value in {**principal.tags, **principal.session_tags}.items():
        keys[f"aws:principaltag/{name.lower()}"] = [value]
    return keys
