"""The records that a request names: its user, group, role or managed policy."""

from dynaseal_lab.iam.backend import IamBackend
from dynaseal_lab.iam.managed import AWS_MANAGED
from dynaseal_lab.iam.operations.common import missing
from dynaseal_lab.iam.records import Group, ManagedPolicy, Role, User
from dynaseal_lab.model import Call, Fault


def user_name(call: Call) -> str:
    """Return the user name in the request, or else the name of the calling user.

    Raises:
        Fault: ValidationError, if the request names no user and the caller is not one.
    """
    name = call.params.get("UserName")
    if name is not None:
        return str(name)
    if call.principal.kind == "user":
        return call.principal.name
    raise Fault("ValidationError", "Must specify userName when calling with non-User credentials")


def find_user(iam: IamBackend, call: Call) -> User:
    """Return the user that the request names, or else the calling user.

    Raises:
        Fault: NoSuchEntity, if the caller's account has no such user.
    """
    name = user_name(call)
    user = iam.store.users.get(call.principal.account, name)
    if user is None:
        raise missing(f"The user with name {name} cannot be found.")
    return user


def find_group(iam: IamBackend, call: Call) -> Group:
    """Return the group that the request names.

    Raises:
        Fault: NoSuchEntity, if the caller's account has no such group.
    """
    name = call.params["GroupName"]
    group = iam.store.groups.get(call.principal.account, name)
    if group is None:
        raise missing(f"The group with name {name} cannot be found.")
    return group


def find_role(iam: IamBackend, call: Call) -> Role:
    """Return the role that the request names.

    Raises:
        Fault: NoSuchEntity, if the caller's account has no such role.
    """
    name = call.params["RoleName"]
    role = iam.store.roles.get(call.principal.account, name)
    if role is None:
        raise missing(f"The role with name {name} cannot be found.")
    return role


def find_policy(iam: IamBackend, call: Call) -> ManagedPolicy:
    """Return the managed policy whose ARN the request has: one of the caller's account, or one of AWS's.

    Raises:
        Fault: NoSuchEntity, if there is no such policy.
    """
    arn = call.params["PolicyArn"]
    policy = iam.store.policy(call.principal.account, arn)
    if policy is None:
        raise missing(f"Policy {arn} was not found.")
    return policy


def find_changeable_policy(iam: IamBackend, call: Call) -> ManagedPolicy:
    """Return the managed policy that the request is going to change.

    Raises:
        Fault: NoSuchEntity, if there is no such policy; AccessDenied, if it is one of AWS's.
    """
    policy = find_policy(iam, call)
    if policy.arn in AWS_MANAGED:
        raise Fault(
            "AccessDenied",
            f"The policy {policy.arn} is managed by AWS and cannot be changed; create a policy of your own",
            status=403,
        )
    return policy
