"""Policies of users, groups and roles, inline and attached: the same operations for each of the three."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from dynaseal_lab.iam.backend import IamBackend, Operation, ResourceOf, Run
from dynaseal_lab.iam.operations import lookup
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
from dynaseal_lab.model import Call, Reply

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
    find: Callable[[IamBackend, Call], User | Group | Role]
    resource: ResourceOf
    largest: int


_KINDS = (
    _Of("User", lookup.user, lookup.user_arn, 2048),
    _Of("Group", lookup.group, lookup.group_arn, 5120),
    _Of("Role", lookup.role, lookup.role_arn, 10240),
)


def _keep(iam: IamBackend, call: Call, changed: User | Group | Role) -> None:
    account = call.principal.account
    if isinstance(changed, User):
        iam.store.users.put(account, changed)
    elif isinstance(changed, Group):
        iam.store.groups.put(account, changed)
    else:
        iam.store.roles.put(account, changed)


def _put(kind: _Of) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        holder, document = kind.find(iam, call), call.params["PolicyDocument"]
        check_document(document, Kind.IDENTITY)
        inline = {**holder.inline, call.params["PolicyName"]: document}
        if sum(len("".join(text.split())) for text in inline.values()) > kind.largest:
            raise exceeded(
                f"Maximum policy size of {kind.largest} bytes exceeded for {kind.title.lower()} {holder.name}"
            )
        _keep(iam, call, replace(holder, inline=inline))
        return NOTHING

    return run


def _document(kind: _Of, holder: User | Group | Role, name: str) -> str:
    if name not in holder.inline:
        raise missing(f"The {kind.title.lower()} policy with name {name} cannot be found.")
    return holder.inline[name]


def _get(kind: _Of) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        holder, name = kind.find(iam, call), call.params["PolicyName"]
        document = _document(kind, holder, name)
        return {f"{kind.title}Name": holder.name, "PolicyName": name, "PolicyDocument": encoded(document)}

    return run


def _delete(kind: _Of) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        holder, name = kind.find(iam, call), call.params["PolicyName"]
        _document(kind, holder, name)
        kept = {other: text for other, text in holder.inline.items() if other != name}
        _keep(iam, call, replace(holder, inline=kept))
        return NOTHING

    return run


def _list(kind: _Of) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        return page(call, "PolicyNames", sorted(kind.find(iam, call).inline))

    return run


def _attach(kind: _Of) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        holder, arn = kind.find(iam, call), call.params["PolicyArn"]
        if iam.store.policy(arn) is None:
            raise missing(f"Policy {arn} does not exist or is not attachable.")
        if arn in holder.attached:
            return NOTHING
        if len(holder.attached) >= _MOST_ATTACHED:
            raise exceeded(f"Cannot exceed quota for PoliciesPer{kind.title}: {_MOST_ATTACHED}")
        _keep(iam, call, replace(holder, attached=(*holder.attached, arn)))
        return NOTHING

    return run


def _detach(kind: _Of) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        holder, arn = kind.find(iam, call), call.params["PolicyArn"]
        if arn not in holder.attached:
            raise missing(f"Policy {arn} was not found.")
        _keep(iam, call, replace(holder, attached=tuple(one for one in holder.attached if one != arn)))
        return NOTHING

    return run


def _list_attached(kind: _Of) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        attached = [iam.store.policy(arn) for arn in kind.find(iam, call).attached]
        found = [
            {"PolicyName": policy.name, "PolicyArn": policy.arn}
            for policy in attached
            if policy is not None and in_path(call, policy.path)
        ]
        return page(call, "AttachedPolicies", found)

    return run


def _list_entities(iam: IamBackend, call: Call) -> Reply:
    found, account = lookup.policy(iam, call), call.principal.account
    wanted, usage = call.params.get("EntityFilter"), call.params.get("PolicyUsageFilter")
    answer: dict[str, list[Reply]] = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": []}
    for holder in iam.store.holders(account):
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
    | {"ListEntitiesForPolicy": Operation(_list_entities, lookup.policy_arn)}
)
