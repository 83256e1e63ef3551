"""GetAccountAuthorizationDetails: every user, group, role and policy of the account, with their documents."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.managed import AWS_MANAGED
from dynaseal_lab.iam.operations.boundaries import described_boundary
from dynaseal_lab.iam.operations.common import encoded, page, tag_list
from dynaseal_lab.iam.operations.groups import described as described_group
from dynaseal_lab.iam.operations.instance_profiles import described as described_profile
from dynaseal_lab.iam.operations.instance_profiles import profiles_of_role
from dynaseal_lab.iam.operations.policies import described as described_policy
from dynaseal_lab.iam.operations.policies import described_version
from dynaseal_lab.iam.operations.resource_arns import every_resource
from dynaseal_lab.iam.operations.roles import described_in_profiles
from dynaseal_lab.iam.operations.users import described as described_user
from dynaseal_lab.iam.records import Group, Identity, ManagedPolicy, Role, User
from dynaseal_lab.model import Call, Reply

_LISTS: Mapping[str, str] = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}
"""For each value of `Filter`, the list that its details are in."""


def _inline(identity: Identity) -> list[Reply]:
    return [
        {"PolicyName": name, "PolicyDocument": encoded(document)}
        for name, document in identity.inline.items()
    ]


def _attached(identity: Identity) -> list[Reply]:
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in identity.attached]


def _boundary_and_tags(identity: User | Role) -> dict[str, Any]:
    return {"PermissionsBoundary": described_boundary(identity.boundary), "Tags": tag_list(identity.tags)}


def _user(user: User) -> Reply:
    own = {"UserPolicyList": _inline(user), "GroupList": list(user.groups)}
    attached = {"AttachedManagedPolicies": _attached(user)}
    return described_user(user) | own | attached | _boundary_and_tags(user)


def _group(group: Group) -> Reply:
    own = {"GroupPolicyList": _inline(group), "AttachedManagedPolicies": _attached(group)}
    return described_group(group) | own


def _role(iam: IamBackend, account: str, role: Role) -> Reply:
    profiles = [described_profile(iam, account, each) for each in profiles_of_role(iam, account, role.name)]
    last_used: Reply = {}
    own = {
        "InstanceProfileList": profiles,
        "RolePolicyList": _inline(role),
        "AttachedManagedPolicies": _attached(role),
        "RoleLastUsed": last_used,
    }
    return described_in_profiles(iam, role) | own | _boundary_and_tags(role)


def _policy(iam: IamBackend, call: Call, policy: ManagedPolicy) -> Reply:
    versions = [
        described_version(policy, version) | {"Document": encoded(version.document)}
        for version in reversed(policy.versions)
    ]
    return described_policy(iam, call, policy) | {"PolicyVersionList": versions}


def _details(iam: IamBackend, call: Call) -> Iterator[tuple[str, Reply]]:
    """Yield each detail with the value of `Filter` that selects it."""
    store, account = iam.store, call.principal.account
    for user in store.users.all(account):
        yield "User", _user(user)
    for group in store.groups.all(account):
        yield "Group", _group(group)
    for role in store.roles.all(account):
        yield "Role", _role(iam, account, role)
    for policy in store.policies.all(account):
        yield "LocalManagedPolicy", _policy(iam, call, policy)
    attached = {arn for identity in store.identities(account) for arn in identity.attached}
    for arn, policy in AWS_MANAGED.items():
        if arn in attached:
            yield "AWSManagedPolicy", _policy(iam, call, policy)


def _authorization_details(iam: IamBackend, call: Call) -> Reply:
    wanted = call.params.get("Filter") or list(_LISTS)
    selected = page(call, "details", [detail for detail in _details(iam, call) if detail[0] in wanted])
    reply: dict[str, Any] = {name: [] for name in _LISTS.values()}
    for kind, detail in selected.pop("details"):
        reply[_LISTS[kind]].append(detail)
    return reply | selected


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {"GetAccountAuthorizationDetails": Operation(_authorization_details, every_resource)}
)
