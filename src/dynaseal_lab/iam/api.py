"""IAM's API: every operation is allowed or denied by the evaluator before it reads any record.

A resource belongs to the account in its ARN, and IAM's resources have no resource-based policies. So a caller
who names another account's policy or user is denied, a root user too. Policies managed by AWS belong to no
account: whether a caller may read them is decided by the caller's own account.

GetSessionToken's credentials cannot call IAM: AWS accepts them with MFA only, which the lab does not have.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from dataclasses import dataclass
from types import MappingProxyType

from dynaseal_lab.iam.backend import IamBackend, Operations
from dynaseal_lab.iam.names import SERVICE_LINKED_PATH, account_of, is_account, is_arn
from dynaseal_lab.iam.operations import (
    access_keys,
    account,
    authorization_details,
    groups,
    identity_policies,
    instance_profiles,
    policies,
    roles,
    service_linked_roles,
    simulate,
    users,
)
from dynaseal_lab.iam.records import Role, User
from dynaseal_lab.model import AccessRequest, Call, ConditionKeys, Fault, Reply

OPERATIONS: Operations = MappingProxyType(
    {
        **access_keys.OPERATIONS,
        **account.OPERATIONS,
        **authorization_details.OPERATIONS,
        **groups.OPERATIONS,
        **identity_policies.OPERATIONS,
        **instance_profiles.OPERATIONS,
        **policies.OPERATIONS,
        **roles.OPERATIONS,
        **service_linked_roles.OPERATIONS,
        **simulate.OPERATIONS,
        **users.OPERATIONS,
    }
)
"""Every operation of IAM that the lab has."""

_CHANGES_OF_ROLES = frozenset(
    {
        "AttachRolePolicy",
        "DeleteRole",
        "DeleteRolePermissionsBoundary",
        "DeleteRolePolicy",
        "DetachRolePolicy",
        "PutRolePermissionsBoundary",
        "PutRolePolicy",
        "UpdateAssumeRolePolicy",
    }
)
"""Operations that only AWS may do on a service-linked role."""


@dataclass(frozen=True, slots=True)
class IamService:
    """The service IAM."""

    iam: IamBackend

    async def handle(self, call: Call) -> Reply:
        """Answer one call.

        Raises:
            Fault: The lab does not have the operation, the call is denied, or the operation fails.
        """
        operation = OPERATIONS.get(call.operation)
        if operation is None:
            raise Fault("InvalidAction", f"The lab does not have the operation {call.operation}")
        if call.principal.kind != "assumed-role" and self.iam.store.sessions.get(call.access_key_id):
            raise Fault(
                "InvalidClientTokenId", "The security token included in the request is invalid", status=403
            )
        _check_policy_arn(call)
        resource = operation.resource(self.iam, call)
        access_request = AccessRequest(
            action=f"iam:{call.operation}",
            resource=resource,
            resource_account=_owner(resource, call),
            condition_keys=_condition_keys(self.iam, call),
        )
        self.iam.require(call, access_request)
        _check_service_linked_role(self.iam, call)
        return operation.run(self.iam, call)


def _check_service_linked_role(iam: IamBackend, call: Call) -> None:
    """Refuse a change of a service-linked role.

    Raises:
        Fault: UnmodifiableEntity.
    """
    if call.operation not in _CHANGES_OF_ROLES:
        return
    role = iam.store.roles.get(call.principal.account, call.params["RoleName"])
    if role is not None and role.path.startswith(SERVICE_LINKED_PATH):
        raise Fault(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only "
            "modifiable by AWS",
        )


def _check_policy_arn(call: Call) -> None:
    """Refuse a `PolicyArn` that is not an ARN.

    Raises:
        Fault: ValidationError.
    """
    if "PolicyArn" in call.params and not is_arn(call.params["PolicyArn"]):
        raise Fault("ValidationError", "Invalid ARN:  Could not be parsed!")


def _owner(resource: str, call: Call) -> str:
    """Return the account that owns a resource; the caller's for `*` and for policies managed by AWS."""
    account = account_of(resource)
    return account if is_account(account) else call.principal.account


def _condition_keys(iam: IamBackend, call: Call) -> ConditionKeys:
    """Return IAM's own condition keys: from the request, and from the user or role that it names."""
    params, keys = call.params, dict[str, list[str]]()
    tags: dict[str, str] = {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())}
    tag_keys = list(tags) or list(params.get("TagKeys", ()))
    keys |= {f"aws:RequestTag/{key}": [value] for key, value in tags.items()}
    if tag_keys:
        keys["aws:TagKeys"] = tag_keys
    if "AWSServiceName" in params:
        keys["iam:AWSServiceName"] = [params["AWSServiceName"]]
    if "PolicyArn" in params:
        keys["iam:PolicyARN"] = [params["PolicyArn"]]
    identity = _named_identity(iam, call)
    boundary = params.get("PermissionsBoundary") or (identity.boundary if identity else None)
    if boundary:
        keys["iam:PermissionsBoundary"] = [boundary]
    for key, value in identity.tags.items() if identity else ():
        keys[f"aws:ResourceTag/{key}"] = keys[f"iam:ResourceTag/{key}"] = [value]
    return keys


def _named_identity(iam: IamBackend, call: Call) -> User | Role | None:
    if "UserName" in call.params:
        return iam.store.users.get(call.principal.account, call.params["UserName"])
    if "RoleName" in call.params:
        return iam.store.roles.get(call.principal.account, call.params["RoleName"])
    return None
