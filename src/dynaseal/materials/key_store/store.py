"""The key store: branch keys and beacon keys in a DynamoDB table, wrapped by one KMS key.

- Keys are made by KMS and never in the clear here when they are made: GenerateDataKeyWithoutPlaintext for
  the version's record, ReEncrypt for its copy `branch:ACTIVE`.
- A branch key is written in one transaction, and never over one that exists.
- A new version replaces the one in use only if that is still the one that was read.
- A record's attributes are trusted only after KMS has decrypted its key under all of them.

Source: specification `branch-key-store.md`, hierarchy version 1.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

from dynaseal.attributes import Item
from dynaseal.errors import ConfigError, KeyStoreError
from dynaseal.materials.arn import parse_arn
from dynaseal.materials.key_store.branch_keys import (
    ACTIVE,
    BEACON,
    VERSION_PREFIX,
    BeaconKeyMaterials,
    BranchKeyMaterials,
    Record,
    active_context,
    base_context,
    beacon_context,
    next_base_context,
    parse_record,
    version_context,
)


class KeyStoreTable(Protocol):
    """What a key store asks of its table; `dynaseal.boto.keys.key_store_table` asks it through boto3.

    A refusal is a KeyStoreError.
    """

    def create(self) -> str:
        """Make the table unless it is there, wait until it can be used, and give its ARN."""
        ...

    def get(self, branch_key_id: str, kind: str) -> Item | None:
        """Read one record."""
        ...

    def add(self, records: Sequence[Record]) -> None:
        """Write all the records of a new branch key, if none of them exists."""
        ...

    def replace_active(self, version: Record, active: Record, replaced: bytes) -> None:
        """Write a new version and put it into use, if the one in use still has the ciphertext `replaced`."""
        ...


class KeyStoreKms(Protocol):
    """What a key store asks of KMS, always with its one KMS key.

    A refusal is a KeyStoreError, and a KmsError.
    """

    def generate(self, context: Mapping[str, str]) -> bytes:
        """Make 32 bytes that only KMS has seen: GenerateDataKeyWithoutPlaintext."""
        ...

    def re_encrypt(
        self, ciphertext: bytes, source: Mapping[str, str], destination: Mapping[str, str]
    ) -> bytes:
        """Wrap the same bytes under another context: ReEncrypt."""
        ...

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """Unwrap: Decrypt."""
        ...


class BranchKeyStore:
    """Makes, versions and fetches branch keys and beacon keys.

    Args:
        table: Asks the key store's table.
        kms: Asks KMS.
        logical_key_store_name: Bound to every key: stays when the table is restored under another name.
        kms_key_arn: The ARN of the KMS key that wraps every key.

    Raises:
        ConfigError: the ARN is not that of a key.
    """

    def __init__(
        self, table: KeyStoreTable, kms: KeyStoreKms, logical_key_store_name: str, kms_key_arn: str
    ) -> None:
        self._table = table
        self._kms = kms
        self._logical_name = logical_key_store_name
        self._kms_key_arn = check_key_arn(kms_key_arn)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._logical_name!r})"

    def create_table(self) -> str:
        """Make the key store's table unless it is there already, and wait until it can be used.

        Returns:
            The table's ARN.

        Raises:
            KeyStoreError: DynamoDB refused, or a table of that name has other keys than a key store's.
        """
        return self._table.create()

    def create_key(
        self, branch_key_id: str | None = None, encryption_context: Mapping[str, str] | None = None
    ) -> str:
        """Make a branch key with its first version, and a beacon key.

        Args:
            branch_key_id: Left out, a new UUID.
            encryption_context: Bound to the branch key for good; demanded where an id is given.

        Returns:
            The branch key id.

        Raises:
            ConfigError: an id without a context, or an empty one.
            KeyStoreError: the branch key exists, or KMS or DynamoDB refused.
        """
        custom = dict(encryption_context or {})
        if branch_key_id is not None and not (branch_key_id and custom):
            raise ConfigError(
                "A branch key id of your own needs to be not empty and to have an encryption context",
                hint="Bind to it what the id stands for, such as {'tenant': 'a'}, or let an id be made",
            )
        named = branch_key_id or str(uuid4())
        base = base_context(named, self._logical_name, self._kms_key_arn, _timestamp(), custom)
        version, active = self._new_version(base)
        beacon = beacon_context(base)
        self._table.add([version, active, Record(self._kms.generate(beacon), beacon)])
        return named

    def version_key(self, branch_key_id: str) -> None:
        """Make a new version of a branch key and put it into use; older versions still read.

        A writer that has cached the old version uses it until its TTL ends.

        Raises:
            KeyStoreError: there is no such branch key, it was versioned by someone else meanwhile, or KMS or
                DynamoDB refused.
        """
        old = self._record(branch_key_id, ACTIVE)
        # ReEncrypt under the same context is AWS's way to have KMS vouch for the record without its key.
        self._kms.re_encrypt(old.ciphertext, old.context, old.context)
        version, active = self._new_version(next_base_context(old, _timestamp()))
        self._table.replace_active(version, active, old.ciphertext)

    def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        """Fetch the version of a branch key that writers use: one GetItem, one Decrypt.

        Raises:
            KeyStoreError: there is no such branch key, its record was changed, or KMS or DynamoDB refused.
        """
        record = self._record(branch_key_id, ACTIVE)
        return record.branch_key(self._kms.decrypt(record.ciphertext, record.context))

    def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        """Fetch one version of a branch key: one GetItem, one Decrypt.

        Args:
            branch_key_id: Which branch key.
            version: The version's UUID.

        Raises:
            KeyStoreError: there is no such version, its record was changed, or KMS or DynamoDB refused.
        """
        record = self._record(branch_key_id, VERSION_PREFIX + version)
        return record.branch_key(self._kms.decrypt(record.ciphertext, record.context))

    def get_beacon_key(self, branch_key_id: str) -> BeaconKeyMaterials:
        """Fetch the beacon key of a branch key id: one GetItem, one Decrypt.

        Raises:
            KeyStoreError: there is none, its record was changed, or KMS or DynamoDB refused.
        """
        record = self._record(branch_key_id, BEACON)
        return record.beacon_key(self._kms.decrypt(record.ciphertext, record.context))

    def _record(self, branch_key_id: str, kind: str) -> Record:
        item = self._table.get(branch_key_id, kind)
        if not item:
            raise KeyStoreError(
                f"{self!r} has no record {kind!r} of the branch key {branch_key_id!r}",
                hint="Check the id and the key store's table, or make the branch key with create_key",
            )
        record = parse_record(item, branch_key_id, kind, self._logical_name)
        if record.kms_arn != self._kms_key_arn:
            raise KeyStoreError(
                f"The branch key {branch_key_id!r} is wrapped by {record.kms_arn}, and the key store is "
                f"configured with {self._kms_key_arn}",
                hint="Give the key store the ARN that wrapped it",
            )
        return record

    def _new_version(self, base: Mapping[str, str]) -> tuple[Record, Record]:
        version = str(uuid4())
        own, active = version_context(base, version), active_context(base, version)
        wrapped = self._kms.generate(own)
        return Record(wrapped, own), Record(self._kms.re_encrypt(wrapped, own, active), active)


def check_key_arn(kms_key_arn: str) -> str:
    """Check that a key store's KMS key is given by its ARN.

    Raises:
        ConfigError: it is something else, such as an alias.
    """
    try:
        is_key = parse_arn(kms_key_arn).kind == "key"
    except ValueError:
        is_key = False
    if not is_key:
        raise ConfigError(
            f"{kms_key_arn!r} is not the ARN of a KMS key",
            hint="A key store's records name the key by its ARN; an alias or a key id cannot stand for it",
        )
    return kms_key_arn


def _timestamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
