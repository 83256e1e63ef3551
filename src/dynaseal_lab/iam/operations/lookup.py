"""From a name in a request to a record, and to the ARN that policies see, record or not."""

from dynaseal_lab.iam.backend import IamBackend
from dynaseal_lab.iam.names import iam_arn
from dynaseal_lab.iam.operations.common import missing
from dynaseal_lab.iam.records import Group, ManagedPolicy, Role, User
from dynaseal_lab.model import Call, Fault


def user_name(call: Call) -> str:
    """The user that a request names, or else the user who calls.

    Raises:
        Fault: ValidationError, where neither is there.
    """
    named = call.params.get("UserName")
    if named is not None:
        return str(named)
    if call.principal.kind == "user":
        return call.principal.name
    raise Fault("ValidationError", "Must specify userName when calling with non-User credentials")


def user(iam: IamBackend, call: Call) -> User:
    """The user whom a request is about.

    Raises:
        Fault: NoSuchEntity.
    """
    name = user_name(call)
    found = iam.store.users.get(call.principal.account, name)
    if found is None:
        raise missing(f"The user with name {name} cannot be found.")
    return found


def group(iam: IamBackend, call: Call) -> Group:
    """The group that a request names.

    Raises:
        Fault: NoSuchEntity.
    """
    found = iam.store.groups.get(call.principal.account, call.params["GroupName"])
    if found is None:
        raise missing(f"The group with name {call.params['GroupName']} cannot be found.")
    return found


def role(iam: IamBackend, call: Call) -> Role:
    """The role that a request names.

    Raises:
        Fault: NoSuchEntity.
    """
    found = iam.store.roles.get(call.principal.account, call.params["RoleName"])
    if found is None:
        raise missing(f"The role with name {call.params['RoleName']} cannot be found.")
    return found


def policy(iam: IamBackend, call: Call) -> ManagedPolicy:
    """The managed policy that a request names.

    Raises:
        Fault: NoSuchEntity, or AccessDenied for one of another account.
    """
    arn = call.params["PolicyArn"]
    found = iam.store.policy(arn)
    if found is None:
        raise missing(f"Policy {arn} was not found.")
    return found


def own_policy(iam: IamBackend, call: Call) -> ManagedPolicy:
    """The account's own managed policy that a request names, to be changed.

    Raises:
        Fault: NoSuchEntity, or AccessDenied for a policy of AWS's.
    """
    found = policy(iam, call)
    if found.arn.startswith("arn:aws:iam::aws:"):
        raise Fault("AccessDenied", f"The policy {found.arn} is AWS's own and cannot be changed", status=403)
    return found


def user_arn(iam: IamBackend, call: Call) -> str:
    """The ARN of the user whom a request is about."""
    name = user_name(call)
    found = iam.store.users.get(call.principal.account, name)
    return found.arn if found else iam_arn(call.principal.account, "user", "/", name)


def group_arn(iam: IamBackend, call: Call) -> str:
    """The ARN of the group that a request names."""
    name = call.params["GroupName"]
    found = iam.store.groups.get(call.principal.account, name)
    return found.arn if found else iam_arn(call.principal.account, "group", "/", name)


def role_arn(iam: IamBackend, call: Call) -> str:
    """The ARN of the role that a request names."""
    name = call.params["RoleName"]
    found = iam.store.roles.get(call.principal.account, name)
    return found.arn if found else iam_arn(call.principal.account, "role", "/", name)


def policy_arn(_desk: IamBackend, call: Call) -> str:
    """The ARN of the policy that a request names."""
    return str(call.params["PolicyArn"])


def new_user_arn(_desk: IamBackend, call: Call) -> str:
    """The ARN that a user who is created will have."""
    return iam_arn(call.principal.account, "user", call.params.get("Path", "/"), call.params["UserName"])


def new_group_arn(_desk: IamBackend, call: Call) -> str:
    """The ARN that a group that is created will have."""
    return iam_arn(call.principal.account, "group", call.params.get("Path", "/"), call.params["GroupName"])


def new_role_arn(_desk: IamBackend, call: Call) -> str:
    """The ARN that a role that is created will have."""
    return iam_arn(call.principal.account, "role", call.params.get("Path", "/"), call.params["RoleName"])


def new_policy_arn(_desk: IamBackend, call: Call) -> str:
    """The ARN that a policy that is created will have."""
    return iam_arn(call.principal.account, "policy", call.params.get("Path", "/"), call.params["PolicyName"])


def users_under(_desk: IamBackend, call: Call) -> str:
    """What ListUsers is about: the users under a path."""
    return iam_arn(call.principal.account, "user", call.params.get("PathPrefix", "/"), "")


def groups_under(_desk: IamBackend, call: Call) -> str:
    """What ListGroups is about."""
    return iam_arn(call.principal.account, "group", call.params.get("PathPrefix", "/"), "")


def roles_under(_desk: IamBackend, call: Call) -> str:
    """What ListRoles is about."""
    return iam_arn(call.principal.account, "role", call.params.get("PathPrefix", "/"), "")


def policies_under(_desk: IamBackend, call: Call) -> str:
    """What ListPolicies is about."""
    return iam_arn(call.principal.account, "policy", call.params.get("PathPrefix", "/"), "")


def everything(_desk: IamBackend, _call: Call) -> str:
    """An operation that is about no one thing."""
    return "*"
