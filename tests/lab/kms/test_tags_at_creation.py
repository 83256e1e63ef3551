"""Tags that CreateKey and ReplicateKey set: the identity's policies decide, as the key has no policy yet."""

from typing import Any

from dynaseal_lab.testing import LabAccount
from lab.errors import client_error

TAGS = [{"TagKey": "team", "TagValue": "red"}]
REPLICATE = ["kms:CreateKey", "kms:ReplicateKey", "kms:TagResource", "kms:DescribeKey"]


def tag_statement(account: LabAccount, **elements: Any) -> dict[str, Any]:
    """Allow tagging as AWS's documentation does: on the account's keys."""
    resource = f"arn:aws:kms:*:{account.number}:key/*"
    return {"Effect": "Allow", "Action": "kms:TagResource", "Resource": resource, **elements}


def test_the_root_user_may_create_a_key_with_tags(account: LabAccount) -> None:
    kms = account.client("kms")
    key = kms.create_key(Tags=TAGS)["KeyMetadata"]["KeyId"]
    assert kms.list_resource_tags(KeyId=key)["Tags"] == TAGS


def test_a_user_needs_tag_resource_in_the_users_own_policies(account: LabAccount) -> None:
    create = {"Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*"}
    plain, tagging = account.user("ann", create), account.user("bob", create, tag_statement(account))
    code, message = client_error(plain.client("kms").create_key, Tags=TAGS)
    assert code == "AccessDeniedException"
    assert "kms:TagResource" in message
    assert "because no identity-based policy allows the kms:TagResource action" in message
    plain.client("kms").create_key()
    tagging.client("kms").create_key(Tags=TAGS)


def test_a_condition_on_the_tags_counts_at_creation(account: LabAccount) -> None:
    create = {"Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*"}
    red = {"StringEquals": {"aws:RequestTag/team": "red"}}
    kms = account.user("ann", create, tag_statement(account, Condition=red)).client("kms")
    kms.create_key(Tags=TAGS)
    blue = [{"TagKey": "team", "TagValue": "blue"}]
    assert client_error(kms.create_key, Tags=blue)[0] == "AccessDeniedException"


def test_a_boundary_limits_tags_at_creation(account: LabAccount) -> None:
    ann = account.user("ann", {"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
    iam = account.client("iam")
    document = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"kms:CreateKey","Resource":"*"}}'
    )
    boundary = iam.create_policy(PolicyName="limit", PolicyDocument=document)["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=boundary)
    kms = ann.client("kms")
    kms.create_key()
    assert "permissions boundary" in client_error(kms.create_key, Tags=TAGS)[1]


def test_a_replica_gets_tags_by_the_identitys_policies(account: LabAccount) -> None:
    every = [{"Effect": "Allow", "Action": REPLICATE, "Resource": "*"}]
    ann = account.user("ann", *every)
    kms = ann.client("kms")
    key = kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
    reply = kms.replicate_key(KeyId=key, ReplicaRegion="eu-central-1", Tags=TAGS)
    assert reply["ReplicaTags"] == TAGS
