"""Instance profiles: they are kept and described, though the lab has no instances that use them.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.names import iam_arn, unique_id
from dynaseal_lab.iam.operations.common import (
    NOTHING,
    already_exists,
    conflict,
    exceeded,
    in_path,
    merged_tags,
    missing,
    page,
    tag_list,
)
from dynaseal_lab.iam.operations.lookup import find_role
from dynaseal_lab.iam.operations.resource_arns import role_arn
from dynaseal_lab.iam.operations.roles import described_in_profiles
from dynaseal_lab.iam.operations.tags import tag_operations
from dynaseal_lab.iam.records import InstanceProfile
from dynaseal_lab.model import AccessRequest, Call, Reply

_KIND = "instance-profile"


def profiles_of_role(iam: IamBackend, account: str, role_name: str) -> list[InstanceProfile]:
    """Return the instance profiles that have a role."""
    return [profile for profile in iam.store.instance_profiles.all(account) if profile.role == role_name]


def described(iam: IamBackend, account: str, profile: InstanceProfile) -> dict[str, Any]:
    """Return an instance profile as lists describe it: without its tags."""
    role = iam.store.roles.get(account, profile.role) if profile.role is not None else None
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.id,
        "Arn": profile.arn,
        "CreateDate": profile.created,
        "Roles": [described_in_profiles(iam, role)] if role is not None else [],
    }


def _described_in_full(iam: IamBackend, call: Call, profile: InstanceProfile) -> Reply:
    description = described(iam, call.principal.account, profile)
    return description | {"Tags": tag_list(profile.tags)} if profile.tags else description


def _find(iam: IamBackend, call: Call) -> InstanceProfile:
    name = call.params["InstanceProfileName"]
    profile = iam.store.instance_profiles.get(call.principal.account, name)
    if profile is None:
        raise missing(f"Instance Profile {name} cannot be found.")
    return profile


def _arn(iam: IamBackend, call: Call) -> str:
    name = call.params["InstanceProfileName"]
    profile = iam.store.instance_profiles.get(call.principal.account, name)
    return profile.arn if profile else iam_arn(call.principal.account, _KIND, "/", name)


def _new_arn(_iam: IamBackend, call: Call) -> str:
    path, name = call.params.get("Path", "/"), call.params["InstanceProfileName"]
    return iam_arn(call.principal.account, _KIND, path, name)


def _path_arn(_iam: IamBackend, call: Call) -> str:
    return iam_arn(call.principal.account, _KIND, call.params.get("PathPrefix", "/"), "")


def _create(iam: IamBackend, call: Call) -> Reply:
    name = call.params["InstanceProfileName"]
    if iam.store.instance_profiles.is_taken(call.principal.account, name):
        raise already_exists(f"Instance Profile {name} already exists.")
    profile = InstanceProfile(
        name=name,
        path=call.params.get("Path", "/"),
        id=unique_id("AIPA"),
        arn=_new_arn(iam, call),
        created=iam.clock.now(),
        tags=merged_tags(call),
    )
    iam.store.instance_profiles.put(profile)
    return {"InstanceProfile": _described_in_full(iam, call, profile)}


def _get(iam: IamBackend, call: Call) -> Reply:
    return {"InstanceProfile": _described_in_full(iam, call, _find(iam, call))}


def _list(iam: IamBackend, call: Call) -> Reply:
    account = call.principal.account
    profiles = [
        profile for profile in iam.store.instance_profiles.all(account) if in_path(call, profile.path)
    ]
    return page(call, "InstanceProfiles", [described(iam, account, profile) for profile in profiles])


def _list_for_role(iam: IamBackend, call: Call) -> Reply:
    account, role = call.principal.account, find_role(iam, call)
    profiles = profiles_of_role(iam, account, role.name)
    return page(call, "InstanceProfiles", [described(iam, account, profile) for profile in profiles])


def _delete(iam: IamBackend, call: Call) -> Reply:
    profile = _find(iam, call)
    if profile.role is not None:
        raise conflict("Cannot delete entity, must remove roles from instance profile first.")
    iam.store.instance_profiles.remove(profile)
    return NOTHING


def _add_role(iam: IamBackend, call: Call) -> Reply:
    """Add a role, which takes permission to pass it to EC2."""
    profile, role = _find(iam, call), find_role(iam, call)
    passed_to = {"iam:PassedToService": ["ec2.amazonaws.com"]}
    iam.require(
        call,
        AccessRequest(
            action="iam:PassRole",
            resource=role.arn,
            resource_account=call.principal.account,
            condition_keys=passed_to,
        ),
    )
    if profile.role is not None:
        raise exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    iam.store.instance_profiles.put(replace(profile, role=role.name))
    return NOTHING


def _remove_role(iam: IamBackend, call: Call) -> Reply:
    profile, name = _find(iam, call), call.params["RoleName"]
    if profile.role != name:
        raise missing(f"Role {name} in Instance Profile {profile.name} cannot be found.")
    iam.store.instance_profiles.put(replace(profile, role=None))
    return NOTHING


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        **tag_operations(
            "InstanceProfile", _arn, _find, lambda iam, changed: iam.store.instance_profiles.put(changed)
        ),
        "AddRoleToInstanceProfile": Operation(_add_role, _arn),
        "CreateInstanceProfile": Operation(_create, _new_arn),
        "DeleteInstanceProfile": Operation(_delete, _arn),
        "GetInstanceProfile": Operation(_get, _arn),
        "ListInstanceProfiles": Operation(_list, _path_arn),
        "ListInstanceProfilesForRole": Operation(_list_for_role, role_arn),
        "RemoveRoleFromInstanceProfile": Operation(_remove_role, _arn),
    }
)
