"""Data keys and data key pairs, which are encrypted under a symmetric key; and random bytes."""

import secrets
from collections.abc import Mapping
from typing import Any

from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.key_checks import (
    check_context_size,
    end_dry_run,
    require_algorithm,
    require_usable,
    require_usage,
)
from dynaseal_lab.kms.keys import KeyRecord
from dynaseal_lab.kms.material import new_private_key, private_der, public_der
from dynaseal_lab.kms.operations.key_encryption import encrypt_with_key
from dynaseal_lab.kms.specs import DATA_KEY_PAIR_SPECS, ENCRYPT_DECRYPT, KEY_SPECS, SYMMETRIC_DEFAULT
from dynaseal_lab.model import Call, Fault, Reply

_SIZES = {"AES_256": 32, "AES_128": 16}


def generate_data_key(access: KeyAccess, call: Call) -> Reply:
    """Return a new data key, in plaintext and encrypted."""
    size = _size(call.params)
    key, context = _wrapping_key(access, call)
    return _wrapped(access, key, context, secrets.token_bytes(size))


def generate_data_key_without_plaintext(access: KeyAccess, call: Call) -> Reply:
    """Return a new data key, only encrypted, for somebody to decrypt later."""
    reply = dict(generate_data_key(access, call))
    del reply["Plaintext"]
    return reply


async def generate_data_key_pair(access: KeyAccess, call: Call) -> Reply:
    """Return a new key pair: the public key, and the private key in plaintext and encrypted."""
    spec = call.params["KeyPairSpec"]
    if spec not in DATA_KEY_PAIR_SPECS:
        raise Fault("UnsupportedOperationException", f"KeyPairSpec {spec} is not supported.")
    key, context = _wrapping_key(access, call, {"kms:DataKeyPairSpec": [spec]})
    private = await new_private_key(KEY_SPECS[spec])
    reply = _wrapped(access, key, context, private_der(private), prefix="PrivateKey")
    return reply | {"PublicKey": public_der(private), "KeyPairSpec": spec}


async def generate_data_key_pair_without_plaintext(access: KeyAccess, call: Call) -> Reply:
    """Return a new key pair whose private key is only encrypted."""
    reply = dict(await generate_data_key_pair(access, call))
    del reply["PrivateKeyPlaintext"]
    return reply


def generate_random(access: KeyAccess, call: Call) -> Reply:
    """Return random bytes; no key is involved."""
    if call.params.get("CustomKeyStoreId") or call.params.get("Recipient"):
        raise Fault("UnsupportedOperationException", "Custom key stores and enclaves are not supported.")
    size = call.params.get("NumberOfBytes")
    if size is None:
        raise Fault("ValidationException", "NumberOfBytes is required.")
    access.authorize_in_account(call, "kms:GenerateRandom")
    return {"Plaintext": secrets.token_bytes(size)}


def _size(params: Mapping[str, Any]) -> int:
    if ("KeySpec" in params) == ("NumberOfBytes" in params):
        raise Fault("ValidationException", "Please specify either number of bytes or key spec.")
    return _SIZES[params["KeySpec"]] if "KeySpec" in params else int(params["NumberOfBytes"])


def _wrapping_key(
    access: KeyAccess, call: Call, extra: Mapping[str, list[str]] | None = None
) -> tuple[KeyRecord, Mapping[str, str]]:
    """Return the symmetric key of the request, authorised and usable, and the encryption context."""
    params = call.params
    if params.get("Recipient"):
        raise Fault("UnsupportedOperationException", "Recipient is not supported: the lab has no enclaves.")
    action = f"kms:{call.operation}"
    context: Mapping[str, str] = params.get("EncryptionContext") or {}
    check_context_size(context)
    target = access.find(call, action, params["KeyId"])
    values = {"kms:EncryptionAlgorithm": [SYMMETRIC_DEFAULT], **(extra or {})}
    access.authorize(call, action, target, context=context, extra=values)
    require_usable(target.key)
    require_usage(call, target.key, ENCRYPT_DECRYPT)
    require_algorithm(target.key, SYMMETRIC_DEFAULT)
    end_dry_run(call)
    return target.key, context


def _wrapped(
    access: KeyAccess, key: KeyRecord, context: Mapping[str, str], secret: bytes, *, prefix: str = ""
) -> dict[str, Any]:
    return {
        f"{prefix}CiphertextBlob": encrypt_with_key(access, key, SYMMETRIC_DEFAULT, context, secret),
        f"{prefix}Plaintext": secret,
        "KeyId": key.arn,
        "KeyMaterialId": access.material(key).current.id.hex(),
    }
