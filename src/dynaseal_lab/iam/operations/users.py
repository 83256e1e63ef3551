"""Users: create, read, rename, tag, delete; and their permissions boundary."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.names import iam_arn, unique_id
from dynaseal_lab.iam.operations.common import (
    NOTHING,
    boundary_of,
    conflict,
    exists,
    in_path,
    missing,
    page,
    tag_list,
    tags_from,
)
from dynaseal_lab.iam.operations.lookup import new_user_arn, user, user_arn, users_under
from dynaseal_lab.iam.records import User
from dynaseal_lab.model import Call, Reply


def described(found: User) -> dict[str, Any]:
    """A user as lists have it."""
    return {
        "Path": found.path,
        "UserName": found.name,
        "UserId": found.id,
        "Arn": found.arn,
        "CreateDate": found.created,
    }


def in_full(found: User) -> dict[str, Any]:
    """A user with boundary and tags."""
    full = described(found) | {"PermissionsBoundary": boundary_of(found.boundary)}
    return full | {"Tags": tag_list(found.tags)} if found.tags else full


def check_boundary(iam: IamBackend, arn: str | None) -> str | None:
    """The boundary that a request sets.

    Raises:
        Fault: NoSuchEntity, where there is no such policy.
    """
    if arn is not None and iam.store.policy(arn) is None:
        raise missing(f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def _create(iam: IamBackend, call: Call) -> Reply:
    account, name = call.principal.account, call.params["UserName"]
    if iam.store.users.clashes(account, name):
        raise exists(f"User with name {name} already exists.")
    made = User(
        name=name,
        path=call.params.get("Path", "/"),
        id=unique_id("AIDA"),
        arn=new_user_arn(iam, call),
        created=iam.clock.now(),
        tags=tags_from(call.params.get("Tags", ())),
        boundary=check_boundary(iam, call.params.get("PermissionsBoundary")),
    )
    iam.store.users.put(account, made)
    return {"User": in_full(made)}


def _get(iam: IamBackend, call: Call) -> Reply:
    if "UserName" not in call.params and call.principal.kind == "root":
        caller = call.principal
        return {"User": {"Path": "/", "UserName": "root", "UserId": caller.user_id, "Arn": caller.arn}}
    return {"User": in_full(user(iam, call))}


def _get_resource(iam: IamBackend, call: Call) -> str:
    own = "UserName" not in call.params and call.principal.kind == "root"
    return call.principal.arn if own else user_arn(iam, call)


def _list(iam: IamBackend, call: Call) -> Reply:
    users = iam.store.users.all(call.principal.account)
    return page(call, "Users", [described(one) for one in users if in_path(call, one.path)])


def _update(iam: IamBackend, call: Call) -> Reply:
    account, before = call.principal.account, user(iam, call)
    name = call.params.get("NewUserName", before.name)
    path = call.params.get("NewPath", before.path)
    if name.lower() != before.name.lower() and iam.store.users.clashes(account, name):
        raise exists(f"User with name {name} already exists.")
    iam.store.users.remove(account, before.name)
    iam.store.users.put(
        account, replace(before, name=name, path=path, arn=iam_arn(account, "user", path, name))
    )
    for key in iam.store.access_keys(account, before.name):
        iam.store.put_access_key(replace(key, user_name=name))
    return NOTHING


def _delete(iam: IamBackend, call: Call) -> Reply:
    account, found = call.principal.account, user(iam, call)
    if iam.store.access_keys(account, found.name):
        raise conflict("Cannot delete entity, must delete access keys first.")
    if found.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if found.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    if found.groups:
        raise conflict("Cannot delete entity, must remove users from group first.")
    iam.store.users.remove(account, found.name)
    return NOTHING


def _tag(iam: IamBackend, call: Call) -> Reply:
    found = user(iam, call)
    tags = tags_from(call.params["Tags"], found.tags)
    iam.store.users.put(call.principal.account, replace(found, tags=tags))
    return NOTHING


def _untag(iam: IamBackend, call: Call) -> Reply:
    found = user(iam, call)
    tags = {key: value for key, value in found.tags.items() if key not in call.params["TagKeys"]}
    iam.store.users.put(call.principal.account, replace(found, tags=tags))
    return NOTHING


def _list_tags(iam: IamBackend, call: Call) -> Reply:
    return page(call, "Tags", tag_list(user(iam, call).tags))


def _put_boundary(iam: IamBackend, call: Call) -> Reply:
    found = user(iam, call)
    boundary = check_boundary(iam, call.params["PermissionsBoundary"])
    iam.store.users.put(call.principal.account, replace(found, boundary=boundary))
    return NOTHING


def _delete_boundary(iam: IamBackend, call: Call) -> Reply:
    found = user(iam, call)
    if found.boundary is None:
        raise missing(f"User {found.name} does not have a permission boundary.")
    iam.store.users.put(call.principal.account, replace(found, boundary=None))
    return NOTHING


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreateUser": Operation(_create, new_user_arn),
        "GetUser": Operation(_get, _get_resource),
        "ListUsers": Operation(_list, users_under),
        "UpdateUser": Operation(_update, user_arn),
        "DeleteUser": Operation(_delete, user_arn),
        "TagUser": Operation(_tag, user_arn),
        "UntagUser": Operation(_untag, user_arn),
        "ListUserTags": Operation(_list_tags, user_arn),
        "PutUserPermissionsBoundary": Operation(_put_boundary, user_arn),
        "DeleteUserPermissionsBoundary": Operation(_delete_boundary, user_arn),
    }
)
