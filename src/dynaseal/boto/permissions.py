"""Which actions of DynamoDB a program needs, by what it does with a table's items.

A writer does not read, and so needs nothing that reading takes, unless its updates read first.
"""

from collections.abc import Sequence
from enum import Enum

from dynaseal.config import TableConfig, UpdateMode


class Role(Enum):
    """What a program does with a table's items.

    Attributes:
        READER: Reads and decrypts items.
        WRITER: Encrypts and writes items. If the table's updates read first, it reads too.
        MIGRATOR: Reads items, and writes them as another configuration would.
        KEY_ADMIN: Administers the KMS keys, and does not use them.
    """

    READER = "reader"
    WRITER = "writer"
    MIGRATOR = "migrator"
    KEY_ADMIN = "key-admin"


MOST_PROGRAMS = frozenset(
    {"dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"}
)
"""The actions without which few programs work. The others belong to operations that many never use."""

KEY_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListKeyRotations",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
"""What it takes to administer a KMS key, and nothing that encrypts or decrypts."""

INDEX_READS = ("dynamodb:Query", "dynamodb:Scan")
_READS = ("dynamodb:BatchGetItem", "dynamodb:GetItem", *INDEX_READS)
_WRITES = (
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)

_MIGRATIONS = (
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
)
"""What `dynaseal migrate` does: it updates an item in place, and puts one that is too large to be updated."""


def item_actions(config: TableConfig, role: Role) -> Sequence[str]:
    """Return the actions of DynamoDB that a role needs on a table.

    Args:
        config: The table's configuration.
        role: What the program does.
    """
    match role:
        case Role.READER:
            return _READS
        case Role.WRITER:
            reads = config.update_mode is UpdateMode.READ_MODIFY_WRITE
            return (*_WRITES, *(["dynamodb:GetItem"] if reads else []))
        case Role.MIGRATOR:
            return _MIGRATIONS
        case Role.KEY_ADMIN:
            return ()
