"""Rotation: new key material, with the old material kept. A due rotation happens when the key is next used.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.key_checks import require_not_pending, require_usable
from dynaseal_lab.kms.keys import BackingKey, KeyRecord, expiration_fields
from dynaseal_lab.kms.paging import page
from dynaseal_lab.model import Call, Fault, Reply

_DEFAULT_DAYS = 365
_MAX_ON_DEMAND = 25


def enable_key_rotation(access: KeyAccess, call: Call) -> Reply:
    """Rotate every `RotationPeriodInDays` (90 to 2560), counted from today."""
    days = call.params.get("RotationPeriodInDays", _DEFAULT_DAYS)
    extra = {"kms:RotationPeriodInDays": [str(days)]}
    key = access.find_and_authorize(call, "kms:EnableKeyRotation", call.params["KeyId"], extra).key
    require_usable(key)
    _require_rotatable(access, key)
    if key.origin == "EXTERNAL":
        raise Fault(
            "UnsupportedOperationException",
            f"{key.arn} origin is EXTERNAL which is not valid for this operation.",
        )
    due = access.clock.now() + timedelta(days=days)
    access.store.put_material(replace(access.material(key), rotation_days=days, rotation_due=due))
    return {}


def disable_key_rotation(access: KeyAccess, call: Call) -> Reply:
    """Stop automatic rotation; existing versions of the material stay."""
    key = access.find_and_authorize(call, "kms:DisableKeyRotation", call.params["KeyId"]).key
    require_usable(key)
    _require_rotatable(access, key)
    access.store.put_material(replace(access.material(key), rotation_days=None, rotation_due=None))
    return {}


def get_key_rotation_status(access: KeyAccess, call: Call) -> Reply:
    """Return whether the key rotates automatically, how often, and when next; also to other accounts."""
    target = access.find(call, "kms:GetKeyRotationStatus", call.params["KeyId"], alias=False)
    access.authorize(call, "kms:GetKeyRotationStatus", target)
    key = target.key
    material = access.material(key)
    if material.rotation_days is None or key.state == "PendingDeletion":
        return {"KeyId": key.arn, "KeyRotationEnabled": False}
    return {
        "KeyId": key.arn,
        "KeyRotationEnabled": True,
        "RotationPeriodInDays": material.rotation_days,
        "NextRotationDate": material.rotation_due,
    }


def rotate_key_on_demand(access: KeyAccess, call: Call) -> Reply:
    """Rotate now, at most 25 times in a key's life; automatic rotations stay on their dates."""
    key = access.find_and_authorize(call, "kms:RotateKeyOnDemand", call.params["KeyId"]).key
    require_usable(key)
    _require_rotatable(access, key)
    material = access.material(key)
    if key.origin == "EXTERNAL" and material.pending is None:
        raise Fault(
            "KMSInvalidStateException",
            f"No available key material pending rotation for the key: {key.arn}.",
        )
    on_demand = sum(version.rotation == "ON_DEMAND" for version in material.versions)
    if on_demand >= _MAX_ON_DEMAND:
        raise Fault(
            "LimitExceededException",
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations "
            f"can be performed for this key: {key.arn}",
        )
    now = access.clock.now()
    external = key.origin == "EXTERNAL"
    rotated = material.with_pending_rotated(now) if external else material.rotated(now, "ON_DEMAND")
    access.store.put_material(rotated)
    return {"KeyId": key.arn}


def list_key_rotations(access: KeyAccess, call: Call) -> Reply:
    """List the rotations so far; with ALL_KEY_MATERIAL the first material, too."""
    key = access.find_and_authorize(call, "kms:ListKeyRotations", call.params["KeyId"]).key
    require_not_pending(key)
    material = access.material(key)
    versions = material.versions
    first = 0 if call.params.get("IncludeKeyMaterial") == "ALL_KEY_MATERIAL" else 1
    entries = [_rotation(key, version, versions[-1]) for version in versions[first:]]
    if material.pending is not None and first == 0:
        entries.append(
            _rotation(key, material.pending, versions[-1]) | {"KeyMaterialState": "PENDING_ROTATION"}
        )
    return page(entries, call.params, "Rotations", 100)


def _rotation(key: KeyRecord, version: BackingKey, current: BackingKey) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "KeyId": key.arn,
        "KeyMaterialId": version.id.hex(),
        "KeyMaterialState": "CURRENT" if version is current else "NON_CURRENT",
    }
    if key.origin == "EXTERNAL":
        entry["ImportState"] = "IMPORTED" if version.secret else "PENDING_IMPORT"
        entry |= expiration_fields(version) if version.secret else {}
    if version.rotation is not None:
        entry |= {"RotationDate": version.since, "RotationType": version.rotation}
    return entry


def _require_rotatable(access: KeyAccess, key: KeyRecord) -> None:
    if not key.spec.symmetric_encryption:
        raise Fault("UnsupportedOperationException", "")
    primary = access.store.material(key.key_id).primary_region
    if primary != key.region:
        raise Fault(
            "UnsupportedOperationException",
            f"{key.arn} is a replica key: rotate its primary key in {primary}.",
        )
