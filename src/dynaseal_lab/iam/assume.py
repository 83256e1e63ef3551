"""AssumeRole: the trust policy decides, session policies and tags are bound to the session.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
"""

from collections.abc import Iterable, Mapping
from typing import Any

from dynaseal_lab.iam.backend import IamBackend
from dynaseal_lab.iam.names import account_of, session_arn
from dynaseal_lab.iam.policy import Kind, PolicyError, parse
from dynaseal_lab.iam.records import Role
from dynaseal_lab.iam.sessions import Session
from dynaseal_lab.iam.temporary import issue
from dynaseal_lab.model import AccessRequest, Call, ConditionKeys, Fault, Principal, Reply

_CHAINED = 3600
_SHORTEST = 900
_LARGEST_POLICY = 2048


def assume_role(iam: IamBackend, call: Call) -> Reply:
    """Answer AssumeRole."""
    params = call.params
    arn = str(params["RoleArn"])
    role = iam.store.role_of_arn(arn)
    _require_trust(iam, call, arn, role)
    if role is None:
        raise _refused(call, "sts:AssumeRole", arn)
    texts = _session_policies(iam, params)
    principal = _session_principal(call, role, texts)
    seconds = _seconds(iam, call, role)
    credentials = issue(iam, principal, seconds)
    answer: dict[str, Any] = {
        "Credentials": credentials,
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.caller_arn},
    }
    if texts:
        answer["PackedPolicySize"] = min(100, 1 + sum(map(len, texts)) * 100 // _LARGEST_POLICY)
    return answer | {name: params[name] for name in ("SourceIdentity",) if name in params}


def _require_trust(iam: IamBackend, call: Call, arn: str, role: Role | None) -> None:
    if call.principal.kind == "root":
        raise Fault("AccessDenied", "Roles may not be assumed by root accounts.", status=403)
    trust = (role.trust,) if role is not None else ()
    context = _keys(call, role)
    actions = ["sts:AssumeRole"]
    actions += ["sts:TagSession"] if call.params.get("Tags") or call.params.get("TransitiveTagKeys") else []
    actions += ["sts:SetSourceIdentity"] if call.params.get("SourceIdentity") else []
    for action in actions:
        access_request = AccessRequest(action, arn, account_of(arn), context, trust)
        if not iam.authorizer.decide(call, access_request).allowed:
            raise _refused(call, action, arn)


def _refused(call: Call, action: str, arn: str) -> Fault:
    """STS does not say why, nor whether there is such a role."""
    return Fault(
        "AccessDenied",
        f"User: {call.principal.caller_arn} is not authorized to perform: {action} on resource: {arn}",
        status=403,
    )


def _keys(call: Call, role: Role | None) -> ConditionKeys:
    params = call.params
    keys: dict[str, list[str]] = {"sts:RoleSessionName": [params["RoleSessionName"]]}
    if params.get("ExternalId"):
        keys["sts:ExternalId"] = [params["ExternalId"]]
    if params.get("SourceIdentity"):
        keys["sts:SourceIdentity"] = [params["SourceIdentity"]]
    tags = _tags(params.get("Tags", ()))
    keys |= {f"aws:RequestTag/{name}": [value] for name, value in tags.items()}
    if tags:
        keys["aws:TagKeys"] = list(tags)
    if params.get("TransitiveTagKeys"):
        keys["sts:TransitiveTagKeys"] = list(params["TransitiveTagKeys"])
    if role is not None:
        keys |= {f"aws:ResourceTag/{name}": [value] for name, value in role.tags.items()}
        keys |= {f"iam:ResourceTag/{name}": [value] for name, value in role.tags.items()}
    return keys


def _tags(tags: Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for tag in tags:
        if tag["Key"].lower() in map(str.lower, found):
            raise Fault("InvalidParameterValue", "Duplicate tag keys found.")
        found[tag["Key"]] = tag["Value"]
    return found


def _session_policies(iam: IamBackend, params: Mapping[str, Any]) -> tuple[str, ...]:
    texts: list[str] = [params["Policy"]] if params.get("Policy") else []
    for item in params.get("PolicyArns", ()):
        policy = iam.store.policy(item.get("arn", ""))
        if policy is None:
            raise Fault("MalformedPolicyDocument", f"The policy {item.get('arn')} does not exist")
        texts.append(policy.document)
    for text in texts:
        try:
            parse(text, Kind.IDENTITY)
        except PolicyError as error:
            raise Fault("MalformedPolicyDocument", str(error)) from error
    return tuple(texts)


def _session_principal(call: Call, role: Role, texts: tuple[str, ...]) -> Principal:
    name = str(call.params["RoleSessionName"])
    account = account_of(role.arn)
    inherited = _inherited(call)
    return Principal(
        "assumed-role",
        account,
        arn=role.arn,
        caller_arn=session_arn(account, role.name, name),
        user_id=f"{role.id}:{name}",
        name=role.name,
        tags=role.tags,
        session_policies=texts,
        session_tags={**inherited, **_tags(call.params.get("Tags", ()))},
        transitive_tags=(*inherited, *call.params.get("TransitiveTagKeys", ())),
    )


def _inherited(call: Call) -> Mapping[str, str]:
    """The tags that pass from the caller's session to this one."""
    caller = call.principal
    return {name: value for name, value in caller.session_tags.items() if name in caller.transitive_tags}


def _seconds(iam: IamBackend, call: Call, role: Role) -> int:
    chained = _is_session(iam.store.sessions.get(call.access_key_id))
    longest = min(role.max_seconds, _CHAINED) if chained else role.max_seconds
    seconds = int(call.params.get("DurationSeconds", _CHAINED))
    if seconds > longest:
        why = (
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
            "chaining"
            if chained
            else "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
        raise Fault("ValidationError", why)
    return seconds


def _is_session(session: Session | None) -> bool:
    return session is not None and session.principal.kind == "assumed-role"
