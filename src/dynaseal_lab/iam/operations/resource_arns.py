"""The ARN on which a request needs its permission: policies name it, whether or not there is such a resource.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
"""

from dynaseal_lab.iam.backend import IamBackend
from dynaseal_lab.iam.names import iam_arn
from dynaseal_lab.iam.operations.lookup import user_name
from dynaseal_lab.model import Call


def user_arn(iam: IamBackend, call: Call) -> str:
    """Return the ARN of the user that the request names, or else of the calling user."""
    name = user_name(call)
    user = iam.store.users.get(call.principal.account, name)
    return user.arn if user else iam_arn(call.principal.account, "user", "/", name)


def group_arn(iam: IamBackend, call: Call) -> str:
    """Return the ARN of the group that the request names."""
    name = call.params["GroupName"]
    group = iam.store.groups.get(call.principal.account, name)
    return group.arn if group else iam_arn(call.principal.account, "group", "/", name)


def role_arn(iam: IamBackend, call: Call) -> str:
    """Return the ARN of the role that the request names."""
    name = call.params["RoleName"]
    role = iam.store.roles.get(call.principal.account, name)
    return role.arn if role else iam_arn(call.principal.account, "role", "/", name)


def policy_arn(_iam: IamBackend, call: Call) -> str:
    """Return the ARN of the managed policy that the request names."""
    return str(call.params["PolicyArn"])


def new_user_arn(_iam: IamBackend, call: Call) -> str:
    """Return the ARN that a user to be created will have."""
    return iam_arn(call.principal.account, "user", call.params.get("Path", "/"), call.params["UserName"])


def new_group_arn(_iam: IamBackend, call: Call) -> str:
    """Return the ARN that a group to be created will have."""
    return iam_arn(call.principal.account, "group", call.params.get("Path", "/"), call.params["GroupName"])


def new_role_arn(_iam: IamBackend, call: Call) -> str:
    """Return the ARN that a role to be created will have."""
    return iam_arn(call.principal.account, "role", call.params.get("Path", "/"), call.params["RoleName"])


def new_policy_arn(_iam: IamBackend, call: Call) -> str:
    """Return the ARN that a managed policy to be created will have."""
    return iam_arn(call.principal.account, "policy", call.params.get("Path", "/"), call.params["PolicyName"])


def user_path_arn(_iam: IamBackend, call: Call) -> str:
    """Return the ARN that ListUsers needs its permission on: the path under which it lists users."""
    return iam_arn(call.principal.account, "user", call.params.get("PathPrefix", "/"), "")


def group_path_arn(_iam: IamBackend, call: Call) -> str:
    """Return the ARN that ListGroups needs its permission on."""
    return iam_arn(call.principal.account, "group", call.params.get("PathPrefix", "/"), "")


def role_path_arn(_iam: IamBackend, call: Call) -> str:
    """Return the ARN that ListRoles needs its permission on."""
    return iam_arn(call.principal.account, "role", call.params.get("PathPrefix", "/"), "")


def policy_path_arn(_iam: IamBackend, call: Call) -> str:
    """Return the ARN that ListPolicies needs its permission on."""
    return iam_arn(call.principal.account, "policy", call.params.get("PathPrefix", "/"), "")


def every_resource(_iam: IamBackend, _call: Call) -> str:
    """Return `*`, for an operation whose permission cannot be limited to a resource."""
    return "*"
