"""Roles: create, read, change, tag, delete; their trust policy and boundary."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.names import account_of, unique_id
from dynaseal_lab.iam.operations.common import (
    NOTHING,
    boundary_of,
    check_document,
    conflict,
    encoded,
    exists,
    in_path,
    missing,
    page,
    tag_list,
    tags_from,
)
from dynaseal_lab.iam.operations.lookup import new_role_arn, role, role_arn, roles_under
from dynaseal_lab.iam.operations.users import check_boundary
from dynaseal_lab.iam.policy import Kind, parse
from dynaseal_lab.iam.records import Role
from dynaseal_lab.model import Call, Fault, Reply


def described(found: Role) -> dict[str, Any]:
    """A role as lists have it."""
    content: dict[str, Any] = {
        "Path": found.path,
        "RoleName": found.name,
        "RoleId": found.id,
        "Arn": found.arn,
        "CreateDate": found.created,
        "AssumeRolePolicyDocument": encoded(found.trust),
        "MaxSessionDuration": found.max_seconds,
    }
    return content if found.description is None else content | {"Description": found.description}


def in_full(found: Role) -> dict[str, Any]:
    """A role with boundary and tags."""
    last_used: Reply = {}
    full = described(found) | {"PermissionsBoundary": boundary_of(found.boundary), "RoleLastUsed": last_used}
    return full | {"Tags": tag_list(found.tags)} if found.tags else full


def _check_trust(iam: IamBackend, text: str) -> str:
    """A trust policy; users and roles that it names must exist.

    Raises:
        Fault: MalformedPolicyDocument.
    """
    check_document(text, Kind.TRUST)
    for statement in parse(text, Kind.TRUST).statements:
        for name in sorted(statement.principals.names) if statement.principals else ():
            if not principal_exists(iam, name):
                raise Fault("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{name}"')
        if not all(action.lower().startswith("sts:") for action in statement.actions):
            raise Fault(
                "MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions."
            )
    return text


def principal_exists(iam: IamBackend, name: str) -> bool:
    """Whether a user or role that a resource's policy names is there; every account is."""
    if ":user/" in name:
        return iam.store.user_of_arn(name) is not None
    if ":role/" in name:
        return iam.store.role_of_arn(name) is not None
    if ":assumed-role/" in name:
        return iam.store.roles.get(account_of(name), name.split("/")[1]) is not None
    return True


def _create(iam: IamBackend, call: Call) -> Reply:
    account, name = call.principal.account, call.params["RoleName"]
    if iam.store.roles.clashes(account, name):
        raise exists(f"Role with name {name} already exists.")
    made = Role(
        name=name,
        path=call.params.get("Path", "/"),
        id=unique_id("AROA"),
        arn=new_role_arn(iam, call),
        created=iam.clock.now(),
        trust=_check_trust(iam, call.params["AssumeRolePolicyDocument"]),
        description=call.params.get("Description"),
        max_seconds=call.params.get("MaxSessionDuration", 3600),
        tags=tags_from(call.params.get("Tags", ())),
        boundary=check_boundary(iam, call.params.get("PermissionsBoundary")),
    )
    iam.store.roles.put(account, made)
    return {"Role": in_full(made)}


def _get(iam: IamBackend, call: Call) -> Reply:
    return {"Role": in_full(role(iam, call))}


def _list(iam: IamBackend, call: Call) -> Reply:
    roles = iam.store.roles.all(call.principal.account)
    return page(call, "Roles", [described(one) for one in roles if in_path(call, one.path)])


def _change(iam: IamBackend, call: Call, **changes: Any) -> None:
    iam.store.roles.put(call.principal.account, replace(role(iam, call), **changes))


def _update(iam: IamBackend, call: Call) -> Reply:
    found = role(iam, call)
    _change(
        iam,
        call,
        description=call.params.get("Description", found.description),
        max_seconds=call.params.get("MaxSessionDuration", found.max_seconds),
    )
    return NOTHING


def _update_description(iam: IamBackend, call: Call) -> Reply:
    _change(iam, call, description=call.params["Description"])
    return {"Role": described(role(iam, call))}


def _update_trust(iam: IamBackend, call: Call) -> Reply:
    role(iam, call)
    _change(iam, call, trust=_check_trust(iam, call.params["PolicyDocument"]))
    return NOTHING


def _delete(iam: IamBackend, call: Call) -> Reply:
    found = role(iam, call)
    if found.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if found.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    iam.store.roles.remove(call.principal.account, found.name)
    return NOTHING


def _tag(iam: IamBackend, call: Call) -> Reply:
    _change(iam, call, tags=tags_from(call.params["Tags"], role(iam, call).tags))
    return NOTHING


def _untag(iam: IamBackend, call: Call) -> Reply:
    tags = role(iam, call).tags
    _change(iam, call, tags={key: tags[key] for key in tags if key not in call.params["TagKeys"]})
    return NOTHING


def _list_tags(iam: IamBackend, call: Call) -> Reply:
    return page(call, "Tags", tag_list(role(iam, call).tags))


def _put_boundary(iam: IamBackend, call: Call) -> Reply:
    _change(iam, call, boundary=check_boundary(iam, call.params["PermissionsBoundary"]))
    return NOTHING


def _delete_boundary(iam: IamBackend, call: Call) -> Reply:
    found = role(iam, call)
    if found.boundary is None:
        raise missing(f"Role {found.name} does not have a permission boundary.")
    _change(iam, call, boundary=None)
    return NOTHING


def _list_instance_profiles(iam: IamBackend, call: Call) -> Reply:
    """The lab has no EC2: no role is in an instance profile."""
    role(iam, call)
    return page(call, "InstanceProfiles", [])


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreateRole": Operation(_create, new_role_arn),
        "GetRole": Operation(_get, role_arn),
        "ListRoles": Operation(_list, roles_under),
        "UpdateRole": Operation(_update, role_arn),
        "UpdateRoleDescription": Operation(_update_description, role_arn),
        "UpdateAssumeRolePolicy": Operation(_update_trust, role_arn),
        "DeleteRole": Operation(_delete, role_arn),
        "TagRole": Operation(_tag, role_arn),
        "UntagRole": Operation(_untag, role_arn),
        "ListRoleTags": Operation(_list_tags, role_arn),
        "PutRolePermissionsBoundary": Operation(_put_boundary, role_arn),
        "DeleteRolePermissionsBoundary": Operation(_delete_boundary, role_arn),
        "ListInstanceProfilesForRole": Operation(_list_instance_profiles, role_arn),
    }
)
