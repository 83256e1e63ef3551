"""Groups and who is in them."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.names import iam_arn, unique_id
from dynaseal_lab.iam.operations.common import NOTHING, conflict, exists, in_path, page
from dynaseal_lab.iam.operations.lookup import group, group_arn, groups_under, new_group_arn, user, user_arn
from dynaseal_lab.iam.operations.users import described as described_user
from dynaseal_lab.iam.records import Group, User
from dynaseal_lab.model import Call, Reply


def _described(found: Group) -> dict[str, Any]:
    return {
        "Path": found.path,
        "GroupName": found.name,
        "GroupId": found.id,
        "Arn": found.arn,
        "CreateDate": found.created,
    }


def _members(iam: IamBackend, call: Call, name: str) -> list[User]:
    return [one for one in iam.store.users.all(call.principal.account) if name in one.groups]


def _create(iam: IamBackend, call: Call) -> Reply:
    account, name = call.principal.account, call.params["GroupName"]
    if iam.store.groups.clashes(account, name):
        raise exists(f"Group with name {name} already exists.")
    made = Group(
        name=name,
        path=call.params.get("Path", "/"),
        id=unique_id("AGPA"),
        arn=new_group_arn(iam, call),
        created=iam.clock.now(),
    )
    iam.store.groups.put(account, made)
    return {"Group": _described(made)}


def _get(iam: IamBackend, call: Call) -> Reply:
    found = group(iam, call)
    members = [described_user(one) for one in _members(iam, call, found.name)]
    return {"Group": _described(found)} | page(call, "Users", members)


def _list(iam: IamBackend, call: Call) -> Reply:
    groups = iam.store.groups.all(call.principal.account)
    return page(call, "Groups", [_described(one) for one in groups if in_path(call, one.path)])


def _update(iam: IamBackend, call: Call) -> Reply:
    account, before = call.principal.account, group(iam, call)
    name = call.params.get("NewGroupName", before.name)
    path = call.params.get("NewPath", before.path)
    if name.lower() != before.name.lower() and iam.store.groups.clashes(account, name):
        raise exists(f"Group with name {name} already exists.")
    for member in _members(iam, call, before.name):
        groups = tuple(name if one == before.name else one for one in member.groups)
        iam.store.users.put(account, replace(member, groups=groups))
    iam.store.groups.remove(account, before.name)
    arn = iam_arn(account, "group", path, name)
    iam.store.groups.put(account, replace(before, name=name, path=path, arn=arn))
    return NOTHING


def _delete(iam: IamBackend, call: Call) -> Reply:
    found = group(iam, call)
    if _members(iam, call, found.name):
        raise conflict("Cannot delete entity, must remove users from group first.")
    if found.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if found.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    iam.store.groups.remove(call.principal.account, found.name)
    return NOTHING


def _add_user(iam: IamBackend, call: Call) -> Reply:
    found, member = group(iam, call), user(iam, call)
    if found.name not in member.groups:
        groups = (*member.groups, found.name)
        iam.store.users.put(call.principal.account, replace(member, groups=groups))
    return NOTHING


def _remove_user(iam: IamBackend, call: Call) -> Reply:
    found, member = group(iam, call), user(iam, call)
    groups = tuple(name for name in member.groups if name != found.name)
    iam.store.users.put(call.principal.account, replace(member, groups=groups))
    return NOTHING


def _list_for_user(iam: IamBackend, call: Call) -> Reply:
    member = user(iam, call)
    groups = iam.store.groups.all(call.principal.account)
    return page(call, "Groups", [_described(one) for one in groups if one.name in member.groups])


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreateGroup": Operation(_create, new_group_arn),
        "GetGroup": Operation(_get, group_arn),
        "ListGroups": Operation(_list, groups_under),
        "UpdateGroup": Operation(_update, group_arn),
        "DeleteGroup": Operation(_delete, group_arn),
        "AddUserToGroup": Operation(_add_user, group_arn),
        "RemoveUserFromGroup": Operation(_remove_user, group_arn),
        "ListGroupsForUser": Operation(_list_for_user, user_arn),
    }
)
