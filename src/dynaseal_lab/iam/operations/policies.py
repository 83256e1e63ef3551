"""Managed policies and their versions."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.managed import AWS_MANAGED
from dynaseal_lab.iam.names import unique_id
from dynaseal_lab.iam.operations.common import (
    NOTHING,
    check_document,
    check_size,
    conflict,
    encoded,
    exceeded,
    exists,
    in_path,
    missing,
    page,
    tag_list,
    tags_from,
)
from dynaseal_lab.iam.operations.lookup import (
    new_policy_arn,
    own_policy,
    policies_under,
    policy,
    policy_arn,
)
from dynaseal_lab.iam.policy import Kind
from dynaseal_lab.iam.records import ManagedPolicy, PolicyVersion, Role, User
from dynaseal_lab.model import Call, Reply

_MOST_VERSIONS = 5
_LARGEST = 6144


def _described(iam: IamBackend, call: Call, found: ManagedPolicy) -> dict[str, Any]:
    attached, bounds = _uses(iam, call, found.arn)
    return {
        "PolicyName": found.name,
        "PolicyId": found.id,
        "Arn": found.arn,
        "Path": found.path,
        "DefaultVersionId": found.default_version,
        "AttachmentCount": attached,
        "PermissionsBoundaryUsageCount": bounds,
        "IsAttachable": True,
        "CreateDate": found.created,
        "UpdateDate": found.updated,
    }


def _in_full(iam: IamBackend, call: Call, found: ManagedPolicy) -> dict[str, Any]:
    full = _described(iam, call, found)
    if found.description is not None:
        full["Description"] = found.description
    if found.tags:
        full["Tags"] = tag_list(found.tags)
    return full


def _uses(iam: IamBackend, call: Call, arn: str) -> tuple[int, int]:
    """How many the policy is attached to, and how many it bounds."""
    holders = list(iam.store.holders(call.principal.account))
    bounded = [one for one in holders if isinstance(one, User | Role) and one.boundary == arn]
    return sum(arn in one.attached for one in holders), len(bounded)


def _version(found: ManagedPolicy, version: PolicyVersion) -> dict[str, Any]:
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == found.default_version,
        "CreateDate": version.created,
    }


def _checked(call: Call) -> str:
    document = str(call.params["PolicyDocument"])
    check_document(document, Kind.MANAGED)
    check_size(document, _LARGEST, f"Cannot exceed quota for PolicySize: {_LARGEST}")
    return document


def _create(iam: IamBackend, call: Call) -> Reply:
    account, name, now = call.principal.account, call.params["PolicyName"], iam.clock.now()
    if iam.store.policies.clashes(account, name):
        raise exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    made = ManagedPolicy(
        name=name,
        path=call.params.get("Path", "/"),
        id=unique_id("ANPA"),
        arn=new_policy_arn(iam, call),
        created=now,
        updated=now,
        description=call.params.get("Description"),
        versions=(PolicyVersion("v1", _checked(call), now),),
        default_version="v1",
        tags=tags_from(call.params.get("Tags", ())),
    )
    iam.store.policies.put(account, made)
    return {"Policy": _in_full(iam, call, made)}


def _get(iam: IamBackend, call: Call) -> Reply:
    return {"Policy": _in_full(iam, call, policy(iam, call))}


def _list(iam: IamBackend, call: Call) -> Reply:
    scope = call.params.get("Scope", "All")
    found = [] if scope == "AWS" else list(iam.store.policies.all(call.principal.account))
    found += [] if scope == "Local" else AWS_MANAGED.values()
    described = [_described(iam, call, one) for one in found if in_path(call, one.path)]
    if call.params.get("OnlyAttached"):
        described = [one for one in described if one["AttachmentCount"]]
    return page(call, "Policies", described)


def _delete(iam: IamBackend, call: Call) -> Reply:
    found = own_policy(iam, call)
    if any(_uses(iam, call, found.arn)):
        raise conflict("Cannot delete a policy attached to entities.")
    if len(found.versions) > 1:
        raise conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy."
        )
    iam.store.policies.remove(call.principal.account, found.name)
    return NOTHING


def _create_version(iam: IamBackend, call: Call) -> Reply:
    found, now = own_policy(iam, call), iam.clock.now()
    document = _checked(call)
    if len(found.versions) >= _MOST_VERSIONS:
        raise exceeded(
            f"A managed policy can have up to {_MOST_VERSIONS} versions. Before you create a new version, "
            "you must delete an existing version."
        )
    version = PolicyVersion(f"v{found.next_version}", document, now)
    changed = replace(
        found,
        versions=(*found.versions, version),
        next_version=found.next_version + 1,
        updated=now,
        default_version=version.id if call.params.get("SetAsDefault") else found.default_version,
    )
    iam.store.policies.put(call.principal.account, changed)
    return {"PolicyVersion": _version(changed, version)}


def _find_version(call: Call, found: ManagedPolicy) -> PolicyVersion:
    wanted = call.params["VersionId"]
    for version in found.versions:
        if version.id == wanted:
            return version
    raise missing(f"Policy {found.arn} version {wanted} does not exist or is not attachable.")


def _get_version(iam: IamBackend, call: Call) -> Reply:
    found = policy(iam, call)
    version = _find_version(call, found)
    return {"PolicyVersion": _version(found, version) | {"Document": encoded(version.document)}}


def _list_versions(iam: IamBackend, call: Call) -> Reply:
    found = policy(iam, call)
    return page(call, "Versions", [_version(found, version) for version in reversed(found.versions)])


def _delete_version(iam: IamBackend, call: Call) -> Reply:
    found = own_policy(iam, call)
    version = _find_version(call, found)
    if version.id == found.default_version:
        raise conflict("Cannot delete the default version of a policy.")
    versions = tuple(one for one in found.versions if one.id != version.id)
    iam.store.policies.put(call.principal.account, replace(found, versions=versions))
    return NOTHING


def _set_default(iam: IamBackend, call: Call) -> Reply:
    found = own_policy(iam, call)
    version = _find_version(call, found)
    changed = replace(found, default_version=version.id, updated=iam.clock.now())
    iam.store.policies.put(call.principal.account, changed)
    return NOTHING


def _tag(iam: IamBackend, call: Call) -> Reply:
    found = own_policy(iam, call)
    tags = tags_from(call.params["Tags"], found.tags)
    iam.store.policies.put(call.principal.account, replace(found, tags=tags))
    return NOTHING


def _untag(iam: IamBackend, call: Call) -> Reply:
    found = own_policy(iam, call)
    tags = {key: value for key, value in found.tags.items() if key not in call.params["TagKeys"]}
    iam.store.policies.put(call.principal.account, replace(found, tags=tags))
    return NOTHING


def _list_tags(iam: IamBackend, call: Call) -> Reply:
    return page(call, "Tags", tag_list(policy(iam, call).tags))


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreatePolicy": Operation(_create, new_policy_arn),
        "GetPolicy": Operation(_get, policy_arn),
        "ListPolicies": Operation(_list, policies_under),
        "DeletePolicy": Operation(_delete, policy_arn),
        "CreatePolicyVersion": Operation(_create_version, policy_arn),
        "GetPolicyVersion": Operation(_get_version, policy_arn),
        "ListPolicyVersions": Operation(_list_versions, policy_arn),
        "DeletePolicyVersion": Operation(_delete_version, policy_arn),
        "SetDefaultPolicyVersion": Operation(_set_default, policy_arn),
        "TagPolicy": Operation(_tag, policy_arn),
        "UntagPolicy": Operation(_untag, policy_arn),
        "ListPolicyTags": Operation(_list_tags, policy_arn),
    }
)
