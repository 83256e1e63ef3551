"""IAM's API: every operation is authorised by the evaluator before it looks at anything.

GetSessionToken's credentials are for other services: IAM takes them with MFA only, which the lab has not.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html and
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operations
from dynaseal_lab.iam.operations import (
    access_keys,
    account,
    groups,
    identity_policies,
    policies,
    roles,
    simulate,
    users,
)
from dynaseal_lab.model import AccessRequest, Call, ConditionKeys, Fault

OPERATIONS: Operations = MappingProxyType(
    {
        **access_keys.OPERATIONS,
        **account.OPERATIONS,
        **groups.OPERATIONS,
        **identity_policies.OPERATIONS,
        **policies.OPERATIONS,
        **roles.OPERATIONS,
        **simulate.OPERATIONS,
        **users.OPERATIONS,
    }
)
"""Every operation that the lab's IAM answers."""


@dataclass(frozen=True, slots=True)
class IamService:
    """Answers IAM's operations."""

    iam: IamBackend

    async def handle(self, call: Call) -> Mapping[str, Any]:
        """The answer to one call, or a `Fault`."""
        operation = OPERATIONS.get(call.operation)
        if operation is None:
            raise Fault("InvalidAction", f"The lab does not have the operation {call.operation}")
        if call.principal.kind != "assumed-role" and self.iam.store.sessions.get(call.access_key_id):
            raise Fault(
                "InvalidClientTokenId", "The security token included in the request is invalid", status=403
            )
        access_request = AccessRequest(
            action=f"iam:{call.operation}",
            resource=operation.resource(self.iam, call),
            resource_account=call.principal.account,
            condition_keys=_condition_keys(self.iam, call),
        )
        self.iam.require(call, access_request)
        return operation.run(self.iam, call)


def _condition_keys(iam: IamBackend, call: Call) -> ConditionKeys:
    """IAM's own condition keys, from what the request and the user or role that it names have."""
    params, keys = call.params, dict[str, list[str]]()
    tags: Mapping[str, str] = {tag["Key"]: tag["Value"] for tag in params.get("Tags", ())}
    names = list(tags) or list(params.get("TagKeys", ()))
    keys |= {f"aws:RequestTag/{name}": [value] for name, value in tags.items()}
    if names:
        keys["aws:TagKeys"] = names
    if "PolicyArn" in params:
        keys["iam:PolicyARN"] = [params["PolicyArn"]]
    store, owner = iam.store, call.principal.account
    holder = (
        store.users.get(owner, params["UserName"])
        if "UserName" in params
        else store.roles.get(owner, params["RoleName"])
        if "RoleName" in params
        else None
    )
    boundary = params.get("PermissionsBoundary") or (holder.boundary if holder else None)
    if boundary:
        keys["iam:PermissionsBoundary"] = [boundary]
    for name, value in holder.tags.items() if holder else ():
        keys[f"aws:ResourceTag/{name}"] = keys[f"iam:ResourceTag/{name}"] = [value]
    return keys
