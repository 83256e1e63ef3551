"""Create the stack with AWS's API. What exists already is kept and updated, so it can be run again."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import boto3

from .definition import KeyDefinition, PolicyDefinition, StackDefinition, UserDefinition

Report = Callable[[str], None]
"""A function that takes one line of progress."""


@dataclass(frozen=True, slots=True)
class Clients:
    """The boto3 clients that create the stack, all of one account and Region."""

    kms: Any
    iam: Any
    dynamodb: Any

    @classmethod
    def of(cls, session: boto3.Session, endpoint: str | None = None) -> "Clients":
        """Return the clients of a session; `endpoint` is the lab's, None is AWS."""
        # boto3's stubs have an overload for each service, so a service from a variable has no type.
        new_client = cast("Any", session).client
        return cls(*(new_client(service, endpoint_url=endpoint) for service in ("kms", "iam", "dynamodb")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """An existing stack: the names that a program needs to use it."""

    region: str
    table_name: str
    client_key_arn: str
    full_user: str
    limited_user: str


@dataclass(frozen=True, slots=True)
class AccessKey:
    """An access key; its secret is left out of the representation."""

    id: str
    secret: str

    def __repr__(self) -> str:
        return f"AccessKey({self.id!r})"


def provision(clients: Clients, stack: StackDefinition, report: Report) -> Provisioned:
    """Create what is missing of a stack, and update its policies.

    Args:
        clients: Clients of a principal that may manage keys, users and tables in the stack's account.
        stack: The stack.
        report: Takes a line about each step.

    Returns:
        The names that a program needs.

    Raises:
        botocore.exceptions.ClientError: AWS refused a call.
    """
    client_key_arn = _key(clients.kms, stack.client_key, report)
    storage_key_arn = _key(clients.kms, stack.storage_key, report)
    _table(clients.dynamodb, stack, storage_key_arn, report)
    arns = {
        policy.name: _policy(clients.iam, stack.place.account, policy, report)
        for policy in stack.policies(client_key_arn, storage_key_arn)
    }
    for user in stack.users:
        _user(clients.iam, user, [arns[name] for name in user.policies], report)
    return Provisioned(
        region=stack.place.region,
        table_name=stack.name,
        client_key_arn=client_key_arn,
        full_user=stack.full_user,
        limited_user=stack.limited_user,
    )


def _key(kms: Any, key: KeyDefinition, report: Report) -> str:
    policy = json.dumps(key.policy)
    try:
        arn = kms.describe_key(KeyId=key.alias)["KeyMetadata"]["Arn"]
        kms.put_key_policy(KeyId=arn, PolicyName="default", Policy=policy)
    except kms.exceptions.NotFoundException:
        # The key is created with its policy, so that KMS's wide default policy is never in force.
        arn = kms.create_key(Description=key.description, Policy=policy)["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName=key.alias, TargetKeyId=arn)
    kms.enable_key_rotation(KeyId=arn)
    report(f"key     {key.alias}")
    return arn


def _table(dynamodb: Any, stack: StackDefinition, storage_key_arn: str, report: Report) -> None:
    with suppress(
        dynamodb.exceptions.ResourceInUseException
    ):  # it exists already, and its key schema cannot change
        dynamodb.create_table(**stack.table(storage_key_arn))
    dynamodb.get_waiter("table_exists").wait(
        TableName=stack.name, WaiterConfig={"Delay": 2, "MaxAttempts": 60}
    )
    dynamodb.update_continuous_backups(
        TableName=stack.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    report(f"table   {stack.name}")


def _policy(iam: Any, account: str, policy: PolicyDefinition, report: Report) -> str:
    document = json.dumps(policy.document)
    try:
        arn = iam.create_policy(
            PolicyName=policy.name, PolicyDocument=document, Description=policy.description
        )["Policy"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        arn = f"arn:aws:iam::{account}:policy/{policy.name}"
        previous = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        iam.delete_policy_version(PolicyArn=arn, VersionId=previous)  # IAM keeps at most five
    report(f"policy  {policy.name}")
    return arn


def _user(iam: Any, user: UserDefinition, policy_arns: Sequence[str], report: Report) -> None:
    with suppress(iam.exceptions.EntityAlreadyExistsException):  # the user exists already, and may be in use
        iam.create_user(UserName=user.name)
    for arn in policy_arns:
        iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    report(f"user    {user.name}")


def access_key(iam: Any, user: str) -> AccessKey:
    """Create an access key for a user; AWS never shows its secret again."""
    created = iam.create_access_key(UserName=user)["AccessKey"]
    return AccessKey(created["AccessKeyId"], created["SecretAccessKey"])
