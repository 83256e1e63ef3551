"""The policies of users, groups and roles, inline and attached: the same operations for each of the three."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from dynaseal_lab.iam.backend import IamBackend, Operation, ResourceOf, Run
from dynaseal_lab.iam.operations.common import (
    NOTHING,
    check_document,
    encoded,
    exceeded,
    in_path,
    missing,
    page,
    size_of,
)
from dynaseal_lab.iam.operations.lookup import find_group, find_policy, find_role, find_user
from dynaseal_lab.iam.operations.resource_arns import group_arn, policy_arn, role_arn, user_arn
from dynaseal_lab.iam.policy import PolicyKind
from dynaseal_lab.iam.records import Group, Role, User
from dynaseal_lab.model import Call, Reply

_MOST_ATTACHED = 10


@dataclass(frozen=True, slots=True)
class _IdentityType:
    """One of the three types of identity.

    Args:
        title: As it is in the names of operations and members, such as `User`.
        find: Returns the identity that a request names.
        resource: Returns the ARN of the identity that a request names.
        largest: How many characters all inline policies of one identity may have together.
    """

    title: str
    find: Callable[[IamBackend, Call], User | Group | Role]
    resource: ResourceOf
    largest: int


_IDENTITY_TYPES = (
    _IdentityType("User", find_user, user_arn, 2048),
    _IdentityType("Group", find_group, group_arn, 5120),
    _IdentityType("Role", find_role, role_arn, 10240),
)


def _store(iam: IamBackend, changed: User | Group | Role) -> None:
    if isinstance(changed, User):
        iam.store.users.put(changed)
    elif isinstance(changed, Group):
        iam.store.groups.put(changed)
    else:
        iam.store.roles.put(changed)


def _put(identity_type: _IdentityType) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        identity, document = identity_type.find(iam, call), call.params["PolicyDocument"]
        check_document(document, PolicyKind.IDENTITY)
        inline = {**identity.inline, call.params["PolicyName"]: document}
        if sum(map(size_of, inline.values())) > identity_type.largest:
            raise exceeded(
                f"Maximum policy size of {identity_type.largest} bytes exceeded for "
                f"{identity_type.title.lower()} {identity.name}"
            )
        _store(iam, replace(identity, inline=inline))
        return NOTHING

    return run


def _inline_document(identity_type: _IdentityType, identity: User | Group | Role, name: str) -> str:
    if name not in identity.inline:
        raise missing(f"The {identity_type.title.lower()} policy with name {name} cannot be found.")
    return identity.inline[name]


def _get(identity_type: _IdentityType) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        identity, name = identity_type.find(iam, call), call.params["PolicyName"]
        document = _inline_document(identity_type, identity, name)
        return {
            f"{identity_type.title}Name": identity.name,
            "PolicyName": name,
            "PolicyDocument": encoded(document),
        }

    return run


def _delete(identity_type: _IdentityType) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        identity, name = identity_type.find(iam, call), call.params["PolicyName"]
        _inline_document(identity_type, identity, name)
        remaining = {other: document for other, document in identity.inline.items() if other != name}
        _store(iam, replace(identity, inline=remaining))
        return NOTHING

    return run


def _list(identity_type: _IdentityType) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        return page(call, "PolicyNames", sorted(identity_type.find(iam, call).inline))

    return run


def _attach(identity_type: _IdentityType) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        identity, arn = identity_type.find(iam, call), call.params["PolicyArn"]
        if iam.store.policy(call.principal.account, arn) is None:
            raise missing(f"Policy {arn} does not exist or is not attachable.")
        if arn in identity.attached:
            return NOTHING
        if len(identity.attached) >= _MOST_ATTACHED:
            raise exceeded(f"Cannot exceed quota for PoliciesPer{identity_type.title}: {_MOST_ATTACHED}")
        _store(iam, replace(identity, attached=(*identity.attached, arn)))
        return NOTHING

    return run


def _detach(identity_type: _IdentityType) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        identity, arn = identity_type.find(iam, call), call.params["PolicyArn"]
        if arn not in identity.attached:
            raise missing(f"Policy {arn} was not found.")
        remaining = tuple(other for other in identity.attached if other != arn)
        _store(iam, replace(identity, attached=remaining))
        return NOTHING

    return run


def _list_attached(identity_type: _IdentityType) -> Run:
    def run(iam: IamBackend, call: Call) -> Reply:
        arns = identity_type.find(iam, call).attached
        policies = [iam.store.policy(call.principal.account, arn) for arn in arns]
        attached = [
            {"PolicyName": policy.name, "PolicyArn": policy.arn}
            for policy in policies
            if policy is not None and in_path(call, policy.path)
        ]
        return page(call, "AttachedPolicies", attached)

    return run


def _list_entities(iam: IamBackend, call: Call) -> Reply:
    policy = find_policy(iam, call)
    title_filter, usage_filter = call.params.get("EntityFilter"), call.params.get("PolicyUsageFilter")
    reply: dict[str, list[Reply]] = {"PolicyGroups": [], "PolicyUsers": [], "PolicyRoles": []}
    for identity in iam.store.identities(call.principal.account):
        title = type(identity).__name__
        attached = policy.arn in identity.attached and usage_filter != "PermissionsBoundary"
        bounded = usage_filter != "PermissionsPolicy" and _is_bounded(identity, policy.arn)
        if (attached or bounded) and title_filter in (None, title) and in_path(call, identity.path):
            reply[f"Policy{title}s"].append({f"{title}Name": identity.name, f"{title}Id": identity.id})
    return reply | {"IsTruncated": False}


def _is_bounded(identity: User | Group | Role, arn: str) -> bool:
    return not isinstance(identity, Group) and identity.boundary == arn


def _operations_of(identity_type: _IdentityType) -> Mapping[str, Operation]:
    title = identity_type.title
    runs = {
        f"Put{title}Policy": _put(identity_type),
        f"Get{title}Policy": _get(identity_type),
        f"Delete{title}Policy": _delete(identity_type),
        f"List{title}Policies": _list(identity_type),
        f"Attach{title}Policy": _attach(identity_type),
        f"Detach{title}Policy": _detach(identity_type),
        f"ListAttached{title}Policies": _list_attached(identity_type),
    }
    return {name: Operation(run, identity_type.resource) for name, run in runs.items()}


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        name: operation
        for identity_type in _IDENTITY_TYPES
        for name, operation in _operations_of(identity_type).items()
    }
    | {"ListEntitiesForPolicy": Operation(_list_entities, policy_arn)}
)
