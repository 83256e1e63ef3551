"""STS: who the caller is, and temporary credentials.

Rules:
- GetCallerIdentity needs no permission, and no policy can deny it.
- A role's trust policy says who may assume it: the principals that it names, and where it names an account,
  that account's principals whose own policies allow it.
- A session can do what its role's policies and its session policies both allow. A session of a role that was
  assumed by another session lasts an hour at most.
- A session of GetFederationToken can call GetCallerIdentity, and nothing else of STS.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dynaseal_lab.iam.assume import assume_role
from dynaseal_lab.iam.backend import IamBackend, Run
from dynaseal_lab.iam.federate import get_federation_token
from dynaseal_lab.model import AccessRequest, Call, Decision, Fault, Reply

_LONGEST_ROOT = 3600
_LONGEST = 129_600
_DEFAULT = 43_200


@dataclass(frozen=True, slots=True)
class StsService:
    """The service STS."""

    iam: IamBackend

    async def handle(self, call: Call) -> Reply:
        """Answer one call.

        Raises:
            Fault: The lab does not have the operation, the call is denied, or the operation fails.
        """
        run = OPERATIONS.get(call.operation)
        if run is None:
            raise Fault("InvalidAction", f"The lab does not have the operation {call.operation}")
        if call.principal.kind == "federated-user" and call.operation != "GetCallerIdentity":
            message = f"Cannot call {call.operation} with session credentials"
            raise Fault("AccessDenied", message, status=403)
        return run(self.iam, call)


def _get_caller_identity(iam: IamBackend, call: Call) -> Reply:
    caller = call.principal
    decision = Decision(True, "allowed", ("GetCallerIdentity needs no permission",))
    iam.authorizer.record(
        call,
        AccessRequest(action="sts:GetCallerIdentity", resource="*", resource_account=caller.account),
        decision,
    )
    return {"UserId": caller.user_id, "Account": caller.account, "Arn": caller.caller_arn}


def _get_access_key_info(iam: IamBackend, call: Call) -> Reply:
    """Return the account of an access key, also of another account's: on AWS anybody may ask for it."""
    iam.require(
        call,
        AccessRequest(action="sts:GetAccessKeyInfo", resource="*", resource_account=call.principal.account),
    )
    key_id = call.params["AccessKeyId"]
    key, session = iam.store.access_key(key_id), iam.store.sessions.get(key_id)
    if key is not None:
        return {"Account": key.account}
    if session is not None:
        return {"Account": session.principal.account}
    raise Fault("ValidationError", f"Invalid access key ID {key_id}")


def _get_session_token(iam: IamBackend, call: Call) -> Reply:
    caller = call.principal
    if caller.kind not in ("root", "user") or iam.store.sessions.get(call.access_key_id) is not None:
        raise Fault("AccessDenied", "Cannot call GetSessionToken with session credentials", status=403)
    longest = _LONGEST_ROOT if caller.kind == "root" else _LONGEST
    seconds = min(call.params.get("DurationSeconds", _DEFAULT), longest)
    decision = Decision(True, "allowed", ("GetSessionToken needs no permission",))
    iam.authorizer.record(
        call,
        AccessRequest(action="sts:GetSessionToken", resource="*", resource_account=caller.account),
        decision,
    )
    return {"Credentials": iam.store.sessions.issue(caller, seconds, iam.clock.now()).described()}


OPERATIONS: Mapping[str, Run] = MappingProxyType(
    {
        "AssumeRole": assume_role,
        "GetAccessKeyInfo": _get_access_key_info,
        "GetCallerIdentity": _get_caller_identity,
        "GetFederationToken": get_federation_token,
        "GetSessionToken": _get_session_token,
    }
)
"""Every operation of STS that the lab has."""
