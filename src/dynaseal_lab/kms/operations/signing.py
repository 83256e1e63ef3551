"""Sign, Verify, GetPublicKey: RSA and ECDSA.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
"""

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.key_checks import end_dry_run, require_algorithm, require_usable, require_usage
from dynaseal_lab.kms.keys import KeyRecord, algorithm_fields
from dynaseal_lab.kms.material import load_ecc, load_private, load_rsa, public_der
from dynaseal_lab.kms.specs import SIGN_VERIFY
from dynaseal_lab.model import Call, Fault, Reply

_HASH_ALGORITHMS: Mapping[str, hashes.HashAlgorithm] = {
    "SHA_256": hashes.SHA256(),
    "SHA_384": hashes.SHA384(),
    "SHA_512": hashes.SHA512(),
}


def sign(access: KeyAccess, call: Call) -> Reply:
    """Sign a message of up to 4096 bytes, or its digest."""
    key, algorithm, message_digest = _ready(access, call, "kms:Sign")
    secret = access.material(key).current.secret
    prehashed = utils.Prehashed(_hash_algorithm(algorithm))
    if key.spec.family == "rsa":
        signature = load_rsa(secret).sign(message_digest, _padding(algorithm), prehashed)
    else:
        signature = load_ecc(secret).sign(message_digest, ec.ECDSA(prehashed))
    return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": algorithm}


def verify(access: KeyAccess, call: Call) -> Reply:
    """Verify a signature; a wrong one is an error, not a reply."""
    key, algorithm, message_digest = _ready(access, call, "kms:Verify")
    secret, signature = access.material(key).current.secret, call.params["Signature"]
    prehashed = utils.Prehashed(_hash_algorithm(algorithm))
    try:
        if key.spec.family == "rsa":
            load_rsa(secret).public_key().verify(signature, message_digest, _padding(algorithm), prehashed)
        else:
            load_ecc(secret).public_key().verify(signature, message_digest, ec.ECDSA(prehashed))
    except InvalidSignature as error:
        raise Fault("KMSInvalidSignatureException", "") from error
    return {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": algorithm}


def get_public_key(access: KeyAccess, call: Call) -> Reply:
    """Return an asymmetric key's public key, in SubjectPublicKeyInfo DER."""
    target = access.find(call, "kms:GetPublicKey", call.params["KeyId"])
    access.authorize(call, "kms:GetPublicKey", target)
    key = target.key
    if key.spec.family not in {"rsa", "ecc"}:
        raise Fault("UnsupportedOperationException", f"{key.arn} key spec {key.spec.name} has no public key.")
    require_usable(key)
    return {
        "KeyId": key.arn,
        "PublicKey": public_der(load_private(access.material(key).current.secret)),
        "CustomerMasterKeySpec": key.spec.name,
        "KeySpec": key.spec.name,
        "KeyUsage": key.usage,
        **algorithm_fields(key),
    }


def _ready(access: KeyAccess, call: Call, action: str) -> tuple[KeyRecord, str, bytes]:
    """Return the key, authorised and usable, the algorithm, and the digest of the message."""
    params = call.params
    algorithm, kind = params["SigningAlgorithm"], params.get("MessageType", "RAW")
    target = access.find(call, action, params["KeyId"])
    extra = {"kms:SigningAlgorithm": [algorithm], "kms:MessageType": [kind]}
    access.authorize(call, action, target, extra=extra)
    require_usable(target.key)
    require_usage(call, target.key, SIGN_VERIFY)
    require_algorithm(target.key, algorithm)
    message_digest = _message_digest(algorithm, kind, params["Message"])
    end_dry_run(call)
    return target.key, algorithm, message_digest


def _message_digest(algorithm: str, kind: str, message: bytes) -> bytes:
    hash_algorithm = _hash_algorithm(algorithm)
    if kind == "RAW":
        hashed = hashes.Hash(hash_algorithm)
        hashed.update(message)
        return hashed.finalize()
    if kind != "DIGEST":
        raise Fault("UnsupportedOperationException", f"MessageType {kind} is not supported.")
    if len(message) != hash_algorithm.digest_size:
        raise Fault("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
    return message


def _hash_algorithm(algorithm: str) -> hashes.HashAlgorithm:
    return _HASH_ALGORITHMS[algorithm[-len("SHA_256") :]]


def _padding(algorithm: str) -> padding.AsymmetricPadding:
    """Return PKCS #1 v1.5, or PSS with a salt as long as the digest."""
    if algorithm.startswith("RSASSA_PKCS1"):
        return padding.PKCS1v15()
    hash_algorithm = _hash_algorithm(algorithm)
    return padding.PSS(padding.MGF1(hash_algorithm), hash_algorithm.digest_size)
