"""AssumeRole: the role's trust policy decides; session policies and tags are bound to the new session.

Along a chain of roles:
- A transitive tag is passed on to every later session and cannot get another value.
- A source identity is passed on, too, and cannot get another value.
- What is passed on needs the same permission as what the request sets (`sts:TagSession`,
  `sts:SetSourceIdentity`), in the trust policy of every role of the chain.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dynaseal_lab.iam.backend import IamBackend
from dynaseal_lab.iam.bound_principals import bound_document
from dynaseal_lab.iam.names import account_of, is_arn, session_arn
from dynaseal_lab.iam.records import Role
from dynaseal_lab.iam.session_parameters import packed_size, request_tag_keys, session_policies, session_tags
from dynaseal_lab.iam.sessions import Session
from dynaseal_lab.model import AccessRequest, Call, ConditionKeys, Fault, Principal, Reply

_ONE_HOUR = 3600
"""How long a session lasts that the request does not time, and the longest one made by another session."""


def assume_role(iam: IamBackend, call: Call) -> Reply:
    """Answer AssumeRole.

    Raises:
        Fault: AccessDenied, or what is wrong with the session policies, tags or duration.
    """
    params = call.params
    arn = str(params["RoleArn"])
    if not is_arn(arn):
        raise Fault("ValidationError", f"{arn} is invalid")
    role = iam.store.roles.of_arn(arn)
    _check_tags(call)
    _require_trust(iam, call, arn, role)
    if role is None:
        raise _denied(call, "sts:AssumeRole", arn)
    documents = session_policies(iam, account_of(role.arn), params)
    principal = _session_principal(call, role, documents)
    session = iam.store.sessions.issue(principal, _seconds(iam, call, role), iam.clock.now())
    reply: dict[str, Any] = {
        "Credentials": session.described(),
        "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.caller_arn},
    }
    if documents:
        reply["PackedPolicySize"] = packed_size(documents)
    if principal.source_identity is not None:
        reply["SourceIdentity"] = principal.source_identity
    return reply


def _require_trust(iam: IamBackend, call: Call, arn: str, role: Role | None) -> None:
    """Refuse a caller that the role does not trust.

    A role that does not exist is evaluated too, so that the trail shows the attempt.
    """
    if call.principal.kind == "root":
        raise Fault("AccessDenied", "Roles may not be assumed by root accounts.", status=403)
    trust = (bound_document(role.trust, role.trusted),) if role is not None else ()
    condition_keys = _condition_keys(call, role)
    for action in _actions(call):
        access_request = AccessRequest(
            action=action,
            resource=arn,
            resource_account=account_of(arn),
            condition_keys=condition_keys,
            resource_policies=trust,
        )
        if not iam.authorizer.decide(call, access_request).allowed:
            raise _denied(call, action, arn)
    if call.params.get("SourceIdentity", _source_identity(call)) != _source_identity(call):
        raise _denied(call, "sts:SetSourceIdentity", arn)


def _actions(call: Call) -> Sequence[str]:
    """Return the actions that a request needs, for what it sets and for what the session inherits."""
    actions = ["sts:AssumeRole"]
    if call.params.get("Tags") or call.params.get("TransitiveTagKeys") or _inherited_tags(call):
        actions.append("sts:TagSession")
    if _source_identity(call) is not None:
        actions.append("sts:SetSourceIdentity")
    return actions


def _check_tags(call: Call) -> None:
    """Refuse tags that AWS refuses: repeated, inherited as transitive, or transitive without being set.

    Raises:
        Fault: InvalidParameterValue.
    """
    names = {name.lower() for name in session_tags(call.params.get("Tags", ()))}
    if names & {name.lower() for name in _inherited_tags(call)}:
        raise Fault(
            "InvalidParameterValue",
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive "
            "tag key from the calling session.",
        )
    if not {name.lower() for name in call.params.get("TransitiveTagKeys", ())} <= names:
        raise Fault(
            "InvalidParameterValue",
            "The specified transitive tag key must be included in the requested tags.",
        )


def _source_identity(call: Call) -> str | None:
    """Return the source identity of the new session: the caller's, or else the request's."""
    return call.principal.source_identity or call.params.get("SourceIdentity") or None


def _denied(call: Call, action: str, arn: str) -> Fault:
    """Return STS's error, which tells neither the reason nor whether the role exists."""
    return Fault(
        "AccessDenied",
        f"User: {call.principal.caller_arn} is not authorized to perform: {action} on resource: {arn}",
        status=403,
    )


def _condition_keys(call: Call, role: Role | None) -> ConditionKeys:
    params = call.params
    keys: dict[str, list[str]] = {"sts:RoleSessionName": [params["RoleSessionName"]]}
    if params.get("ExternalId"):
        keys["sts:ExternalId"] = [params["ExternalId"]]
    source_identity = _source_identity(call)
    if source_identity is not None:
        keys["sts:SourceIdentity"] = [source_identity]
    keys |= request_tag_keys(session_tags(params.get("Tags", ())))
    if params.get("TransitiveTagKeys"):
        keys["sts:TransitiveTagKeys"] = list(params["TransitiveTagKeys"])
    if role is not None:
        keys |= {f"aws:ResourceTag/{name}": [value] for name, value in role.tags.items()}
        keys |= {f"iam:ResourceTag/{name}": [value] for name, value in role.tags.items()}
    return keys


def _session_principal(call: Call, role: Role, documents: tuple[str, ...]) -> Principal:
    name = str(call.params["RoleSessionName"])
    account = account_of(role.arn)
    inherited = _inherited_tags(call)
    return Principal(
        kind="assumed-role",
        account=account,
        arn=role.arn,
        caller_arn=session_arn(account, role.name, name),
        user_id=f"{role.id}:{name}",
        name=role.name,
        tags=role.tags,
        session_policies=documents,
        session_tags={**inherited, **session_tags(call.params.get("Tags", ()))},
        transitive_tags=(*inherited, *call.params.get("TransitiveTagKeys", ())),
        source_identity=_source_identity(call),
    )


def _inherited_tags(call: Call) -> Mapping[str, str]:
    """Return the transitive tags of the caller's session."""
    caller = call.principal
    return {name: value for name, value in caller.session_tags.items() if name in caller.transitive_tags}


def _seconds(iam: IamBackend, call: Call, role: Role) -> int:
    chained = _is_of_role(iam.store.sessions.get(call.access_key_id))
    longest = min(role.max_seconds, _ONE_HOUR) if chained else role.max_seconds
    seconds = int(call.params.get("DurationSeconds", _ONE_HOUR))
    if seconds > longest:
        message = (
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role "
            "chaining"
            if chained
            else "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
        raise Fault("ValidationError", message)
    return seconds


def _is_of_role(session: Session | None) -> bool:
    return session is not None and session.principal.kind == "assumed-role"
