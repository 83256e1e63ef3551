"""The account as a whole, and what the lab's users never have: passwords, MFA devices, keys for SSH.

Programs that delete a user ask for each of these first; the truthful answer is that there are none.
"""

from collections.abc import Mapping
from types import MappingProxyType

from dynaseal_lab.iam.backend import IamBackend, Operation, Run
from dynaseal_lab.iam.operations.common import missing, page
from dynaseal_lab.iam.operations.lookup import everything, user, user_arn
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


def _no_aliases(_desk: IamBackend, call: Call) -> Reply:
    return page(call, "AccountAliases", [])


def _none_of(name: str, *, paged: bool = True) -> Run:
    """An empty list of what a user of the lab never has."""

    def run(iam: IamBackend, call: Call) -> Reply:
        if "UserName" in call.params or call.principal.kind == "user":
            user(iam, call)
        nothing: list[Reply] = []
        return page(call, name, nothing) if paged else {name: nothing}

    return run


def _no_login_profile(iam: IamBackend, call: Call) -> Reply:
    raise missing(f"Login Profile for User {user(iam, call).name} cannot be found.")


def _own_or_named(iam: IamBackend, call: Call) -> str:
    named = "UserName" in call.params or call.principal.kind == "user"
    return user_arn(iam, call) if named else call.principal.arn


def _no_virtual_devices(_desk: IamBackend, call: Call) -> Reply:
    return page(call, "VirtualMFADevices", [])


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "GetAccountSummary": Operation(_summary, everything),
        "ListAccountAliases": Operation(_no_aliases, everything),
        "ListMFADevices": Operation(_none_of("MFADevices"), _own_or_named),
        "ListSigningCertificates": Operation(_none_of("Certificates"), _own_or_named),
        "ListSSHPublicKeys": Operation(_none_of("SSHPublicKeys"), _own_or_named),
        "ListServiceSpecificCredentials": Operation(
            _none_of("ServiceSpecificCredentials", paged=False), _own_or_named
        ),
        "ListVirtualMFADevices": Operation(_no_virtual_devices, everything),
        "GetLoginProfile": Operation(_no_login_profile, user_arn),
        "DeleteLoginProfile": Operation(_no_login_profile, user_arn),
    }
)
