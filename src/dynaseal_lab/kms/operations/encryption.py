"""Encrypt, Decrypt, ReEncrypt."""

from collections.abc import Mapping
from typing import Any

from dynaseal_lab.kms.access import (
    Kms,
    Target,
    end_dry_run,
    require_algorithm,
    require_usable,
    require_usage,
)
from dynaseal_lab.kms.context import boolean
from dynaseal_lab.kms.keys import KeyRecord
from dynaseal_lab.kms.operations.sealing import Sealed, parse, seal, unseal
from dynaseal_lab.kms.specs import ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT
from dynaseal_lab.model import Call, Fault

Answer = Mapping[str, Any]


def encrypt(kms: Kms, call: Call) -> Answer:
    """Encrypt up to 4096 bytes under a key."""
    params = call.params
    algorithm = params.get("EncryptionAlgorithm", SYMMETRIC_DEFAULT)
    context = _context(params, "EncryptionContext", algorithm)
    target = kms.find(call, "kms:Encrypt", params["KeyId"])
    kms.allow(call, "kms:Encrypt", target, context=context, extra=_algorithm_key(algorithm))
    _require_ready(call, target.key, algorithm)
    end_dry_run(call)
    blob = seal(kms, target.key, algorithm, context, params["Plaintext"])
    return {"CiphertextBlob": blob, "KeyId": target.key.arn, "EncryptionAlgorithm": algorithm}


def decrypt(kms: Kms, call: Call) -> Answer:
    """Open what Encrypt or a data key operation made."""
    sealed = _sealed(call.params, "EncryptionAlgorithm", "EncryptionContext")
    target = _source(kms, call, "kms:Decrypt", "KeyId", sealed)
    extra = _algorithm_key(sealed.algorithm)
    kms.allow(call, "kms:Decrypt", target, context=sealed.context, extra=extra)
    _require_ready(call, target.key, sealed.algorithm)
    plaintext, version = unseal(kms, target.key, sealed)
    end_dry_run(call)
    answer = {"KeyId": target.key.arn, "Plaintext": plaintext, "EncryptionAlgorithm": sealed.algorithm}
    return answer | ({"KeyMaterialId": version} if version else {})


def re_encrypt(kms: Kms, call: Call) -> Answer:
    """Decrypt and encrypt again inside KMS: two permissions, on two keys."""
    params = call.params
    sealed = _sealed(params, "SourceEncryptionAlgorithm", "SourceEncryptionContext")
    algorithm = params.get("DestinationEncryptionAlgorithm", SYMMETRIC_DEFAULT)
    context = _context(params, "DestinationEncryptionContext", algorithm)
    source = _source(kms, call, "kms:ReEncryptFrom", "SourceKeyId", sealed)
    destination = kms.find(call, "kms:ReEncryptTo", params["DestinationKeyId"])
    same = {"kms:ReEncryptOnSameKey": [boolean(source.key == destination.key)]}
    from_extra = same | _algorithm_key(sealed.algorithm)
    kms.allow(call, "kms:ReEncryptFrom", source, context=sealed.context, extra=from_extra)
    to_extra = same | _algorithm_key(algorithm)
    kms.allow(call, "kms:ReEncryptTo", destination, context=context, extra=to_extra)
    _require_ready(call, source.key, sealed.algorithm)
    _require_ready(call, destination.key, algorithm)
    plaintext, version = unseal(kms, source.key, sealed)
    end_dry_run(call)
    answer: dict[str, Any] = {
        "CiphertextBlob": seal(kms, destination.key, algorithm, context, plaintext),
        "SourceKeyId": source.key.arn,
        "KeyId": destination.key.arn,
        "SourceEncryptionAlgorithm": sealed.algorithm,
        "DestinationEncryptionAlgorithm": algorithm,
    }
    if version:
        answer["SourceKeyMaterialId"] = version
    if algorithm == SYMMETRIC_DEFAULT:
        answer["DestinationKeyMaterialId"] = kms.material(destination.key).current.id.hex()
    return answer


def _sealed(params: Mapping[str, Any], algorithm_name: str, context_name: str) -> Sealed:
    """What the request asks to decrypt. The model makes it optional for a kind of dry run the lab lacks."""
    blob = params.get("CiphertextBlob")
    if blob is None:
        raise Fault(
            "ValidationException",
            "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: "
            "Member must not be null",
        )
    algorithm = params.get(algorithm_name, SYMMETRIC_DEFAULT)
    return Sealed(blob, algorithm, _context(params, context_name, algorithm))


def _source(kms: Kms, call: Call, action: str, parameter: str, sealed: Sealed) -> Target:
    """The key that decrypts: the one that `parameter` names, or else the one that the ciphertext names."""
    if parameter in call.params:
        return kms.find(call, action, call.params[parameter])
    if sealed.algorithm != SYMMETRIC_DEFAULT:
        raise Fault(
            "ValidationException",
            f"{parameter} is required with {sealed.algorithm}: only symmetric ciphertexts name their key.",
        )
    return kms.find_by_ciphertext(call, action, parse(sealed.blob).key_id)


def _require_ready(call: Call, key: KeyRecord, algorithm: str) -> None:
    require_usable(key)
    require_usage(call, key, ENCRYPT_DECRYPT)
    require_algorithm(key, algorithm)


def _algorithm_key(algorithm: str) -> dict[str, list[str]]:
    return {"kms:EncryptionAlgorithm": [algorithm]}


def _context(params: Mapping[str, Any], name: str, algorithm: str) -> Mapping[str, str]:
    context: Mapping[str, str] = params.get(name) or {}
    if context and algorithm != SYMMETRIC_DEFAULT:
        raise Fault("ValidationException", f"{name} is not supported with {algorithm}.")
    if params.get("Recipient"):
        raise Fault("UnsupportedOperationException", "Recipient is not supported: the lab has no enclaves.")
    return context
