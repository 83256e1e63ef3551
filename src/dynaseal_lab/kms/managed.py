"""Keys that AWS manages for a service: created at their first use, one per account and Region.

Whoever may use the service may use the key through the service, and nobody may use it otherwise. Its policy
cannot be changed. It rotates every year.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-key
"""

import json
import secrets
from datetime import timedelta

from dynaseal_lab.kms.keys import KeyMaterial, KeyRecord, arn_prefix, new_backing_key, new_key_id
from dynaseal_lab.kms.specs import ENCRYPT_DECRYPT, KEY_SPECS, SYMMETRIC_DEFAULT
from dynaseal_lab.kms.store import Alias, KmsStore
from dynaseal_lab.model import Clock

_ROTATION_DAYS = 365
_PREFIX = "alias/aws/"

_SERVICES = (
    "acm",
    "dynamodb",
    "ebs",
    "elasticfilesystem",
    "es",
    "glue",
    "kinesisvideo",
    "lambda",
    "rds",
    "redshift",
    "s3",
    "ssm",
    "xray",
)
PREDEFINED_ALIASES = tuple(_PREFIX + service for service in _SERVICES)
"""AWS's own aliases, which an account has in every Region before any service uses their keys."""


def managed_key(store: KmsStore, clock: Clock, account: str, region: str, service: str) -> KeyRecord:
    """Return the key with the alias `alias/aws/SERVICE`, created if there is none.

    Args:
        store: The stored keys.
        clock: The lab's time.
        account: The account that owns the key.
        region: The Region.
        service: The service, such as `dynamodb`.
    """
    name = f"{_PREFIX}{service}"
    alias = store.alias(account, region, name)
    existing = store.key(region, alias.key_id) if alias is not None else None
    if existing is not None:
        return existing
    now, spec = clock.now(), KEY_SPECS[SYMMETRIC_DEFAULT]
    record = KeyRecord(
        account=account,
        region=region,
        key_id=new_key_id(multi_region=False),
        spec=spec,
        usage=ENCRYPT_DECRYPT,
        created=now,
        policy=_policy(account, arn_prefix(account, region).split(":")[1], service),
        description=f"Default key that protects my {service} data when no other key is defined",
        manager="AWS",
    )
    backing = new_backing_key(secrets.token_bytes(spec.size), now)
    due = now + timedelta(days=_ROTATION_DAYS)
    store.put_material(
        KeyMaterial(
            key_id=record.key_id,
            primary_region=region,
            versions=(backing,),
            rotation_days=_ROTATION_DAYS,
            rotation_due=due,
        )
    )
    store.put_key(record)
    store.put_alias(
        Alias(account=account, region=region, name=name, key_id=record.key_id, created=now, updated=now)
    )
    return record


def predefined_key(
    store: KmsStore, clock: Clock, account: str, region: str, alias_name: str
) -> KeyRecord | None:
    """Return the key of one of AWS's own aliases, created if there is none; None for any other alias.

    As on AWS, DescribeKey on such an alias creates the key.
    """
    if alias_name not in PREDEFINED_ALIASES:
        return None
    return managed_key(store, clock, account, region, alias_name.removeprefix(_PREFIX))


def _policy(account: str, partition: str, service: str) -> str:
    through = {
        "StringEquals": {"kms:CallerAccount": account},
        "StringLike": {"kms:ViaService": f"{service}.*.amazonaws.com"},
    }
    statements = [
        {
            "Sid": f"Allow access through {service} for all principals in the account",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:CreateGrant",
                "kms:DescribeKey",
            ],
            "Resource": "*",
            "Condition": through,
        },
        {
            "Sid": "Allow direct access to key metadata to the account",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
            "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
            "Resource": "*",
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Id": f"auto-{service}-2", "Statement": statements})
