"""Policies of users, groups and roles, inline and attached: the same operations for each of the three."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from dynaseal_lab.iam.desk import Desk, Operation, ResourceOf, Run
from dynaseal_lab.iam.operations import find
from dynaseal_lab.iam.operations.common import (
    NOTHING,
    check_document,
    encoded,
    exceeded,
    in_path,
    missing,
    page,
)
from dynaseal_lab.iam.policy import Kind
from dynaseal_lab.iam.records import Group, Role, User
from dynaseal_lab.model import Call, Json

_MOST_ATTACHED = 10


@dataclass(frozen=True, slots=True)
class _Of:
    """One of the three kinds of holder.

    Args:
        title: As operations and members spell it.
        find: From a request to the record.
        resource: From a request to the ARN.
        largest: How many characters all inline policies may have together.
    """

    title: str
    find: Callable[[Desk, Call], User | Group | Role]
    resource: ResourceOf
    largest: int


_KINDS = (
    _Of("User", find.user, find.user_arn, 2048),
    _Of("Group", find.group, find.group_arn, 5120),
    _Of("Role", find.role, find.role_arn, 10240),
)


def _keep(desk: Desk, call: Call, changed: User | Group | Role) -> None:
    account = call.principal.account
    if isinstance(changed, User):
        desk.store.users.put(account, changed)
    elif isinstance(changed, Group):
        desk.store.groups.put(account, changed)
    else:
        desk.store.roles.put(account, changed)


def _put(kind: _Of) -> Run:
    def run(desk: Desk, call: Call) -> Json:
        holder, document = kind.find(desk, call), call.params["PolicyDocument"]
        check_document(document, Kind.IDENTITY)
        inline = {**holder.inline, call.params["PolicyName"]: document}
        if sum(len("".join(text.split())) for text in inline.values()) > kind.largest:
            raise exceeded(
                f"Maximum policy size of {kind.largest} bytes exceeded for {kind.title.lower()} {holder.name}"
            )
        _keep(desk, call, replace(holder, inline=inline))
        return NOTHING

    return run


def _document(kind: _Of, holder: User | Group | Role, name: str) -> str:
    if name not in holder.inline:
        raise missing(f"The {kind.title.lower()} policy with name {name} cannot be found.")
    return holder.inline[name]


def _get(kind: _Of) -> Run:
    def run(desk: Desk, call: Call) -> Json:
        holder, name = kind.find(desk, call), call.params["PolicyName"]
        document = _document(kind, holder, name)
        return {f"{kind.title}Name": holder.name, "PolicyName": name, "PolicyDocument": encoded(document)}

    return run


def _delete(kind: _Of) -> Run:
    def run(desk: Desk, call: Call) -> Json:
        holder, name = kind.find(desk, call), call.params["PolicyName"]
        _document(kind, holder, name)
        kept = {other: text for other, text in holder.inline.items() if other != name}
        _keep(desk, call, replace(holder, inline=kept))
        return NOTHING

    return run


def _list(kind: _Of) -> Run:
    def run(desk: Desk, call: Call) -> Json:
        return page(call, "PolicyNames", sorted(kind.find(desk, call).inline))

    return run


def _attach(kind: _Of) -> Run:
    def run(desk: Desk, call: Call) -> Json:
        holder, arn = kind.find(desk, call), call.params["PolicyArn"]
        if desk.store.policy(arn) is None:
            raise missing(f"Policy {arn} does not exist or is not attachable.")
        if arn in holder.attached:
            return NOTHING
        if len(holder.attached) >= _MOST_ATTACHED:
            raise exceeded(f"Cannot exceed quota for PoliciesPer{kind.title}: {_MOST_ATTACHED}")
        _keep(desk, call, replace(holder, attached=(*holder.attached, arn)))
        return NOTHING

    return run


def _detach(kind: _Of) -> Run:
    def run(desk: Desk, call: Call) -> Json:
        holder, arn = kind.find(desk, call), call.params["PolicyArn"]
        if arn not in holder.attached:
            raise missing(f"Policy {arn} was not found.")
        _keep(desk, call, replace(holder, attached=tuple(one for one in holder.attached if one != arn)))
        return NOTHING

    return run


def _list_attached(kind: _Of) -> Run:
    def run(desk: Desk, call: Call) -> Json:
        attached = [desk.store.policy(arn) for arn in kind.find(desk, call).attached]
        found = [
            {"PolicyName": policy.name, "PolicyArn": policy.arn}
            for policy in attached
            if policy is not None and in_path(call, policy.path)
        ]
        return page(call, "AttachedPolicies", found)

    return run


def _list_entities(desk: Desk, call: Call) -> Json:
    found, account = find.policy(desk, call), call.principal.account
    wanted, usage = call.params.get("EntityFilter"), call.params.get("PolicyUsageFilter")
    answer: dict[str, list[Json]] = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": []}
    for holder in desk.store.holders(account):
        title = type(holder).__name__
        attached = found.arn in holder.attached and usage != "PermissionsBoundary"
        bounds = usage != "PermissionsPolicy" and _is_bounded(holder, found.arn)
        if (attached or bounds) and wanted in (None, title) and in_path(call, holder.path):
            answer[f"Policy{title}s"].append({f"{title}Name": holder.name, f"{title}Id": holder.id})
    return answer | {"IsTruncated": False}


def _is_bounded(holder: User | Group | Role, arn: str) -> bool:
    return not isinstance(holder, Group) and holder.boundary == arn


def _of_kind(kind: _Of) -> Mapping[str, Operation]:
    runs = {
        f"Put{kind.title}Policy": _put(kind),
        f"Get{kind.title}Policy": _get(kind),
        f"Delete{kind.title}Policy": _delete(kind),
        f"List{kind.title}Policies": _list(kind),
        f"Attach{kind.title}Policy": _attach(kind),
        f"Detach{kind.title}Policy": _detach(kind),
        f"ListAttached{kind.title}Policies": _list_attached(kind),
    }
    return {name: Operation(run, kind.resource) for name, run in runs.items()}


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {name: operation for kind in _KINDS for name, operation in _of_kind(kind).items()}
    | {"ListEntitiesForPolicy": Operation(_list_entities, find.policy_arn)}
)
