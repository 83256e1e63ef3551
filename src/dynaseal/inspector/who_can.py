"""Who may read an item under a lab's present policies, and for who may not, what says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynaseal.config import TableConfig
from dynaseal.inspection.item import ExplainedItem
from dynaseal.inspection.tables import TableFacts
from dynaseal.inspector.labs import Access, Lab, LabError
from dynaseal.materials.key_store.store import BranchKeyStore
from dynaseal.materials.keyrings.hierarchical import AwsKmsHierarchicalKeyring
from dynaseal.materials.keyrings.names import HIERARCHY_PROVIDER, KMS_PROVIDER, KMS_RSA_PROVIDER

READ = "dynamodb:GetItem"
DECRYPT = "kms:Decrypt"


@dataclass(frozen=True, slots=True)
class KmsKey:
    """A KMS key that unwraps an item's data key, and whether the item's own context goes with the call."""

    arn: str
    has_item_context: bool


@dataclass(frozen=True, slots=True)
class PrincipalRow:
    """One principal: what it may do of what reading the item needs.

    Attributes:
        principal: Its ARN.
        read: Whether it may read the stored item.
        storage: Whether it may use the key with which DynamoDB encrypts the table, through DynamoDB; None if
            the table has no key of the account's.
        decrypt: Whether it may decrypt with each KMS key; one of them is enough.
    """

    principal: str
    read: Access | None
    storage: Access | None
    decrypt: Mapping[str, Access]

    @property
    def may(self) -> bool:
        """Whether it may do everything that is needed."""
        may_decrypt = not self.decrypt or any(access.may for access in self.decrypt.values())
        may_read = self.read is not None and self.read.may
        return may_read and may_decrypt and (self.storage is None or self.storage.may)

    @property
    def name(self) -> str:
        """The ARN's last part."""
        return self.principal.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Principals:
    """Every principal of the account.

    Attributes:
        rows: The principals, those who may read the item first.
        has_storage_key: Whether the table has a storage key of the account's.
        problems: What the lab could not decide.
    """

    rows: Sequence[PrincipalRow]
    has_storage_key: bool
    problems: Sequence[str]


def kms_keys(explained: ExplainedItem, config: TableConfig) -> list[KmsKey]:
    """Return the KMS keys that unwrap an item's data key: those in its header, or the key store's."""
    keys = {
        KmsKey(key.key, has_item_context=True): None
        for key in explained.wrapped_keys
        if key.key is not None and key.provider in (KMS_PROVIDER, KMS_RSA_PROVIDER)
    }
    keyring = config.keyring
    is_hierarchical = any(key.provider == HIERARCHY_PROVIDER for key in explained.wrapped_keys)
    if is_hierarchical and isinstance(keyring, AwsKmsHierarchicalKeyring):
        store = keyring.key_store
        if isinstance(store, BranchKeyStore):
            keys[KmsKey(store.kms_key_arn, has_item_context=False)] = None
    return list(keys)


def who_can_read(lab: Lab, facts: TableFacts, explained: ExplainedItem, keys: Sequence[KmsKey]) -> Principals:
    """Return which principals may read and decrypt an item.

    Raises:
        LabError: the lab does not answer.
    """
    context = [
        (f"kms:EncryptionContext:{name}", value) for name, value in explained.encryption_context.items()
    ]
    problems: list[str] = []
    readers = _by_principal(lab.who_can(READ, facts.arn))
    storage: Mapping[str, Access] = {}
    if facts.storage_key_arn:
        through = [("kms:ViaService", f"dynamodb.{facts.region}.amazonaws.com")]
        storage = _by_principal(lab.who_can(DECRYPT, facts.storage_key_arn, through))
    decrypting: dict[str, dict[str, Access]] = {}
    for key in keys:
        try:
            accesses = lab.who_can(DECRYPT, key.arn, context if key.has_item_context else ())
        except LabError as error:
            problems.append(f"{key.arn}: {error}")
            continue
        for access in accesses:
            decrypting.setdefault(access.principal, {})[key.arn] = access
    rows = [
        PrincipalRow(name, readers.get(name), storage.get(name), decrypting.get(name, {}))
        for name in dict.fromkeys([*readers, *decrypting])
    ]
    rows.sort(key=lambda row: not row.may)
    return Principals(rows, bool(storage), problems)


def _by_principal(accesses: Sequence[Access]) -> dict[str, Access]:
    return {access.principal: access for access in accesses}
