"""Imported key material: a key with the origin EXTERNAL has no material until it is imported.

* GetParametersForImport returns a public RSA key and a token, good for a day by the lab's clock. The material
  is encrypted to the public key.
* Material that has expired or was deleted can be imported again. Only the same material is accepted, because
  it must decrypt what it has encrypted.
* New material for a symmetric key waits until RotateKeyOnDemand makes it current.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.condition_keys import ConditionValues
from dynaseal_lab.kms.key_checks import require_not_pending
from dynaseal_lab.kms.keys import BackingKey, KeyMaterial, KeyRecord, imported_backing_key
from dynaseal_lab.kms.material import load_rsa, new_private_key, private_der, public_der
from dynaseal_lab.kms.operations.key_encryption import invalid_ciphertext
from dynaseal_lab.kms.specs import KEY_SPECS, KeySpec
from dynaseal_lab.kms.store import ImportParameters
from dynaseal_lab.model import Call, Fault, Reply

_VALID = timedelta(hours=24)
_LONGEST = timedelta(days=365)
# SHA-1 is what the algorithms that end in SHA_1 are defined with.
_DIGESTS: Mapping[str, hashes.HashAlgorithm] = {"SHA_1": hashes.SHA1(), "SHA_256": hashes.SHA256()}  # noqa: S303


async def get_parameters_for_import(access: KeyAccess, call: Call) -> Reply:
    """Return a public key to encrypt key material to, and a token for ImportKeyMaterial."""
    algorithm, spec = call.params["WrappingAlgorithm"], call.params["WrappingKeySpec"]
    extra = {"kms:WrappingAlgorithm": [algorithm], "kms:WrappingKeySpec": [spec]}
    key = access.find_and_authorize(call, "kms:GetParametersForImport", call.params["KeyId"], extra).key
    _require_external(key)
    require_not_pending(key)
    if spec not in KEY_SPECS or not algorithm.startswith(("RSAES_OAEP", "RSA_AES_KEY_WRAP")):
        raise Fault("UnsupportedOperationException", f"The lab does not offer {algorithm} with {spec}.")
    private = await new_private_key(KEY_SPECS[spec])
    token, valid_to = secrets.token_bytes(64), access.clock.now() + _VALID
    access.store.put_import_parameters(
        ImportParameters(
            token=token.hex(),
            region=key.region,
            key_id=key.key_id,
            algorithm=algorithm,
            private_key=private_der(private),
            valid_to=valid_to,
        )
    )
    return {
        "KeyId": key.arn,
        "ImportToken": token,
        "PublicKey": public_der(private),
        "ParametersValidTo": valid_to,
    }


def import_key_material(access: KeyAccess, call: Call) -> Reply:
    """Import material: a key's first, the same again, or new material for the next rotation."""
    params = call.params
    key = access.find_and_authorize(call, "kms:ImportKeyMaterial", params["KeyId"], _expiry_keys(call)).key
    _require_external(key)
    require_not_pending(key)
    expires = _expiry(access, call)
    secret = _unwrapped(access, key, params["ImportToken"], params["EncryptedKeyMaterial"])
    if not _fits(key.spec, secret):
        raise Fault("IncorrectKeyMaterialException", "")
    new = imported_backing_key(key.key_id, secret, access.clock.now(), expires)
    material = _with_imported(key, access.store.material(key.key_id), new, params.get("ImportType"))
    access.store.put_material(material)
    access.store.put_key(replace(key, pending_import=not material.complete))
    return _described(key, new)


def delete_imported_key_material(access: KeyAccess, call: Call) -> Reply:
    """Delete imported material, also of a key that is scheduled for deletion.

    The key cannot be used until the same material is imported again.
    """
    key = access.find_and_authorize(call, "kms:DeleteImportedKeyMaterial", call.params["KeyId"]).key
    _require_external(key)
    material = access.store.material(key.key_id)
    named = call.params.get("KeyMaterialId")
    if named is None:
        deleted = material.versions[-1] if material.versions else None
    else:
        deleted = material.version(bytes.fromhex(named)) or _pending(material, named)
        if deleted is None:
            raise Fault("NotFoundException", f"{key.arn} has no key material with the id {named}.")
    if deleted is None:
        return {"KeyId": key.arn}
    material = material.without_secret(deleted)
    access.store.put_material(material)
    access.store.put_key(replace(key, pending_import=not material.complete))
    return _described(key, deleted)


def _pending(material: KeyMaterial, named: str) -> BackingKey | None:
    pending = material.pending
    return pending if pending is not None and pending.id.hex() == named else None


def _described(key: KeyRecord, version: BackingKey) -> Reply:
    """Return the key and, as only symmetric keys have several versions, the version's id for those."""
    reply = {"KeyId": key.arn}
    return reply | {"KeyMaterialId": version.id.hex()} if key.spec.symmetric_encryption else reply


def _require_external(key: KeyRecord) -> None:
    if key.origin != "EXTERNAL":
        raise Fault(
            "UnsupportedOperationException",
            f"{key.arn} origin is {key.origin} which is not valid for this operation.",
        )


def _expiry_keys(call: Call) -> ConditionValues:
    model = call.params.get("ExpirationModel", "KEY_MATERIAL_EXPIRES")
    valid_to = call.params.get("ValidTo")
    values: ConditionValues = {"kms:ExpirationModel": [model]}
    return values | ({"kms:ValidTo": [valid_to.strftime("%Y-%m-%dT%H:%M:%SZ")]} if valid_to else {})


def _expiry(access: KeyAccess, call: Call) -> Any:
    """Return when the material expires; None if it does not.

    Raises:
        Fault: ValidationException.
    """
    valid_to = call.params.get("ValidTo")
    if call.params.get("ExpirationModel", "KEY_MATERIAL_EXPIRES") != "KEY_MATERIAL_EXPIRES":
        if valid_to is not None:
            raise Fault(
                "ValidationException",
                "A validTo date can be set only if the ExpirationModel is KEY_MATERIAL_EXPIRES",
            )
        return None
    if valid_to is None:
        raise Fault(
            "ValidationException", "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
        )
    now = access.clock.now()
    if not now < valid_to <= now + _LONGEST:
        raise Fault(
            "ValidationException", "The validTo date must be in the future, at most 365 days from now"
        )
    return valid_to


def _unwrapped(access: KeyAccess, key: KeyRecord, token: bytes, encrypted: bytes) -> bytes:
    """Return the key material that was encrypted to the public key of an import token."""
    parameters = access.store.import_parameters(token.hex())
    if parameters is None or (parameters.region, parameters.key_id) != (key.region, key.key_id):
        raise Fault("InvalidImportTokenException", "")
    if parameters.valid_to <= access.clock.now():
        raise Fault("ExpiredImportTokenException", "")
    digest = _DIGESTS[parameters.algorithm[parameters.algorithm.index("SHA_") :]]
    oaep = padding.OAEP(mgf=padding.MGF1(digest), algorithm=digest, label=None)
    private = load_rsa(parameters.private_key)
    try:
        if parameters.algorithm.startswith("RSAES_OAEP"):
            return private.decrypt(encrypted, oaep)
        size = private.key_size // 8
        return keywrap.aes_key_unwrap_with_padding(private.decrypt(encrypted[:size], oaep), encrypted[size:])
    except (ValueError, keywrap.InvalidUnwrap) as error:
        raise invalid_ciphertext() from error


def _fits(spec: KeySpec, secret: bytes) -> bool:
    """Return whether material has the form that a key of this spec needs."""
    if spec.family in {"symmetric", "hmac"}:
        return len(secret) == spec.size
    try:
        private = serialization.load_der_private_key(secret, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    if isinstance(private, rsa.RSAPrivateKey):
        return spec.family == "rsa" and private.key_size == spec.size
    return isinstance(private, ec.EllipticCurvePrivateKey) and _CURVES.get(private.curve.name) == spec.name


_CURVES: Mapping[str, str] = {
    "secp256r1": "ECC_NIST_P256",
    "secp384r1": "ECC_NIST_P384",
    "secp521r1": "ECC_NIST_P521",
    "secp256k1": "ECC_SECG_P256K1",
}


def _with_imported(
    key: KeyRecord, material: KeyMaterial, new: BackingKey, import_type: str | None
) -> KeyMaterial:
    """Return the key's material with what was imported."""
    if not material.versions:
        return replace(material, versions=(new,))
    if import_type == "NEW_KEY_MATERIAL" and key.spec.symmetric_encryption:
        if material.pending is not None and material.pending.id != new.id:
            raise Fault(
                "KMSInvalidStateException",
                f"New key material (id: {new.id.hex()}) cannot be imported into KMS key {key.arn}, because "
                f"another key material (id: {material.pending.id.hex()}) is pending rotation.",
            )
        if material.version(new.id) is None:
            return replace(material, pending=new)
    if material.version(new.id) is None:
        raise Fault("IncorrectKeyMaterialException", "")
    return material.with_secret_of(new)
