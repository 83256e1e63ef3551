"""KMS keys: a record in one Region, and key material that the copies of a key share.

* A key is Enabled, Disabled or PendingDeletion, and no longer exists after its deletion date. A primary key
  that is to be deleted waits for its replicas first (PendingReplicaDeletion); its window starts afterwards.
* Key material is a list of versions, newest last. Rotation adds a version and removes none, so that whatever
  was encrypted earlier can still be decrypted.
* A key with the origin EXTERNAL is PendingImport while it lacks any of its material, which is imported and
  may expire or be deleted.
* The copies of a multi-Region key have the same key id and share their material; only the primary rotates it.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
"""

import hashlib
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from dynaseal_lab.iam.bound_principals import Bindings
from dynaseal_lab.kms.specs import KeySpec, Usage

KeyState = Literal["Enabled", "Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport"]
Origin = Literal["AWS_KMS", "EXTERNAL"]
RotationType = Literal["AUTOMATIC", "ON_DEMAND"]
Manager = Literal["AWS", "CUSTOMER"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackingKey:
    """One version of a key's material: an id of 32 bytes, and the secret (raw or PKCS #8 DER).

    The secret is empty where imported material has expired or was deleted; `expires` is when it will expire.
    """

    id: bytes
    secret: bytes = field(repr=False)
    since: datetime
    rotation: RotationType | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMaterial:
    """The versions of a key's material, shared by all copies of a multi-Region key.

    `rotation_days` is the period of automatic rotation, None while it is off; `rotation_due` is the time of
    the next one. `pending` is imported material that waits for a rotation on demand.
    """

    key_id: str
    primary_region: str
    versions: tuple[BackingKey, ...]
    rotation_days: int | None = None
    rotation_due: datetime | None = None
    pending: BackingKey | None = None

    @property
    def complete(self) -> bool:
        """Whether the key has material, and no version of it is missing."""
        return bool(self.versions) and all(version.secret for version in self.versions)

    @property
    def current(self) -> BackingKey:
        """The version that encrypts."""
        return self.versions[-1]

    def version(self, backing_id: bytes) -> BackingKey | None:
        """Return the version with this id, which decrypts what it has encrypted."""
        return next((version for version in self.versions if version.id == backing_id), None)

    def rotated(self, at: datetime, kind: RotationType) -> "KeyMaterial":
        """Return the same material with a new current version (symmetric keys only)."""
        fresh = new_backing_key(secrets.token_bytes(32), at, kind)
        return replace(self, versions=(*self.versions, fresh))

    def with_pending_rotated(self, at: datetime) -> "KeyMaterial":
        """Return the same material with the pending one as its current version."""
        if self.pending is None:
            raise ValueError("no key material is pending")
        current = replace(self.pending, since=at, rotation="ON_DEMAND")
        return replace(self, versions=(*self.versions, current), pending=None)

    def with_secret_of(self, imported: BackingKey) -> "KeyMaterial":
        """Return the same material with a version's secret and expiry, which were imported again."""
        versions = tuple(
            replace(version, secret=imported.secret, expires=imported.expires)
            if version.id == imported.id
            else version
            for version in self.versions
        )
        return replace(self, versions=versions)

    def without_secret(self, deleted: BackingKey) -> "KeyMaterial":
        """Return the same material without a version's secret; a pending version is gone altogether."""
        if self.pending is not None and self.pending.id == deleted.id:
            return replace(self, pending=None)
        return self.with_secret_of(replace(deleted, secret=b"", expires=None))

    def without_expired(self, now: datetime) -> "KeyMaterial":
        """Return the material without the secrets that have expired; the same object if none has."""
        material = self
        for version in (*self.versions, *((self.pending,) if self.pending else ())):
            if version.expires is not None and version.expires <= now:
                material = material.without_secret(version)
        return material

    def with_due_rotations(self, now: datetime) -> "KeyMaterial":
        """Return the material after every automatic rotation that is due by `now`."""
        material = self
        while material.rotation_days and material.rotation_due and material.rotation_due <= now:
            due = material.rotation_due
            later = due + timedelta(days=material.rotation_days)
            material = replace(material.rotated(due, "AUTOMATIC"), rotation_due=later)
        return material


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One KMS key in one account and Region, without its material."""

    account: str
    region: str
    key_id: str
    spec: KeySpec
    usage: Usage
    created: datetime
    policy: str = field(repr=False)
    description: str = ""
    enabled: bool = True
    deletion_date: datetime | None = None
    deletion_window: int | None = None
    tags: tuple[tuple[str, str], ...] = ()
    manager: Manager = "CUSTOMER"
    principals: Bindings = ()
    """The users and roles that the key's policy names, with their unique ids."""
    origin: Origin = "AWS_KMS"
    pending_import: bool = False

    @property
    def arn(self) -> str:
        """The key's ARN."""
        return f"{arn_prefix(self.account, self.region)}key/{self.key_id}"

    @property
    def state(self) -> KeyState:
        """The key's state in AWS's words."""
        if self.deletion_date is not None:
            return "PendingDeletion"
        if self.deletion_window is not None:
            return "PendingReplicaDeletion"
        if self.pending_import:
            return "PendingImport"
        return "Enabled" if self.enabled else "Disabled"

    @property
    def multi_region(self) -> bool:
        """Whether the key is one of a set of multi-Region copies."""
        return self.key_id.startswith("mrk-")

    @property
    def algorithms(self) -> tuple[str, ...]:
        """The algorithms that the key has, by its spec and usage."""
        return self.spec.algorithms[self.usage]

    def gone(self, now: datetime) -> bool:
        """Return whether the deletion date has passed."""
        return self.deletion_date is not None and self.deletion_date <= now


_ALGORITHM_FIELDS: Mapping[Usage, str] = {
    "ENCRYPT_DECRYPT": "EncryptionAlgorithms",
    "SIGN_VERIFY": "SigningAlgorithms",
    "GENERATE_VERIFY_MAC": "MacAlgorithms",
    "KEY_AGREEMENT": "KeyAgreementAlgorithms",
}


def algorithm_fields(record: KeyRecord) -> dict[str, list[str]]:
    """Return the key's algorithms, in the member that replies about keys of its usage have."""
    return {_ALGORITHM_FIELDS[record.usage]: list(record.algorithms)}


def key_metadata(record: KeyRecord, material: KeyMaterial, copies: tuple[KeyRecord, ...]) -> dict[str, Any]:
    """Return the KeyMetadata structure of DescribeKey and CreateKey.

    Args:
        record: The key.
        material: Its material, which names the Region of the primary copy.
        copies: Every copy of a multi-Region key, this one included; ignored for other keys.
    """
    metadata: dict[str, Any] = {
        "AWSAccountId": record.account,
        "KeyId": record.key_id,
        "Arn": record.arn,
        "CreationDate": record.created,
        "Enabled": record.state == "Enabled",
        "Description": record.description,
        "KeyUsage": record.usage,
        "KeyState": record.state,
        "Origin": record.origin,
        "KeyManager": record.manager,
        "CustomerMasterKeySpec": record.spec.name,
        "KeySpec": record.spec.name,
        "MultiRegion": record.multi_region,
        **algorithm_fields(record),
    }
    if record.deletion_date is not None:
        metadata["DeletionDate"] = record.deletion_date
    elif record.deletion_window is not None:
        metadata["PendingDeletionWindowInDays"] = record.deletion_window
    elif record.spec.symmetric_encryption and material.versions:
        metadata["CurrentKeyMaterialId"] = material.current.id.hex()
    if record.origin == "EXTERNAL" and material.complete:
        metadata |= expiration_fields(material.current)
    if record.multi_region:
        metadata["MultiRegionConfiguration"] = _multi_region_configuration(record, material, copies)
    return metadata


def expiration_fields(version: BackingKey) -> dict[str, Any]:
    """Return when imported material expires, as replies describe it."""
    if version.expires is None:
        return {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    return {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": version.expires}


def _multi_region_configuration(
    record: KeyRecord, material: KeyMaterial, copies: tuple[KeyRecord, ...]
) -> dict[str, Any]:
    entries = {copy.region: {"Arn": copy.arn, "Region": copy.region} for copy in copies}
    return {
        "MultiRegionKeyType": "PRIMARY" if record.region == material.primary_region else "REPLICA",
        "PrimaryKey": entries[material.primary_region],
        "ReplicaKeys": [entry for region, entry in entries.items() if region != material.primary_region],
    }


def new_key_id(*, multi_region: bool) -> str:
    """Return a new key id in AWS's form: a UUID, or `mrk-` and 32 hexadecimal digits."""
    identifier = uuid.uuid4()
    return f"mrk-{identifier.hex}" if multi_region else str(identifier)


def new_backing_key(secret: bytes, since: datetime, rotation: RotationType | None = None) -> BackingKey:
    """Return a version of key material with a new random id."""
    return BackingKey(id=secrets.token_bytes(32), secret=secret, since=since, rotation=rotation)


def imported_backing_key(key_id: str, secret: bytes, since: datetime, expires: datetime | None) -> BackingKey:
    """Return imported material, whose id follows from it: the same material has the same id again."""
    return BackingKey(
        id=hashlib.sha256(key_id.encode() + secret).digest(), secret=secret, since=since, expires=expires
    )


def arn_prefix(account: str, region: str) -> str:
    """Return `arn:aws:kms:REGION:ACCOUNT:`, in the partition that the Region belongs to.

    >>> arn_prefix("111122223333", "us-west-2")
    'arn:aws:kms:us-west-2:111122223333:'
    """
    partition = {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rsplit("-", 2)[0], "aws")
    return f"arn:{partition}:kms:{region}:{account}:"
