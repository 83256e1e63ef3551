"""Service-linked roles: those of DynamoDB, which only DynamoDB may assume and only AWS may change.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType
from uuid import uuid4

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.names import SERVICE_LINKED_PATH, iam_arn, unique_id
from dynaseal_lab.iam.operations.common import missing
from dynaseal_lab.iam.operations.lookup import find_role
from dynaseal_lab.iam.operations.resource_arns import every_resource, role_arn
from dynaseal_lab.iam.operations.roles import described_when_created
from dynaseal_lab.iam.records import Role
from dynaseal_lab.model import Call, Fault, Reply

_ROLES: Mapping[str, tuple[str, str]] = {
    "contributorinsights.dynamodb.amazonaws.com": (
        "AWSServiceRoleForDynamoDBCloudWatchContributorInsights",
        "DynamoDBCloudWatchContributorInsightsServiceRolePolicy",
    ),
    "dynamodb.application-autoscaling.amazonaws.com": (
        "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable",
        "AWSApplicationAutoscalingDynamoDBTablePolicy",
    ),
    "kinesisreplication.dynamodb.amazonaws.com": (
        "AWSServiceRoleForDynamoDBKinesisDataStreamsReplication",
        "DynamoDBKinesisReplicationServiceRolePolicy",
    ),
    "replication.dynamodb.amazonaws.com": (
        "AWSServiceRoleForDynamoDBReplication",
        "DynamoDBReplicationServiceRolePolicy",
    ),
}
"""For each service, the name of its role and of its policy."""

_WITH_SUFFIX = ("autoscaling.amazonaws.com", "connect.amazonaws.com", "lexv2.amazonaws.com")
_TASK = re.compile(r"task/aws-service-role/[\w.-]+/[\w+=,.@-]+/[0-9a-f-]{36}", re.ASCII)


def _create(iam: IamBackend, call: Call) -> Reply:
    service, account = call.params["AWSServiceName"], call.principal.account
    if "CustomSuffix" in call.params and service not in _WITH_SUFFIX:
        raise _invalid(f"Custom suffix is not allowed for {service}")
    if service not in _ROLES:
        raise _invalid(f"The lab has no service-linked role for {service}; it has those of DynamoDB")
    name, policy = _ROLES[service]
    if iam.store.roles.is_taken(account, name):
        raise _invalid(
            f"Service role name {name} has been taken in this account, please try a different suffix."
        )
    path = f"{SERVICE_LINKED_PATH}{service}/"
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    role = Role(
        name=name,
        path=path,
        id=unique_id("AROA"),
        arn=iam_arn(account, "role", path, name),
        created=iam.clock.now(),
        trust=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        description=call.params.get("Description"),
        attached=(f"arn:aws:iam::aws:policy{SERVICE_LINKED_PATH}{policy}",),
    )
    iam.store.roles.put(role)
    return {"Role": described_when_created(iam, role)}


def _delete(iam: IamBackend, call: Call) -> Reply:
    """Delete the role at once; on AWS a task deletes it when no resource uses it."""
    role = find_role(iam, call)
    if not role.path.startswith(SERVICE_LINKED_PATH):
        raise _invalid(f"{role.name} is not a service-linked role")
    iam.store.roles.remove(role)
    return {"DeletionTaskId": f"task{role.path}{role.name}/{uuid4()}"}


def _deletion_status(_iam: IamBackend, call: Call) -> Reply:
    task = call.params["DeletionTaskId"]
    if not _TASK.fullmatch(task):
        raise missing(f"Deletion task {task} cannot be found.")
    return {"Status": "SUCCEEDED"}


def _invalid(message: str) -> Fault:
    return Fault("InvalidInput", message)


def _new_role_arn(_iam: IamBackend, call: Call) -> str:
    service = call.params["AWSServiceName"]
    name = _ROLES.get(service, ("AWSServiceRole", ""))[0]
    return iam_arn(call.principal.account, "role", f"{SERVICE_LINKED_PATH}{service}/", name)


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreateServiceLinkedRole": Operation(_create, _new_role_arn),
        "DeleteServiceLinkedRole": Operation(_delete, role_arn),
        "GetServiceLinkedRoleDeletionStatus": Operation(_deletion_status, every_resource),
    }
)
