"""A lab's key policies and user policies, read and written through AWS's own operations.

They are used with a lab only; `pages` refuses to write anywhere else.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

Kind = Literal["key", "user", "group", "managed"]

NEW_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}],
}
"""What a new policy of a user begins with."""

_AWS_MANAGED = "arn:aws:iam::aws:"
_MOST_VERSIONS = 5
"""The most versions of a managed policy that IAM keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy that can be edited.

    Attributes:
        kind: A key's policy, a policy inside a user or a group, or a managed policy that is attached to one.
        owner: The key's ARN, the user's or group's name, or the managed policy's ARN.
        name: The policy's name, or the key's alias or id.
        document: Its JSON, indented.
    """

    kind: Kind
    owner: str
    name: str
    document: str


def key_policies(kms: Any) -> Iterator[Policy]:
    """Yield the policies of the account's own keys."""
    aliases: dict[str, str] = {}
    for page in kms.get_paginator("list_aliases").paginate():
        aliases |= {
            each["TargetKeyId"]: each["AliasName"] for each in page["Aliases"] if "TargetKeyId" in each
        }
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            key_id = key["KeyId"]
            if kms.describe_key(KeyId=key_id)["KeyMetadata"].get("KeyManager") == "CUSTOMER":
                yield key_policy(kms, key["KeyArn"], aliases.get(key_id))


def key_policy(kms: Any, arn: str, alias: str | None = None) -> Policy:
    """Return a key's policy."""
    document = kms.get_key_policy(KeyId=arn, PolicyName="default")["Policy"]
    return Policy(kind="key", owner=arn, name=alias or arn.rpartition("/")[2], document=_indented(document))


def user_policies(iam: Any, user: str) -> Iterator[Policy]:
    """Yield the policies of a user and of its groups: those inside, and the account's managed policies."""
    for page in iam.get_paginator("list_user_policies").paginate(UserName=user):
        for name in page["PolicyNames"]:
            document = iam.get_user_policy(UserName=user, PolicyName=name)["PolicyDocument"]
            yield Policy(kind="user", owner=user, name=name, document=_indented(document))
    for page in iam.get_paginator("list_attached_user_policies").paginate(UserName=user):
        yield from _managed(iam, page)
    for groups in iam.get_paginator("list_groups_for_user").paginate(UserName=user):
        for group in groups["Groups"]:
            yield from _group_policies(iam, group["GroupName"])


def _group_policies(iam: Any, group: str) -> Iterator[Policy]:
    for page in iam.get_paginator("list_group_policies").paginate(GroupName=group):
        for name in page["PolicyNames"]:
            document = iam.get_group_policy(GroupName=group, PolicyName=name)["PolicyDocument"]
            yield Policy(kind="group", owner=group, name=name, document=_indented(document))
    for page in iam.get_paginator("list_attached_group_policies").paginate(GroupName=group):
        yield from _managed(iam, page)


def _managed(iam: Any, page: Mapping[str, Any]) -> Iterator[Policy]:
    """Yield the managed policies of a page that are the account's, with their current documents."""
    for attached in page["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        if not arn.startswith(_AWS_MANAGED):
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
            yield Policy(kind="managed", owner=arn, name=attached["PolicyName"], document=_indented(document))


def save(clients: Any, kind: Kind, owner: str, name: str, document: str) -> None:
    """Write a policy.

    Raises:
        botocore.exceptions.ClientError: the document is malformed, or the policy cannot be changed.
    """
    if kind == "key":
        clients.kms.put_key_policy(KeyId=owner, PolicyName="default", Policy=document)
    elif kind == "user":
        clients.iam.put_user_policy(UserName=owner, PolicyName=name, PolicyDocument=document)
    elif kind == "group":
        clients.iam.put_group_policy(GroupName=owner, PolicyName=name, PolicyDocument=document)
    else:
        versions = clients.iam.list_policy_versions(PolicyArn=owner)["Versions"]
        if len(versions) >= _MOST_VERSIONS:
            oldest = min(
                (version for version in versions if not version["IsDefaultVersion"]),
                key=lambda version: version["CreateDate"],
            )
            clients.iam.delete_policy_version(PolicyArn=owner, VersionId=oldest["VersionId"])
        clients.iam.create_policy_version(PolicyArn=owner, PolicyDocument=document, SetAsDefault=True)


def delete_user_policy(iam: Any, user: str, name: str) -> None:
    """Delete a policy inside a user."""
    iam.delete_user_policy(UserName=user, PolicyName=name)


def new_policy_document() -> str:
    """Return the JSON that a new policy of a user begins with."""
    return _indented(NEW_POLICY)


def _indented(document: Any) -> str:
    if isinstance(document, str):
        try:
            document = json.loads(document if document.lstrip().startswith("{") else unquote(document))
        except ValueError:
            return document
    return json.dumps(document, indent=2, ensure_ascii=False)
