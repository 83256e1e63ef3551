"""Users: create, read, rename, tag, delete; and their permissions boundary."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.names import iam_arn, unique_id
from dynaseal_lab.iam.operations.boundaries import boundary_operations, check_boundary, described_boundary
from dynaseal_lab.iam.operations.common import (
    NOTHING,
    already_exists,
    conflict,
    in_path,
    merged_tags,
    page,
    tag_list,
)
from dynaseal_lab.iam.operations.lookup import find_user
from dynaseal_lab.iam.operations.resource_arns import new_user_arn, user_arn, user_path_arn
from dynaseal_lab.iam.operations.tags import tag_operations
from dynaseal_lab.iam.records import User
from dynaseal_lab.model import Call, Reply


def described(user: User) -> dict[str, Any]:
    """Return a user as lists describe it: without boundary and tags."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.created,
    }


def _described_in_full(user: User) -> dict[str, Any]:
    description = described(user) | {"PermissionsBoundary": described_boundary(user.boundary)}
    return description | {"Tags": tag_list(user.tags)} if user.tags else description


def _create(iam: IamBackend, call: Call) -> Reply:
    name = call.params["UserName"]
    if iam.store.users.is_taken(call.principal.account, name):
        raise already_exists(f"User with name {name} already exists.")
    user = User(
        name=name,
        path=call.params.get("Path", "/"),
        id=unique_id("AIDA"),
        arn=new_user_arn(iam, call),
        created=iam.clock.now(),
        tags=merged_tags(call),
        boundary=check_boundary(iam, call),
    )
    iam.store.users.put(user)
    return {"User": _described_in_full(user)}


def _is_about_root(call: Call) -> bool:
    return "UserName" not in call.params and call.principal.kind == "root"


def _get(iam: IamBackend, call: Call) -> Reply:
    if _is_about_root(call):
        root = call.principal
        return {"User": {"Path": "/", "UserName": "root", "UserId": root.user_id, "Arn": root.arn}}
    return {"User": _described_in_full(find_user(iam, call))}


def _user_or_root_arn(iam: IamBackend, call: Call) -> str:
    return call.principal.arn if _is_about_root(call) else user_arn(iam, call)


def _list(iam: IamBackend, call: Call) -> Reply:
    users = iam.store.users.all(call.principal.account)
    return page(call, "Users", [described(user) for user in users if in_path(call, user.path)])


def _update(iam: IamBackend, call: Call) -> Reply:
    account, before = call.principal.account, find_user(iam, call)
    name = call.params.get("NewUserName", before.name)
    path = call.params.get("NewPath", before.path)
    if name.lower() != before.name.lower() and iam.store.users.is_taken(account, name):
        raise already_exists(f"User with name {name} already exists.")
    iam.store.users.remove(before)
    iam.store.users.put(replace(before, name=name, path=path, arn=iam_arn(account, "user", path, name)))
    for key in iam.store.access_keys(account, before.name):
        iam.store.put_access_key(replace(key, user_name=name))
    return NOTHING


def _delete(iam: IamBackend, call: Call) -> Reply:
    user = find_user(iam, call)
    if iam.store.access_keys(call.principal.account, user.name):
        raise conflict("Cannot delete entity, must delete access keys first.")
    if user.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if user.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    if user.groups:
        raise conflict("Cannot delete entity, must remove users from group first.")
    iam.store.users.remove(user)
    return NOTHING


def _store(iam: IamBackend, changed: User) -> None:
    iam.store.users.put(changed)


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        **tag_operations("User", user_arn, find_user, _store),
        **boundary_operations("User", user_arn, find_user, _store),
        "CreateUser": Operation(_create, new_user_arn),
        "GetUser": Operation(_get, _user_or_root_arn),
        "ListUsers": Operation(_list, user_path_arn),
        "UpdateUser": Operation(_update, user_arn),
        "DeleteUser": Operation(_delete, user_arn),
    }
)
