"""Branch keys and beacon keys, and the records that hold them in a key store.

- Each branch key id has a record for each version (`branch:version:UUID`), a copy of the active version
  (`branch:ACTIVE`) and a beacon key (`beacon:ACTIVE`).
- A record's `enc` is encrypted by KMS under an encryption context that holds every other attribute of the
  record and the key store's logical name. So no attribute can be changed or added, and no record can be moved
  to another key store.
- The entries of the creator's own encryption context have the prefix `aws-crypto-ec:`.

Source: specification `branch-key-store.md`, "Encryption Context" and "Record Format".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from dynaseal.attributes import Item
from dynaseal.core.primitives import KEY_LENGTH
from dynaseal.errors import KeyStoreError
from dynaseal.native import Wrapper, native_engine

BRANCH_KEY_ID = "branch-key-id"
TYPE = "type"
CIPHERTEXT = "enc"
ACTIVE = "branch:ACTIVE"
BEACON = "beacon:ACTIVE"
VERSION_PREFIX = "branch:version:"

_KEY_STORE = "The key store"
_VERSION = "version"
_CREATE_TIME = "create-time"
_HIERARCHY_VERSION = "hierarchy-version"
_KMS_ARN = "kms-arn"
_LOGICAL_NAME = "tablename"
_CUSTOM_PREFIX = "aws-crypto-ec:"
_REQUIRED = {BRANCH_KEY_ID: "S", TYPE: "S", CIPHERTEXT: "B", _KMS_ARN: "S", _CREATE_TIME: "S"}
_CONTENTS = {"S": str, "N": str, "B": (bytes, bytearray)}


@dataclass(frozen=True, slots=True)
class BranchKeyMaterials:
    """One version of a branch key.

    Raises:
        KeyStoreError: the key is not 32 bytes, or the version is not a UUID in lower case.

    Attributes:
        branch_key_id: The branch key's id.
        branch_key_version: The version, a UUID as `str` writes it.
        branch_key: 32 bytes, as a copy: the key store may use its own buffer again, or wipe it.
        encryption_context: The encryption context that its creator gave.
    """

    branch_key_id: str
    branch_key_version: str
    branch_key: bytes = field(repr=False)
    encryption_context: Mapping[str, str]
    _native_wrapper: Wrapper | None = field(default=None, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "branch_key", _checked_copy(self.branch_key, self.branch_key_id))
        if not _is_uuid(self.branch_key_version):
            raise KeyStoreError(
                f"The version {self.branch_key_version!r} of the branch key {self.branch_key_id!r} is not a "
                "UUID in lower case"
            )

    @property
    def native_wrapper(self) -> Wrapper | None:
        """What the native engine needs to use this branch key; made once. None without a native engine."""
        if self._native_wrapper is None:
            engine = native_engine()
            if engine is not None:
                version = UUID(self.branch_key_version).bytes
                wrapper = engine.Wrapper.branch_key(self.branch_key_id, version, self.branch_key)
                object.__setattr__(self, "_native_wrapper", wrapper)
        return self._native_wrapper


@dataclass(frozen=True, slots=True)
class BeaconKeyMaterials:
    """The beacon key of a branch key id, from which the keys of beacons are derived.

    Raises:
        KeyStoreError: the key is not 32 bytes.

    Attributes:
        beacon_key_id: The branch key id.
        beacon_key: 32 bytes, as a copy.
        encryption_context: The encryption context that its creator gave.
    """

    beacon_key_id: str
    beacon_key: bytes = field(repr=False)
    encryption_context: Mapping[str, str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "beacon_key", _checked_copy(self.beacon_key, self.beacon_key_id))


def check_branch_key(
    materials: BranchKeyMaterials,
    branch_key_id: str,
    version: str | None = None,
    *,
    source: str = _KEY_STORE,
) -> BranchKeyMaterials:
    """Return what a key store or a cache returned for a branch key, if it is that branch key.

    Args:
        materials: What it returned.
        branch_key_id: The branch key id that was requested.
        version: The version that was requested; None for the active one, whichever it is.
        source: What returned it, for the message.

    Raises:
        KeyStoreError: it is something else. Nobody could read an item that is written under it.
    """
    if not isinstance(materials, BranchKeyMaterials):  # pyright: ignore[reportUnnecessaryIsInstance] users' key stores
        raise KeyStoreError(_wrong_kind(source, materials, BranchKeyMaterials, branch_key_id))
    if materials.branch_key_id != branch_key_id:
        raise KeyStoreError(_another(source, branch_key_id, materials.branch_key_id))
    if version not in (None, materials.branch_key_version):
        raise KeyStoreError(
            f"{source} was asked for the version {version!r} of the branch key {branch_key_id!r}, and "
            f"returned the version {materials.branch_key_version!r}"
        )
    return materials


def check_beacon_key(materials: BeaconKeyMaterials, branch_key_id: str) -> BeaconKeyMaterials:
    """Return what a key store returned for a beacon key, if it is that beacon key.

    Raises:
        KeyStoreError: it is something else. No search would find an item whose beacons are made with it.
    """
    if not isinstance(materials, BeaconKeyMaterials):  # pyright: ignore[reportUnnecessaryIsInstance] users' key stores
        raise KeyStoreError(_wrong_kind(_KEY_STORE, materials, BeaconKeyMaterials, branch_key_id))
    if materials.beacon_key_id != branch_key_id:
        raise KeyStoreError(_another(_KEY_STORE, branch_key_id, materials.beacon_key_id))
    return materials


def _wrong_kind(source: str, materials: object, kind: type, branch_key_id: str) -> str:
    return (
        f"{source} returned an object of the type {type(materials).__name__} for the branch key "
        f"{branch_key_id!r}, not {kind.__name__}"
    )


def _another(source: str, branch_key_id: str, returned: str) -> str:
    return f"{source} was asked for the branch key {branch_key_id!r}, and returned one of {returned!r}"


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a key store: the wrapped key and the encryption context under which it is wrapped."""

    ciphertext: bytes
    context: Mapping[str, str]

    @property
    def kms_arn(self) -> str:
        """The ARN of the KMS key that wrapped it."""
        return self.context[_KMS_ARN]

    @property
    def creation_time(self) -> str:
        """When the record was made, as ISO 8601 writes it."""
        return self.context[_CREATE_TIME]

    @property
    def custom_context(self) -> dict[str, str]:
        """The encryption context that the branch key's creator gave."""
        return {
            key.removeprefix(_CUSTOM_PREFIX): value
            for key, value in self.context.items()
            if key.startswith(_CUSTOM_PREFIX)
        }

    def to_item(self) -> dict[str, dict[str, str | bytes]]:
        """Return the record as DynamoDB stores it."""
        item: dict[str, dict[str, str | bytes]] = {
            name: {"N" if name == _HIERARCHY_VERSION else "S": value}
            for name, value in self.context.items()
            if name != _LOGICAL_NAME
        }
        item[CIPHERTEXT] = {"B": self.ciphertext}
        return item

    def branch_key(self, plaintext: bytes) -> BranchKeyMaterials:
        """Return the materials for the branch key that was unwrapped from this record.

        Raises:
            KeyStoreError: the record does not name a version, or the key does not have 32 bytes.
        """
        record_type = self.context[TYPE]
        prefixed = self.context.get(_VERSION, "") if record_type == ACTIVE else record_type
        version = prefixed.removeprefix(VERSION_PREFIX)
        if version == prefixed or not _is_uuid(version):
            raise KeyStoreError(f"The record {record_type!r} of the branch key {self._id!r} names no version")
        return BranchKeyMaterials(self._id, version, plaintext, self.custom_context)

    def beacon_key(self, plaintext: bytes) -> BeaconKeyMaterials:
        """Return the materials for the beacon key that was unwrapped from this record.

        Raises:
            KeyStoreError: the key does not have 32 bytes.
        """
        return BeaconKeyMaterials(self._id, plaintext, self.custom_context)

    @property
    def _id(self) -> str:
        return self.context[BRANCH_KEY_ID]


def base_context(
    branch_key_id: str,
    logical_name: str,
    kms_arn: str,
    *,
    creation_time: str,
    custom_context: Mapping[str, str],
) -> dict[str, str]:
    """Return the entries that records created together share: everything but their types and versions."""
    context = {
        BRANCH_KEY_ID: branch_key_id,
        _CREATE_TIME: creation_time,
        _HIERARCHY_VERSION: "1",
        _KMS_ARN: kms_arn,
        _LOGICAL_NAME: logical_name,
    }
    return context | {_CUSTOM_PREFIX + key: value for key, value in custom_context.items()}


def next_base_context(active: Record, creation_time: str) -> dict[str, str]:
    """Return the entries that the records of a new version share: the active version's, with a new time."""
    base = {key: value for key, value in active.context.items() if key not in (TYPE, _VERSION)}
    return base | {_CREATE_TIME: creation_time}


def version_context(base: Mapping[str, str], version: str) -> dict[str, str]:
    """Return the encryption context of the record of a version."""
    return {**base, TYPE: VERSION_PREFIX + version}


def active_context(base: Mapping[str, str], version: str) -> dict[str, str]:
    """Return the encryption context of the record of the active version."""
    return {**base, TYPE: ACTIVE, _VERSION: VERSION_PREFIX + version}


def beacon_context(base: Mapping[str, str]) -> dict[str, str]:
    """Return the encryption context of the record of the beacon key."""
    return {**base, TYPE: BEACON}


def parse_record(item: Item, branch_key_id: str, record_type: str, *, logical_name: str) -> Record:
    """Read a record, and the encryption context under which its key must have been wrapped.

    Args:
        item: The record as DynamoDB stores it.
        branch_key_id: The branch key id that was requested.
        record_type: The `type` that was requested.
        logical_name: The key store's logical name.

    Raises:
        KeyStoreError: it is not the requested record, or not a record of a key store.
    """
    record = f"The record {record_type!r} of the branch key {branch_key_id!r}"
    for name, type_name in _REQUIRED.items():
        if _content(item.get(name), type_name) is None:
            raise KeyStoreError(f"{record} has no attribute {name!r} of type {type_name}")
    if item.get(_HIERARCHY_VERSION) != {"N": "1"}:
        raise KeyStoreError(f"{record} does not have hierarchy version 1, the only supported one")
    context = {_LOGICAL_NAME: logical_name}
    for name, value in item.items():
        if name == CIPHERTEXT:
            continue
        content = _content(value, "N" if name == _HIERARCHY_VERSION else "S")
        if content is None or name == _LOGICAL_NAME or not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] users' clients
            raise KeyStoreError(f"{record} has an attribute {name!r} that no record of a key store has")
        context[name] = content
    if (context[BRANCH_KEY_ID], context[TYPE]) != (branch_key_id, record_type):
        raise KeyStoreError(f"{record} was requested, and DynamoDB returned another record")
    return Record(item[CIPHERTEXT]["B"], context)


def _content(value: object, type_name: str) -> Any:
    # A client may be any object, so what it returned need not be an item.
    content = cast("Mapping[str, object]", value).get(type_name) if isinstance(value, Mapping) else None
    return content if isinstance(content, _CONTENTS[type_name]) else None


def _checked_copy(key: bytes, branch_key_id: str) -> bytes:
    if not isinstance(key, bytes | bytearray):  # pyright: ignore[reportUnnecessaryIsInstance] users' key stores
        raise KeyStoreError(
            f"A key of the branch key {branch_key_id!r} must be 32 bytes, and is a {type(key).__name__}"
        )
    if len(key) != KEY_LENGTH:
        raise KeyStoreError(f"A key of the branch key {branch_key_id!r} must be 32 bytes, and is {len(key)}")
    return bytes(key)


def _is_uuid(version: object) -> bool:
    try:
        return isinstance(version, str) and str(UUID(version)) == version
    except ValueError:
        return False
