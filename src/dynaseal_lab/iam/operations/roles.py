"""Roles: create, read, change, tag, delete; their trust policy and permissions boundary."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.bound_principals import Bindings, bindings_of, shown_document
from dynaseal_lab.iam.names import account_of, unique_id
from dynaseal_lab.iam.operations.boundaries import boundary_operations, check_boundary, described_boundary
from dynaseal_lab.iam.operations.common import (
    NOTHING,
    already_exists,
    check_document,
    conflict,
    encoded,
    in_path,
    merged_tags,
    page,
    tag_list,
)
from dynaseal_lab.iam.operations.lookup import find_role
from dynaseal_lab.iam.operations.resource_arns import new_role_arn, role_arn, role_path_arn
from dynaseal_lab.iam.operations.tags import tag_operations
from dynaseal_lab.iam.policy import PolicyKind, parse
from dynaseal_lab.iam.records import Role
from dynaseal_lab.model import Call, Fault, Reply


def _described(iam: IamBackend, role: Role) -> dict[str, Any]:
    """Return what every description of a role has."""
    description: dict[str, Any] = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": encoded(shown_document(role.trust, role.trusted, iam.store)),
    }
    return description if role.description is None else description | {"Description": role.description}


def described_in_profiles(iam: IamBackend, role: Role) -> dict[str, Any]:
    """Return a role as instance profiles and authorization details describe it."""
    return _described(iam, role)


def _described_in_lists(iam: IamBackend, role: Role) -> dict[str, Any]:
    """Return a role as lists describe it: without boundary and tags."""
    return _described(iam, role) | {"MaxSessionDuration": role.max_seconds}


def described_when_created(iam: IamBackend, role: Role) -> dict[str, Any]:
    """Return a role as the operation that creates it describes it."""
    description = _described(iam, role) | {"PermissionsBoundary": described_boundary(role.boundary)}
    return description | {"Tags": tag_list(role.tags)} if role.tags else description


def _described_in_full(iam: IamBackend, role: Role) -> dict[str, Any]:
    last_used: Reply = {}
    rest = {"MaxSessionDuration": role.max_seconds, "RoleLastUsed": last_used}
    return described_when_created(iam, role) | rest


def _check_trust(iam: IamBackend, document: str) -> Bindings:
    """Refuse what is not a trust policy; users and roles that it names must exist.

    Returns:
        Their unique ids.

    Raises:
        Fault: MalformedPolicyDocument, with the reason.
    """
    check_document(document, PolicyKind.TRUST)
    policy = parse(document, PolicyKind.TRUST)
    for statement in policy.statements:
        for name in sorted(statement.principals.names) if statement.principals else ():
            if not _principal_exists(iam, name):
                raise Fault("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{name}"')
        if not all(action.lower().startswith("sts:") for action in statement.actions):
            raise Fault(
                "MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions."
            )
    return bindings_of(policy, iam.store)


def _principal_exists(iam: IamBackend, name: str) -> bool:
    """Return whether a principal exists, in whichever account; accounts and `*` always do."""
    if ":assumed-role/" in name:
        return iam.store.roles.get(account_of(name), name.split("/")[1]) is not None
    return iam.store.exists(name)


def _create(iam: IamBackend, call: Call) -> Reply:
    name = call.params["RoleName"]
    if iam.store.roles.is_taken(call.principal.account, name):
        raise already_exists(f"Role with name {name} already exists.")
    trust = call.params["AssumeRolePolicyDocument"]
    role = Role(
        name=name,
        path=call.params.get("Path", "/"),
        id=unique_id("AROA"),
        arn=new_role_arn(iam, call),
        created=iam.clock.now(),
        trust=trust,
        trusted=_check_trust(iam, trust),
        description=call.params.get("Description"),
        max_seconds=call.params.get("MaxSessionDuration", 3600),
        tags=merged_tags(call),
        boundary=check_boundary(iam, call),
    )
    iam.store.roles.put(role)
    return {"Role": described_when_created(iam, role)}


def _get(iam: IamBackend, call: Call) -> Reply:
    return {"Role": _described_in_full(iam, find_role(iam, call))}


def _list(iam: IamBackend, call: Call) -> Reply:
    roles = iam.store.roles.all(call.principal.account)
    return page(call, "Roles", [_described_in_lists(iam, role) for role in roles if in_path(call, role.path)])


def _update(iam: IamBackend, call: Call) -> Reply:
    role = find_role(iam, call)
    changed = replace(
        role,
        description=call.params.get("Description", role.description),
        max_seconds=call.params.get("MaxSessionDuration", role.max_seconds),
    )
    iam.store.roles.put(changed)
    return NOTHING


def _update_description(iam: IamBackend, call: Call) -> Reply:
    changed = replace(find_role(iam, call), description=call.params["Description"])
    iam.store.roles.put(changed)
    return {"Role": _described_in_lists(iam, changed)}


def _update_trust(iam: IamBackend, call: Call) -> Reply:
    role, trust = find_role(iam, call), call.params["PolicyDocument"]
    iam.store.roles.put(replace(role, trust=trust, trusted=_check_trust(iam, trust)))
    return NOTHING


def _delete(iam: IamBackend, call: Call) -> Reply:
    role = find_role(iam, call)
    profiles = iam.store.instance_profiles.all(call.principal.account)
    if any(profile.role == role.name for profile in profiles):
        raise conflict("Cannot delete entity, must remove roles from instance profile first.")
    if role.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if role.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    iam.store.roles.remove(role)
    return NOTHING


def _store(iam: IamBackend, changed: Role) -> None:
    iam.store.roles.put(changed)


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        **tag_operations("Role", role_arn, find_role, _store),
        **boundary_operations("Role", role_arn, find_role, _store),
        "CreateRole": Operation(_create, new_role_arn),
        "GetRole": Operation(_get, role_arn),
        "ListRoles": Operation(_list, role_path_arn),
        "UpdateRole": Operation(_update, role_arn),
        "UpdateRoleDescription": Operation(_update_description, role_arn),
        "UpdateAssumeRolePolicy": Operation(_update_trust, role_arn),
        "DeleteRole": Operation(_delete, role_arn),
    }
)
