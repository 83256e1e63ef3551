"""Roles: create, read, change, tag, delete; their trust policy and boundary."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.desk import Desk, Operation
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
from dynaseal_lab.iam.operations.find import new_role_arn, role, role_arn, roles_under
from dynaseal_lab.iam.operations.users import check_boundary
from dynaseal_lab.iam.policy import Kind, parse
from dynaseal_lab.iam.records import Role
from dynaseal_lab.model import Call, Fault, Json


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
    last_used: Json = {}
    full = described(found) | {"PermissionsBoundary": boundary_of(found.boundary), "RoleLastUsed": last_used}
    return full | {"Tags": tag_list(found.tags)} if found.tags else full


def _check_trust(desk: Desk, text: str) -> str:
    """A trust policy; users and roles that it names must exist.

    Raises:
        Fault: MalformedPolicyDocument.
    """
    check_document(text, Kind.TRUST)
    for statement in parse(text, Kind.TRUST).statements:
        for name in sorted(statement.principals.names) if statement.principals else ():
            if not principal_exists(desk, name):
                raise Fault("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{name}"')
        if not all(action.lower().startswith("sts:") for action in statement.actions):
            raise Fault(
                "MalformedPolicyDocument", "AssumeRole policy may only specify STS AssumeRole actions."
            )
    return text


def principal_exists(desk: Desk, name: str) -> bool:
    """Whether a user or role that a resource's policy names is there; every account is."""
    if ":user/" in name:
        return desk.store.user_of_arn(name) is not None
    if ":role/" in name:
        return desk.store.role_of_arn(name) is not None
    if ":assumed-role/" in name:
        return desk.store.roles.get(account_of(name), name.split("/")[1]) is not None
    return True


def _create(desk: Desk, call: Call) -> Json:
    account, name = call.principal.account, call.params["RoleName"]
    if desk.store.roles.clashes(account, name):
        raise exists(f"Role with name {name} already exists.")
    made = Role(
        name=name,
        path=call.params.get("Path", "/"),
        id=unique_id("AROA"),
        arn=new_role_arn(desk, call),
        created=desk.clock.now(),
        trust=_check_trust(desk, call.params["AssumeRolePolicyDocument"]),
        description=call.params.get("Description"),
        max_seconds=call.params.get("MaxSessionDuration", 3600),
        tags=tags_from(call.params.get("Tags", ())),
        boundary=check_boundary(desk, call.params.get("PermissionsBoundary")),
    )
    desk.store.roles.put(account, made)
    return {"Role": in_full(made)}


def _get(desk: Desk, call: Call) -> Json:
    return {"Role": in_full(role(desk, call))}


def _list(desk: Desk, call: Call) -> Json:
    roles = desk.store.roles.all(call.principal.account)
    return page(call, "Roles", [described(one) for one in roles if in_path(call, one.path)])


def _change(desk: Desk, call: Call, **changes: Any) -> None:
    desk.store.roles.put(call.principal.account, replace(role(desk, call), **changes))


def _update(desk: Desk, call: Call) -> Json:
    found = role(desk, call)
    _change(
        desk,
        call,
        description=call.params.get("Description", found.description),
        max_seconds=call.params.get("MaxSessionDuration", found.max_seconds),
    )
    return NOTHING


def _update_description(desk: Desk, call: Call) -> Json:
    _change(desk, call, description=call.params["Description"])
    return {"Role": described(role(desk, call))}


def _update_trust(desk: Desk, call: Call) -> Json:
    role(desk, call)
    _change(desk, call, trust=_check_trust(desk, call.params["PolicyDocument"]))
    return NOTHING


def _delete(desk: Desk, call: Call) -> Json:
    found = role(desk, call)
    if found.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if found.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    desk.store.roles.remove(call.principal.account, found.name)
    return NOTHING


def _tag(desk: Desk, call: Call) -> Json:
    _change(desk, call, tags=tags_from(call.params["Tags"], role(desk, call).tags))
    return NOTHING


def _untag(desk: Desk, call: Call) -> Json:
    tags = role(desk, call).tags
    _change(desk, call, tags={key: tags[key] for key in tags if key not in call.params["TagKeys"]})
    return NOTHING


def _list_tags(desk: Desk, call: Call) -> Json:
    return page(call, "Tags", tag_list(role(desk, call).tags))


def _put_boundary(desk: Desk, call: Call) -> Json:
    _change(desk, call, boundary=check_boundary(desk, call.params["PermissionsBoundary"]))
    return NOTHING


def _delete_boundary(desk: Desk, call: Call) -> Json:
    found = role(desk, call)
    if found.boundary is None:
        raise missing(f"Role {found.name} does not have a permission boundary.")
    _change(desk, call, boundary=None)
    return NOTHING


def _list_instance_profiles(desk: Desk, call: Call) -> Json:
    """The lab has no EC2: no role is in an instance profile."""
    role(desk, call)
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
