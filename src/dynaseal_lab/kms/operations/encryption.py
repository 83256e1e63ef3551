"""Encrypt, Decrypt, ReEncrypt."""

from collections.abc import Mapping
from typing import Any

from dynaseal_lab.kms.access import KeyAccess, Target
from dynaseal_lab.kms.condition_keys import boolean
from dynaseal_lab.kms.key_checks import (
    check_context_size,
    end_dry_run,
    require_algorithm,
    require_usable,
    require_usage,
)
from dynaseal_lab.kms.keys import KeyRecord
from dynaseal_lab.kms.operations.key_encryption import (
    EncryptedInput,
    decrypt_with_key,
    encrypt_with_key,
    incorrect_key,
    parse,
)
from dynaseal_lab.kms.specs import ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT
from dynaseal_lab.model import Call, Fault, Reply


def encrypt(access: KeyAccess, call: Call) -> Reply:
    """Encrypt up to 4096 bytes under a key."""
    params = call.params
    algorithm = params.get("EncryptionAlgorithm", SYMMETRIC_DEFAULT)
    context = _context(params, "EncryptionContext", algorithm)
    target = access.find(call, "kms:Encrypt", params["KeyId"])
    access.authorize(call, "kms:Encrypt", target, context=context, extra=_algorithm_key(algorithm))
    _require_ready(call, target.key, algorithm)
    end_dry_run(call)
    blob = encrypt_with_key(access, target.key, algorithm, context, params["Plaintext"])
    return {"CiphertextBlob": blob, "KeyId": target.key.arn, "EncryptionAlgorithm": algorithm}


def decrypt(access: KeyAccess, call: Call) -> Reply:
    """Decrypt what Encrypt, ReEncrypt or a data key operation encrypted."""
    encrypted = _encrypted_input(call.params, "EncryptionAlgorithm", "EncryptionContext")
    target = _source(access, call, "kms:Decrypt", "KeyId", encrypted)
    extra = _algorithm_key(encrypted.algorithm)
    access.authorize(call, "kms:Decrypt", target, context=encrypted.context, extra=extra)
    _require_decrypting(target.key, encrypted.algorithm)
    plaintext, version = decrypt_with_key(access, target.key, encrypted)
    end_dry_run(call)
    reply = {
        "KeyId": target.key.arn,
        "Plaintext": plaintext,
        "EncryptionAlgorithm": encrypted.algorithm,
    }
    return reply | ({"KeyMaterialId": version} if version else {})


def re_encrypt(access: KeyAccess, call: Call) -> Reply:
    """Decrypt and encrypt again inside KMS, which takes a permission on each of the two keys."""
    params = call.params
    encrypted = _encrypted_input(params, "SourceEncryptionAlgorithm", "SourceEncryptionContext")
    algorithm = params.get("DestinationEncryptionAlgorithm", SYMMETRIC_DEFAULT)
    context = _context(params, "DestinationEncryptionContext", algorithm)
    source = _source(access, call, "kms:ReEncryptFrom", "SourceKeyId", encrypted)
    destination = access.find(call, "kms:ReEncryptTo", params["DestinationKeyId"])
    same = {"kms:ReEncryptOnSameKey": [boolean(source.key == destination.key)]}
    from_extra = same | _algorithm_key(encrypted.algorithm)
    access.authorize(call, "kms:ReEncryptFrom", source, context=encrypted.context, extra=from_extra)
    to_extra = same | _algorithm_key(algorithm)
    access.authorize(call, "kms:ReEncryptTo", destination, context=context, extra=to_extra)
    _require_decrypting(source.key, encrypted.algorithm)
    _require_ready(call, destination.key, algorithm)
    plaintext, version = decrypt_with_key(access, source.key, encrypted)
    end_dry_run(call)
    reply: dict[str, Any] = {
        "CiphertextBlob": encrypt_with_key(access, destination.key, algorithm, context, plaintext),
        "SourceKeyId": source.key.arn,
        "KeyId": destination.key.arn,
        "SourceEncryptionAlgorithm": encrypted.algorithm,
        "DestinationEncryptionAlgorithm": algorithm,
    }
    if version:
        reply["SourceKeyMaterialId"] = version
    if algorithm == SYMMETRIC_DEFAULT:
        reply["DestinationKeyMaterialId"] = access.material(destination.key).current.id.hex()
    return reply


def _encrypted_input(params: Mapping[str, Any], algorithm_name: str, context_name: str) -> EncryptedInput:
    """Return the ciphertext in the request; the model has it optional for a dry run that the lab lacks."""
    blob = params.get("CiphertextBlob")
    if blob is None:
        raise Fault(
            "ValidationException",
            "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: "
            "Member must not be null",
        )
    algorithm = params.get(algorithm_name, SYMMETRIC_DEFAULT)
    return EncryptedInput(blob, algorithm, _context(params, context_name, algorithm))


def _source(access: KeyAccess, call: Call, action: str, parameter: str, encrypted: EncryptedInput) -> Target:
    """Return the key to decrypt with: named by `parameter`, or else by the ciphertext."""
    if parameter in call.params:
        return access.find(call, action, call.params[parameter])
    if encrypted.algorithm != SYMMETRIC_DEFAULT:
        raise Fault(
            "ValidationException",
            f"{parameter} is required with {encrypted.algorithm}: only symmetric ciphertexts name their key.",
        )
    return access.find_by_ciphertext(call, action, parse(encrypted.blob).key_id)


def _require_ready(call: Call, key: KeyRecord, algorithm: str) -> None:
    require_usable(key)
    require_usage(call, key, ENCRYPT_DECRYPT)
    require_algorithm(key, algorithm)


def _require_decrypting(key: KeyRecord, algorithm: str) -> None:
    """Refuse a key that cannot have encrypted the ciphertext, because its usage is another one."""
    require_usable(key)
    if key.usage != ENCRYPT_DECRYPT:
        raise incorrect_key()
    require_algorithm(key, algorithm)


def _algorithm_key(algorithm: str) -> dict[str, list[str]]:
    return {"kms:EncryptionAlgorithm": [algorithm]}


def _context(params: Mapping[str, Any], name: str, algorithm: str) -> Mapping[str, str]:
    context: Mapping[str, str] = params.get(name) or {}
    if context and algorithm != SYMMETRIC_DEFAULT:
        raise Fault("ValidationException", f"{name} is not supported with {algorithm}.")
    if params.get("Recipient"):
        raise Fault("UnsupportedOperationException", "Recipient is not supported: the lab has no enclaves.")
    check_context_size(context)
    return context
