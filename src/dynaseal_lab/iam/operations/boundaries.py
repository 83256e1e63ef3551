"""The permissions boundaries of users and roles."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation, Operations, ResourceOf
from dynaseal_lab.iam.operations.common import NOTHING, missing
from dynaseal_lab.model import Call, Reply


def boundary_operations(
    noun: str,
    arn: ResourceOf,
    find: Callable[[IamBackend, Call], Any],
    put: Callable[[IamBackend, Any], None],
) -> Operations:
    """Return the operations that set and remove the boundary of one kind of identity.

    Args:
        noun: The kind, as the operations' names have it: `User` or `Role`.
        arn: Returns the ARN of the identity that a call names.
        find: Returns the identity that a call names.
        put: Stores a changed identity.
    """

    def put_boundary(iam: IamBackend, call: Call) -> Reply:
        identity = find(iam, call)
        put(iam, replace(identity, boundary=check_boundary(iam, call)))
        return NOTHING

    def delete_boundary(iam: IamBackend, call: Call) -> Reply:
        identity = find(iam, call)
        if identity.boundary is None:
            raise missing(f"{noun} {identity.name} does not have a permission boundary.")
        put(iam, replace(identity, boundary=None))
        return NOTHING

    return {
        f"Put{noun}PermissionsBoundary": Operation(put_boundary, arn),
        f"Delete{noun}PermissionsBoundary": Operation(delete_boundary, arn),
    }


def check_boundary(iam: IamBackend, call: Call) -> str | None:
    """Return the ARN of the permissions boundary that a request sets, or None.

    Raises:
        Fault: NoSuchEntity, if the caller's account cannot use this policy.
    """
    arn = call.params.get("PermissionsBoundary")
    if arn is not None and iam.store.policy(call.principal.account, arn) is None:
        raise missing(f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def described_boundary(arn: str | None) -> Reply | None:
    """Return a permissions boundary as IAM's replies describe it."""
    return None if arn is None else {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
