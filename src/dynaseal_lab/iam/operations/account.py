"""The account as a whole, and what the lab's users never have: passwords, MFA devices, SSH keys.

Programs that delete a user first list each of these; the lab's true reply is that there are none.
"""

from collections.abc import Mapping
from types import MappingProxyType

from dynaseal_lab.iam.backend import IamBackend, Operation, Run
from dynaseal_lab.iam.operations.common import missing, page
from dynaseal_lab.iam.operations.lookup import find_user
from dynaseal_lab.iam.operations.resource_arns import every_resource, user_arn
from dynaseal_lab.model import Call, Reply

_QUOTAS = {
    "AccessKeysPerUserQuota": 2,
    "AssumeRolePolicySizeQuota": 2048,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 10,
    "AttachedPoliciesPerUserQuota": 10,
    "GroupPolicySizeQuota": 5120,
    "PolicySizeQuota": 6144,
    "RolePolicySizeQuota": 10240,
    "UserPolicySizeQuota": 2048,
    "VersionsPerPolicyQuota": 5,
}


def _summary(iam: IamBackend, call: Call) -> Reply:
    store, account = iam.store, call.principal.account
    counts = {
        "Users": len(store.users.all(account)),
        "Groups": len(store.groups.all(account)),
        "Roles": len(store.roles.all(account)),
        "Policies": len(store.policies.all(account)),
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in store.policies.all(account)),
        "AccountAccessKeysPresent": 1,
        "AccountMFAEnabled": 0,
        "MFADevices": 0,
    }
    return {"SummaryMap": counts | _QUOTAS}


def _no_aliases(_iam: IamBackend, call: Call) -> Reply:
    return page(call, "AccountAliases", [])


def _always_empty(name: str, *, paged: bool = True) -> Run:
    """Return an operation that lists, under `name`, what a user of the lab never has."""

    def run(iam: IamBackend, call: Call) -> Reply:
        if _is_about_a_user(call):
            find_user(iam, call)
        nothing: list[Reply] = []
        return page(call, name, nothing) if paged else {name: nothing}

    return run


def _no_login_profile(iam: IamBackend, call: Call) -> Reply:
    raise missing(f"Login Profile for User {find_user(iam, call).name} cannot be found.")


def _is_about_a_user(call: Call) -> bool:
    return "UserName" in call.params or call.principal.kind == "user"


def _user_or_caller_arn(iam: IamBackend, call: Call) -> str:
    return user_arn(iam, call) if _is_about_a_user(call) else call.principal.arn


def _no_virtual_devices(_iam: IamBackend, call: Call) -> Reply:
    return page(call, "VirtualMFADevices", [])


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "GetAccountSummary": Operation(_summary, every_resource),
        "ListAccountAliases": Operation(_no_aliases, every_resource),
        "ListMFADevices": Operation(_always_empty("MFADevices"), _user_or_caller_arn),
        "ListSigningCertificates": Operation(_always_empty("Certificates"), _user_or_caller_arn),
        "ListSSHPublicKeys": Operation(_always_empty("SSHPublicKeys"), _user_or_caller_arn),
        "ListServiceSpecificCredentials": Operation(
            _always_empty("ServiceSpecificCredentials", paged=False), _user_or_caller_arn
        ),
        "ListVirtualMFADevices": Operation(_no_virtual_devices, every_resource),
        "GetLoginProfile": Operation(_no_login_profile, user_arn),
        "DeleteLoginProfile": Operation(_no_login_profile, user_arn),
    }
)
