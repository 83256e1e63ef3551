"""Groups, and which users are in them."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.names import iam_arn, unique_id
from dynaseal_lab.iam.operations.common import NOTHING, already_exists, conflict, in_path, page
from dynaseal_lab.iam.operations.lookup import find_group, find_user
from dynaseal_lab.iam.operations.resource_arns import group_arn, group_path_arn, new_group_arn, user_arn
from dynaseal_lab.iam.operations.users import described as described_user
from dynaseal_lab.iam.records import Group, User
from dynaseal_lab.model import Call, Reply


def described(group: Group) -> dict[str, Any]:
    """Return a group as lists describe it."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.id,
        "Arn": group.arn,
        "CreateDate": group.created,
    }


def _members(iam: IamBackend, call: Call, name: str) -> list[User]:
    return [user for user in iam.store.users.all(call.principal.account) if name in user.groups]


def _create(iam: IamBackend, call: Call) -> Reply:
    name = call.params["GroupName"]
    if iam.store.groups.is_taken(call.principal.account, name):
        raise already_exists(f"Group with name {name} already exists.")
    group = Group(
        name=name,
        path=call.params.get("Path", "/"),
        id=unique_id("AGPA"),
        arn=new_group_arn(iam, call),
        created=iam.clock.now(),
    )
    iam.store.groups.put(group)
    return {"Group": described(group)}


def _get(iam: IamBackend, call: Call) -> Reply:
    group = find_group(iam, call)
    members = [described_user(user) for user in _members(iam, call, group.name)]
    return {"Group": described(group)} | page(call, "Users", members)


def _list(iam: IamBackend, call: Call) -> Reply:
    groups = iam.store.groups.all(call.principal.account)
    return page(call, "Groups", [described(group) for group in groups if in_path(call, group.path)])


def _update(iam: IamBackend, call: Call) -> Reply:
    account, before = call.principal.account, find_group(iam, call)
    name = call.params.get("NewGroupName", before.name)
    path = call.params.get("NewPath", before.path)
    if name.lower() != before.name.lower() and iam.store.groups.is_taken(account, name):
        raise already_exists(f"Group with name {name} already exists.")
    for member in _members(iam, call, before.name):
        groups = tuple(name if group == before.name else group for group in member.groups)
        iam.store.users.put(replace(member, groups=groups))
    iam.store.groups.remove(before)
    iam.store.groups.put(replace(before, name=name, path=path, arn=iam_arn(account, "group", path, name)))
    return NOTHING


def _delete(iam: IamBackend, call: Call) -> Reply:
    group = find_group(iam, call)
    if _members(iam, call, group.name):
        raise conflict("Cannot delete entity, must remove users from group first.")
    if group.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if group.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    iam.store.groups.remove(group)
    return NOTHING


def _add_user(iam: IamBackend, call: Call) -> Reply:
    group, user = find_group(iam, call), find_user(iam, call)
    if group.name not in user.groups:
        iam.store.users.put(replace(user, groups=(*user.groups, group.name)))
    return NOTHING


def _remove_user(iam: IamBackend, call: Call) -> Reply:
    group, user = find_group(iam, call), find_user(iam, call)
    remaining = tuple(name for name in user.groups if name != group.name)
    iam.store.users.put(replace(user, groups=remaining))
    return NOTHING


def _list_for_user(iam: IamBackend, call: Call) -> Reply:
    user = find_user(iam, call)
    groups = iam.store.groups.all(call.principal.account)
    return page(call, "Groups", [described(group) for group in groups if group.name in user.groups])


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreateGroup": Operation(_create, new_group_arn),
        "GetGroup": Operation(_get, group_arn),
        "ListGroups": Operation(_list, group_path_arn),
        "UpdateGroup": Operation(_update, group_arn),
        "DeleteGroup": Operation(_delete, group_arn),
        "AddUserToGroup": Operation(_add_user, group_arn),
        "RemoveUserFromGroup": Operation(_remove_user, group_arn),
        "ListGroupsForUser": Operation(_list_for_user, user_arn),
    }
)
