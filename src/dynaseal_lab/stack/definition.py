"""The stack as data: the same stack as in `terraform/`, for a machine without Terraform.

Rules, whose reasons are beside the statements in `terraform/modules/`:
- A key policy delegates named actions to the account, never `kms:*`; IAM policies allow them to principals.
- The client key can be used only for `GenerateDataKey` and `Decrypt`; the full user's policy allows both.
- The storage key can be used only through DynamoDB, by every principal of the account; grants on it need an
  IAM policy as well.
- Both users share one policy for the table's items: named actions on the table and on its indexes.

Nothing here calls AWS. A test compares the stack with the one that Terraform creates.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Statement = Mapping[str, object]
Document = Mapping[str, object]
"""A policy document as `json.dumps` takes it."""

KEY_ADMINISTRATION = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
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
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
ITEM_KEY_USE = ("kms:Decrypt", "kms:GenerateDataKey")
TABLE_KEY_USE = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
ITEM_OPERATIONS = (
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
)
INDEX_READS = ("dynamodb:Query", "dynamodb:Scan")


@dataclass(frozen=True, slots=True)
class Place:
    """The account and Region of a stack."""

    account: str
    region: str

    @property
    def account_principal(self) -> str:
        """The account as the principal of a key policy, which leaves the decision to IAM policies."""
        return f"arn:aws:iam::{self.account}:root"

    @property
    def through_dynamodb(self) -> Mapping[str, str]:
        """The condition that the call came through DynamoDB."""
        return {"kms:ViaService": f"dynamodb.{self.region}.amazonaws.com"}


@dataclass(frozen=True, slots=True)
class KeyDefinition:
    """A symmetric KMS key with rotation."""

    alias: str
    description: str
    policy: Document


@dataclass(frozen=True, slots=True)
class PolicyDefinition:
    """A customer-managed IAM policy."""

    name: str
    description: str
    document: Document


@dataclass(frozen=True, slots=True)
class UserDefinition:
    """An IAM user and the names of the attached policies."""

    name: str
    policies: Sequence[str]


@dataclass(frozen=True, slots=True)
class StackDefinition:
    """The stack with a name, in one account and Region; see the module's rules.

    Args:
        name: The table's name and the first part of every other name.
        place: Account and Region.

    Example:
        >>> stack = StackDefinition("demo", Place("111122223333", "eu-west-1"))
        >>> stack.client_key.alias, stack.full_user, stack.limited_user
        ('alias/demo-client', 'demo-full', 'demo-limited')
    """

    name: str
    place: Place

    @property
    def full_user(self) -> str:
        """The user who may use the client key."""
        return f"{self.name}-full"

    @property
    def limited_user(self) -> str:
        """The user who may not use the client key."""
        return f"{self.name}-limited"

    @property
    def table_arn(self) -> str:
        """The table's ARN."""
        return f"arn:aws:dynamodb:{self.place.region}:{self.place.account}:table/{self.name}"

    @property
    def client_key(self) -> KeyDefinition:
        """The key of client-side encryption, without which a reader of the table sees only ciphertext."""
        use = _statement(
            "ItemEncryptionThroughIam", ITEM_KEY_USE, "*", principal=self.place.account_principal
        )
        return KeyDefinition(
            alias=f"alias/{self.name}-client",
            description=f"{self.name}: data keys of client-side encrypted items",
            policy=_document(self._administration(), use),
        )

    @property
    def storage_key(self) -> KeyDefinition:
        """The key with which DynamoDB encrypts the table at rest."""
        data = _statement(
            "TableDataThroughDynamoDB",
            TABLE_KEY_USE,
            "*",
            principal="*",
            condition={
                "StringEquals": {"kms:CallerAccount": self.place.account, **self.place.through_dynamodb}
            },
        )
        grants = self._grants("TableGrantsThroughIam", "*", principal=self.place.account_principal)
        return KeyDefinition(
            alias=f"alias/{self.name}-storage",
            description=f"{self.name}: the table as DynamoDB stores it",
            policy=_document(self._administration(), data, grants),
        )

    def policies(self, client_key_arn: str, storage_key_arn: str) -> Sequence[PolicyDefinition]:
        """Return the IAM policies for the keys with these ARNs."""
        return (
            PolicyDefinition(
                f"{self.name}-items",
                f"Item operations on the table {self.name} and its indexes",
                _document(
                    _statement("ItemsOfTheTable", ITEM_OPERATIONS, self.table_arn),
                    _statement("ReadsOfItsIndexes", INDEX_READS, f"{self.table_arn}/index/*"),
                ),
            ),
            PolicyDefinition(
                f"{self.name}-kms-client-full",
                f"Encrypt and decrypt items with the client key of {self.name}",
                _document(_statement("DataKeysOfItems", ITEM_KEY_USE, client_key_arn)),
            ),
            PolicyDefinition(
                f"{self.name}-kms-storage-via-service",
                f"Let DynamoDB use the storage key of {self.name} for a table",
                _document(self._grants("TableGrantsThroughDynamoDB", storage_key_arn)),
            ),
        )

    @property
    def users(self) -> Sequence[UserDefinition]:
        """The two users; they differ only in the keys that they may use."""
        return (
            UserDefinition(
                self.full_user,
                (
                    f"{self.name}-items",
                    f"{self.name}-kms-client-full",
                    f"{self.name}-kms-storage-via-service",
                ),
            ),
            UserDefinition(self.limited_user, (f"{self.name}-items",)),
        )

    def table(self, storage_key_arn: str) -> Mapping[str, object]:
        """Return the parameters of CreateTable, for the storage key with this ARN."""
        return {
            "TableName": self.name,
            "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "SSESpecification": {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": storage_key_arn},
        }

    def _administration(self) -> Statement:
        return _statement(
            "KeyAdministrationThroughIam", KEY_ADMINISTRATION, "*", principal=self.place.account_principal
        )

    def _grants(self, sid: str, resource: str, *, principal: str | None = None) -> Statement:
        condition = {
            "StringEquals": self.place.through_dynamodb,
            "Bool": {"kms:GrantIsForAWSResource": "true"},
        }
        return _statement(sid, ("kms:CreateGrant",), resource, principal=principal, condition=condition)


def _document(*statements: Statement) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _statement(
    sid: str,
    actions: Sequence[str],
    resource: str,
    *,
    principal: str | None = None,
    condition: Mapping[str, Mapping[str, str]] | None = None,
) -> Statement:
    statement: dict[str, object] = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": resource,
    }
    if principal is not None:
        statement["Principal"] = {"AWS": principal}
    if condition is not None:
        statement["Condition"] = condition
    return statement
