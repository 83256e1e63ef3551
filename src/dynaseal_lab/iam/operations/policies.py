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
    already_exists,
    check_document,
    conflict,
    encoded,
    exceeded,
    in_path,
    merged_tags,
    missing,
    page,
    size_of,
    tag_list,
)
from dynaseal_lab.iam.operations.lookup import find_changeable_policy, find_policy
from dynaseal_lab.iam.operations.resource_arns import new_policy_arn, policy_arn, policy_path_arn
from dynaseal_lab.iam.operations.tags import tag_operations
from dynaseal_lab.iam.policy import PolicyKind
from dynaseal_lab.iam.records import ManagedPolicy, PolicyVersion, Role, User
from dynaseal_lab.model import Call, Reply

_MOST_VERSIONS = 5
_LARGEST = 6144


def described(iam: IamBackend, call: Call, policy: ManagedPolicy) -> dict[str, Any]:
    """Return a managed policy as lists describe it."""
    attachments, bounded = _uses(iam, call, policy.arn)
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version,
        "AttachmentCount": attachments,
        "PermissionsBoundaryUsageCount": bounded,
        "IsAttachable": True,
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


def _described_when_created(iam: IamBackend, call: Call, policy: ManagedPolicy) -> dict[str, Any]:
    description = described(iam, call, policy)
    return description | {"Tags": tag_list(policy.tags)} if policy.tags else description


def _described_in_full(iam: IamBackend, call: Call, policy: ManagedPolicy) -> dict[str, Any]:
    description = described(iam, call, policy) | {"Tags": tag_list(policy.tags)}
    return description if policy.description is None else description | {"Description": policy.description}


def _uses(iam: IamBackend, call: Call, arn: str) -> tuple[int, int]:
    """Return how many identities the policy is attached to, and how many it bounds."""
    identities = list(iam.store.identities(call.principal.account))
    bounded = [
        identity for identity in identities if isinstance(identity, User | Role) and identity.boundary == arn
    ]
    return sum(arn in identity.attached for identity in identities), len(bounded)


def described_version(policy: ManagedPolicy, version: PolicyVersion) -> dict[str, Any]:
    """Return a version of a managed policy as lists describe it: without its document."""
    return {
        "VersionId": version.id,
        "IsDefaultVersion": version.id == policy.default_version,
        "CreateDate": version.created,
    }


def _checked_document(call: Call) -> str:
    document = str(call.params["PolicyDocument"])
    check_document(document, PolicyKind.MANAGED)
    if size_of(document) > _LARGEST:
        raise exceeded(f"Cannot exceed quota for PolicySize: {_LARGEST}")
    return document


def _create(iam: IamBackend, call: Call) -> Reply:
    name, now = call.params["PolicyName"], iam.clock.now()
    if iam.store.policies.is_taken(call.principal.account, name):
        raise already_exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    policy = ManagedPolicy(
        name=name,
        path=call.params.get("Path", "/"),
        id=unique_id("ANPA"),
        arn=new_policy_arn(iam, call),
        created=now,
        updated=now,
        description=call.params.get("Description"),
        versions=(PolicyVersion("v1", _checked_document(call), now),),
        default_version="v1",
        tags=merged_tags(call),
    )
    iam.store.policies.put(policy)
    return {"Policy": _described_when_created(iam, call, policy)}


def _get(iam: IamBackend, call: Call) -> Reply:
    return {"Policy": _described_in_full(iam, call, find_policy(iam, call))}


def _list(iam: IamBackend, call: Call) -> Reply:
    scope = call.params.get("Scope", "All")
    policies = [] if scope == "AWS" else list(iam.store.policies.all(call.principal.account))
    policies += [] if scope == "Local" else AWS_MANAGED.values()
    listed = [described(iam, call, policy) for policy in policies if in_path(call, policy.path)]
    if call.params.get("OnlyAttached"):
        listed = [description for description in listed if description["AttachmentCount"]]
    return page(call, "Policies", listed)


def _delete(iam: IamBackend, call: Call) -> Reply:
    policy = find_changeable_policy(iam, call)
    if any(_uses(iam, call, policy.arn)):
        raise conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy."
        )
    iam.store.policies.remove(policy)
    return NOTHING


def _create_version(iam: IamBackend, call: Call) -> Reply:
    policy, now = find_changeable_policy(iam, call), iam.clock.now()
    document = _checked_document(call)
    if len(policy.versions) >= _MOST_VERSIONS:
        raise exceeded(
            f"A managed policy can have up to {_MOST_VERSIONS} versions. Before you create a new version, "
            "you must delete an existing version."
        )
    version = PolicyVersion(f"v{policy.next_version}", document, now)
    changed = replace(
        policy,
        versions=(*policy.versions, version),
        next_version=policy.next_version + 1,
        updated=now,
        default_version=version.id if call.params.get("SetAsDefault") else policy.default_version,
    )
    iam.store.policies.put(changed)
    return {"PolicyVersion": described_version(changed, version)}


def _find_version(call: Call, policy: ManagedPolicy) -> PolicyVersion:
    version_id = call.params["VersionId"]
    for version in policy.versions:
        if version.id == version_id:
            return version
    raise missing(f"Policy {policy.arn} version {version_id} does not exist or is not attachable.")


def _get_version(iam: IamBackend, call: Call) -> Reply:
    policy = find_policy(iam, call)
    version = _find_version(call, policy)
    return {"PolicyVersion": described_version(policy, version) | {"Document": encoded(version.document)}}


def _list_versions(iam: IamBackend, call: Call) -> Reply:
    policy = find_policy(iam, call)
    newest_first = reversed(policy.versions)
    return page(call, "Versions", [described_version(policy, version) for version in newest_first])


def _delete_version(iam: IamBackend, call: Call) -> Reply:
    policy = find_changeable_policy(iam, call)
    version = _find_version(call, policy)
    if version.id == policy.default_version:
        raise conflict("Cannot delete the default version of a policy.")
    remaining = tuple(other for other in policy.versions if other.id != version.id)
    iam.store.policies.put(replace(policy, versions=remaining))
    return NOTHING


def _set_default(iam: IamBackend, call: Call) -> Reply:
    policy = find_changeable_policy(iam, call)
    version = _find_version(call, policy)
    iam.store.policies.put(replace(policy, default_version=version.id, updated=iam.clock.now()))
    return NOTHING


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        **tag_operations(
            "Policy",
            policy_arn,
            find_policy,
            lambda iam, changed: iam.store.policies.put(changed),
            find_changeable=find_changeable_policy,
        ),
        "CreatePolicy": Operation(_create, new_policy_arn),
        "GetPolicy": Operation(_get, policy_arn),
        "ListPolicies": Operation(_list, policy_path_arn),
        "DeletePolicy": Operation(_delete, policy_arn),
        "CreatePolicyVersion": Operation(_create_version, policy_arn),
        "GetPolicyVersion": Operation(_get_version, policy_arn),
        "ListPolicyVersions": Operation(_list_versions, policy_arn),
        "DeletePolicyVersion": Operation(_delete_version, policy_arn),
        "SetDefaultPolicyVersion": Operation(_set_default, policy_arn),
    }
)
