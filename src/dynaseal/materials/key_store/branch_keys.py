"""Branch keys and beacon keys, and the records in which a key store keeps them.

- One branch key id has: a record for each version (`branch:version:UUID`), one that copies the version in
  use (`branch:ACTIVE`) and a beacon key (`beacon:ACTIVE`).
- A record's `enc` is encrypted by KMS under a context that holds every other attribute of the record and the
  key store's logical name, so none of them can be changed, added or moved to another key store.
- What the caller binds to a branch key lies under the prefix `aws-crypto-ec:`.

Source: specification `branch-key-store.md`, "Encryption Context" and "Record Format".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from dynaseal.attributes import Item
from dynaseal.core.primitives import KEY_LENGTH
from dynaseal.errors import KeyStoreError

BRANCH_KEY_ID = "branch-key-id"
TYPE = "type"
CIPHERTEXT = "enc"
ACTIVE = "branch:ACTIVE"
BEACON = "beacon:ACTIVE"
VERSION_PREFIX = "branch:version:"

_VERSION = "version"
_CREATE_TIME = "create-time"
_HIERARCHY_VERSION = "hierarchy-version"
_KMS_ARN = "kms-arn"
_LOGICAL_NAME = "tablename"
_CUSTOM_PREFIX = "aws-crypto-ec:"
_REQUIRED = {BRANCH_KEY_ID: "S", TYPE: "S", CIPHERTEXT: "B", _KMS_ARN: "S", _CREATE_TIME: "S"}


@dataclass(frozen=True, slots=True)
class BranchKeyMaterials:
    """One version of a branch key.

    Attributes:
        branch_key_id: Which branch key.
        branch_key_version: Its version, a UUID in its usual spelling.
        branch_key: 32 bytes.
        encryption_context: What its creator bound to it.
    """

    branch_key_id: str
    branch_key_version: str
    branch_key: bytes = field(repr=False)
    encryption_context: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BeaconKeyMaterials:
    """The beacon key of a branch key id: what keys of beacons are derived from.

    Attributes:
        beacon_key_id: The branch key id that it belongs to.
        beacon_key: 32 bytes.
        encryption_context: What its creator bound to it.
    """

    beacon_key_id: str
    beacon_key: bytes = field(repr=False)
    encryption_context: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a key store: the wrapped key and the context that it is wrapped under."""

    ciphertext: bytes
    context: Mapping[str, str]

    @property
    def kms_arn(self) -> str:
        """The ARN of the KMS key that wrapped it."""
        return self.context[_KMS_ARN]

    @property
    def custom_context(self) -> dict[str, str]:
        """What the branch key's creator bound to it."""
        return {
            key.removeprefix(_CUSTOM_PREFIX): value
            for key, value in self.context.items()
            if key.startswith(_CUSTOM_PREFIX)
        }

    def to_item(self) -> dict[str, dict[str, str | bytes]]:
        """Give the record as DynamoDB stores it."""
        item: dict[str, dict[str, str | bytes]] = {
            name: {"N" if name == _HIERARCHY_VERSION else "S": value}
            for name, value in self.context.items()
            if name != _LOGICAL_NAME
        }
        item[CIPHERTEXT] = {"B": self.ciphertext}
        return item

    def branch_key(self, plaintext: bytes) -> BranchKeyMaterials:
        """Name a branch key that was unwrapped from this record.

        Raises:
            KeyStoreError: the record does not name a version.
        """
        kind = self.context[TYPE]
        named = self.context.get(_VERSION, "") if kind == ACTIVE else kind
        version = named.removeprefix(VERSION_PREFIX)
        if version == named or not _is_uuid(version):
            raise KeyStoreError(f"The record {kind!r} of the branch key {self._id!r} names no version")
        return BranchKeyMaterials(self._id, version, _checked(plaintext, self._id), self.custom_context)

    def beacon_key(self, plaintext: bytes) -> BeaconKeyMaterials:
        """Name a beacon key that was unwrapped from this record."""
        return BeaconKeyMaterials(self._id, _checked(plaintext, self._id), self.custom_context)

    @property
    def _id(self) -> str:
        return self.context[BRANCH_KEY_ID]


def base_context(
    branch_key_id: str, logical_name: str, kms_arn: str, created: str, custom: Mapping[str, str]
) -> dict[str, str]:
    """Give what the contexts of all records have that are created together, without their types."""
    context = {
        BRANCH_KEY_ID: branch_key_id,
        _CREATE_TIME: created,
        _HIERARCHY_VERSION: "1",
        _KMS_ARN: kms_arn,
        _LOGICAL_NAME: logical_name,
    }
    return context | {_CUSTOM_PREFIX + key: value for key, value in custom.items()}


def next_base_context(active: Record, created: str) -> dict[str, str]:
    """Give the same for the records of a new version: all that the version in use had, at a new time."""
    kept = {key: value for key, value in active.context.items() if key not in (TYPE, _VERSION)}
    return kept | {_CREATE_TIME: created}


def version_context(base: Mapping[str, str], version: str) -> dict[str, str]:
    """Give the context of a version's own record."""
    return {**base, TYPE: VERSION_PREFIX + version}


def active_context(base: Mapping[str, str], version: str) -> dict[str, str]:
    """Give the context of the record of the version in use."""
    return {**base, TYPE: ACTIVE, _VERSION: VERSION_PREFIX + version}


def beacon_context(base: Mapping[str, str]) -> dict[str, str]:
    """Give the context of the beacon key's record."""
    return {**base, TYPE: BEACON}


def parse_record(item: Item, branch_key_id: str, kind: str, logical_name: str) -> Record:
    """Read a record, and the context that it must have been wrapped under.

    Args:
        item: As DynamoDB stores it.
        branch_key_id: What was asked for.
        kind: The `type` that was asked for.
        logical_name: The key store's.

    Raises:
        KeyStoreError: it is not the record that was asked for, or not one at all.
    """
    whose = f"The record {kind!r} of the branch key {branch_key_id!r}"
    for name, wanted in _REQUIRED.items():
        if wanted not in item.get(name, {}):
            raise KeyStoreError(f"{whose} has no attribute {name!r} of type {wanted}")
    if item.get(_HIERARCHY_VERSION) != {"N": "1"}:
        raise KeyStoreError(f"{whose} has not the hierarchy version 1, the only one known here")
    context = {_LOGICAL_NAME: logical_name}
    for name, value in item.items():
        if name == CIPHERTEXT:
            continue
        text = value.get("N" if name == _HIERARCHY_VERSION else "S")
        if text is None or name == _LOGICAL_NAME:
            raise KeyStoreError(f"{whose} has an attribute {name!r} that no record of a key store has")
        context[name] = text
    if (context[BRANCH_KEY_ID], context[TYPE]) != (branch_key_id, kind):
        raise KeyStoreError(f"{whose} is another record than the one that was asked for")
    return Record(item[CIPHERTEXT]["B"], context)


def _checked(plaintext: bytes, branch_key_id: str) -> bytes:
    if len(plaintext) != KEY_LENGTH:
        raise KeyStoreError(f"A key of the branch key {branch_key_id!r} has not 32 bytes")
    return plaintext


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
