"""The key store: branch keys and beacon keys in a DynamoDB table, wrapped by one KMS key.

- KMS makes the keys and does not return them in the clear: GenerateDataKeyWithoutPlaintext makes the key of
  the version's record, and ReEncrypt the copy in `branch:ACTIVE`.
- A branch key is written in one transaction, and never overwrites one that exists.
- A new version replaces the active one only if that is still the one that was read.
- A record's attributes are trusted only after KMS has decrypted its key under all of them.

Source: specification `branch-key-store.md`, hierarchy version 1.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from dynaseal.attributes import Item
from dynaseal.core.arguments import ProcessBound, check_instances, check_strings
from dynaseal.core.quoting import quoted, shown
from dynaseal.errors import ConfigError, KeyStoreError
from dynaseal.materials.arn import check_key_arn
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
    """What a key store does with its table; `dynaseal.boto.keys.key_store_table` does it through boto3.

    A refused request raises a KeyStoreError.
    """

    def create(self) -> str:
        """Create the table unless it exists, wait until it can be used, and return its ARN."""
        ...

    def get(self, branch_key_id: str, record_type: str) -> Item | None:
        """Read one record; None if it does not exist."""
        ...

    def add(self, records: Sequence[Record]) -> None:
        """Write the records of a new branch key, if none of them exists."""
        ...

    def replace_active(self, version: Record, active: Record, replaced: bytes) -> None:
        """Write a new version and make it active, if the active one still has the ciphertext `replaced`."""
        ...


class KeyStoreKms(Protocol):
    """The KMS operations that a key store needs, all of them with its one KMS key.

    A refused call raises a KeyStoreError that is also a KmsError.
    """

    def generate(self, context: Mapping[str, str]) -> bytes:
        """Return 32 new bytes, encrypted, that only KMS knows: GenerateDataKeyWithoutPlaintext."""
        ...

    def re_encrypt(
        self, ciphertext: bytes, source: Mapping[str, str], destination: Mapping[str, str]
    ) -> bytes:
        """Encrypt the same bytes under another encryption context: ReEncrypt."""
        ...

    def decrypt(self, ciphertext: bytes, context: Mapping[str, str]) -> bytes:
        """Decrypt, and return the plaintext: Decrypt."""
        ...


class BranchKeyStore(ProcessBound):
    """Makes, versions and fetches branch keys and beacon keys.

    Args:
        table: Reads and writes the key store's table.
        kms: Calls KMS.
        logical_key_store_name: Bound to every key; stays the same when the table is restored under another
            name.
        kms_key_arn: The ARN of the KMS key that wraps every key.
        clock: Returns the time, for the creation times of new keys.
        new_uuid: Returns a random UUID, for new branch key ids and versions.

    Raises:
        ConfigError: `kms_key_arn` is not the ARN of a key.
    """

    def __init__(
        self,
        table: KeyStoreTable,
        kms: KeyStoreKms,
        logical_key_store_name: str,
        kms_key_arn: str,
        *,
        clock: Callable[[], datetime],
        new_uuid: Callable[[], UUID],
    ) -> None:
        check_strings("A key store", logical_key_store_name=logical_key_store_name)
        self._table = table
        self._kms = kms
        self._logical_name = logical_key_store_name
        self._kms_key_arn = check_key_arn(kms_key_arn, "and a key store's records name the key by its ARN")
        self._clock = clock
        self._new_uuid = new_uuid

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._logical_name!r})"

    @property
    def logical_key_store_name(self) -> str:
        """The name that is bound to every key."""
        return self._logical_name

    @property
    def kms_key_arn(self) -> str:
        """The ARN of the KMS key that wraps every key."""
        return self._kms_key_arn

    def create_table(self) -> str:
        """Create the key store's table unless it exists, and wait until it can be used.

        Returns:
            The table's ARN.

        Raises:
            KeyStoreError: DynamoDB refused a request, or the table exists with other keys than a key store's.
        """
        return self._table.create()

    def create_key(
        self, branch_key_id: str | None = None, encryption_context: Mapping[str, str] | None = None
    ) -> str:
        """Create a branch key with its first version, and a beacon key.

        Args:
            branch_key_id: By default a new UUID.
            encryption_context: Bound to the branch key for good; required if an id is given.

        Returns:
            The branch key id.

        Raises:
            ConfigError: an id is given without an encryption context, or is empty.
            KeyStoreError: the branch key exists already, or KMS or DynamoDB refused a request.
        """
        owner = "create_key"
        if encryption_context is not None:
            check_instances(owner, Mapping, encryption_context=encryption_context)
        custom = dict(encryption_context or {})
        for name, value in custom.items():
            check_strings(owner, **{"key in encryption_context": name})
            check_strings(owner, **{f"encryption_context[{quoted(name)}]": value})
        if branch_key_id is not None:
            check_strings(owner, branch_key_id=branch_key_id)
        if branch_key_id is not None and not (branch_key_id and custom):
            raise ConfigError(
                "A branch key id must not be empty, and needs an encryption context",
                hint="Pass an encryption_context such as {'tenant': 'a'}, or leave branch_key_id out",
            )
        key_id = branch_key_id or str(self._new_uuid())
        base = base_context(
            key_id,
            self._logical_name,
            self._kms_key_arn,
            creation_time=self._timestamp(),
            custom_context=custom,
        )
        version, active = self._new_version(base)
        beacon = beacon_context(base)
        self._table.add([version, active, Record(self._kms.generate(beacon), beacon)])
        return key_id

    def version_key(self, branch_key_id: str) -> None:
        """Create a new version of a branch key and make it the active one; older versions can still be read.

        A writer that has the old version in its cache uses it until its TTL ends.

        Raises:
            KeyStoreError: there is no such branch key, someone else made a new version at the same time, or
                KMS or DynamoDB refused a request.
        """
        old = self._record(branch_key_id, ACTIVE)
        # ReEncrypt with the same encryption context on both sides has KMS check the record without returning
        # the key.
        self._kms.re_encrypt(old.ciphertext, old.context, old.context)
        version, active = self._new_version(next_base_context(old, self._timestamp()))
        self._table.replace_active(version, active, old.ciphertext)

    def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        """Fetch the active version of a branch key, which writers use: one GetItem, one Decrypt.

        Raises:
            KeyStoreError: there is no such branch key, its record was changed, or KMS or DynamoDB refused a
                request.
        """
        record = self._record(branch_key_id, ACTIVE)
        return record.branch_key(self._kms.decrypt(record.ciphertext, record.context))

    def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        """Fetch one version of a branch key: one GetItem, one Decrypt.

        Args:
            branch_key_id: The branch key's id.
            version: The version's UUID.

        Raises:
            KeyStoreError: there is no such version, its record was changed, or KMS or DynamoDB refused a
                request.
        """
        record = self._version_record(branch_key_id, version)
        return record.branch_key(self._kms.decrypt(record.ciphertext, record.context))

    def get_creation_time(self, branch_key_id: str, version: str) -> datetime:
        """Return when a version of a branch key was made, as its record says; KMS is not called.

        Raises:
            KeyStoreError: there is no such version, or its record has no time.
        """
        record = self._version_record(branch_key_id, version)
        try:
            return datetime.fromisoformat(record.creation_time)
        except ValueError:
            raise KeyStoreError(f"The branch key {branch_key_id!r} has a version without a time") from None

    def get_beacon_key(self, branch_key_id: str) -> BeaconKeyMaterials:
        """Fetch the beacon key of a branch key id: one GetItem, one Decrypt.

        Raises:
            KeyStoreError: there is none, its record was changed, or KMS or DynamoDB refused a request.
        """
        record = self._record(branch_key_id, BEACON)
        return record.beacon_key(self._kms.decrypt(record.ciphertext, record.context))

    def _version_record(self, branch_key_id: str, version: str) -> Record:
        check_strings("A branch key", version=version)
        return self._record(branch_key_id, VERSION_PREFIX + version)

    def _record(self, branch_key_id: str, record_type: str) -> Record:
        check_strings("A key store", branch_key_id=branch_key_id)
        item = self._table.get(branch_key_id, record_type)
        if not item:
            raise KeyStoreError(
                f"{self!r} has no record {record_type!r} of the branch key {branch_key_id!r}",
                hint="Check the id and the key store's table, or create the branch key with create_key",
            )
        record = parse_record(item, branch_key_id, record_type, logical_name=self._logical_name)
        if record.kms_arn != self._kms_key_arn:
            raise KeyStoreError(
                f"The branch key {branch_key_id!r} is wrapped by {shown(record.kms_arn)}, and the key store "
                f"is configured with {self._kms_key_arn}",
                hint="Configure the key store with the key that wrapped it",
            )
        return record

    def _new_version(self, base: Mapping[str, str]) -> tuple[Record, Record]:
        """Create the records of a new version and of its copy as the active one."""
        uuid = str(self._new_uuid())
        version, active = version_context(base, uuid), active_context(base, uuid)
        wrapped = self._kms.generate(version)
        return Record(wrapped, version), Record(self._kms.re_encrypt(wrapped, version, active), active)

    def _timestamp(self) -> str:
        return self._clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
