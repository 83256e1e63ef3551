"""Encryption and decryption with keys of any spec, for Encrypt, Decrypt, ReEncrypt and data keys."""

from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from dynaseal_lab.kms import ciphertext
from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.keys import KeyRecord
from dynaseal_lab.kms.material import load_rsa
from dynaseal_lab.kms.specs import SYMMETRIC_DEFAULT
from dynaseal_lab.model import Fault

# SHA-1 is what KMS's algorithm RSAES_OAEP_SHA_1 is defined with.
_OAEP: Mapping[str, hashes.HashAlgorithm] = {
    "RSAES_OAEP_SHA_1": hashes.SHA1(),  # noqa: S303
    "RSAES_OAEP_SHA_256": hashes.SHA256(),
}


def encrypt_with_key(
    access: KeyAccess, key: KeyRecord, algorithm: str, context: Mapping[str, str], plaintext: bytes
) -> bytes:
    """Encrypt with the key's current material.

    Raises:
        Fault: ValidationException, for more plaintext than RSA takes.
    """
    backing = access.material(key).current
    if algorithm == SYMMETRIC_DEFAULT:
        return ciphertext.encrypt(key.key_id, backing, context, plaintext)
    private = load_rsa(backing.secret)
    limit = _max_plaintext(private, algorithm)
    if len(plaintext) > limit:
        raise Fault(
            "ValidationException",
            f"Algorithm {algorithm} and key spec {key.spec.name} cannot encrypt data larger than {limit} "
            "bytes.",
        )
    return private.public_key().encrypt(plaintext, _oaep(algorithm))


@dataclass(frozen=True, slots=True)
class EncryptedInput:
    """A ciphertext in a request, with the algorithm and the encryption context that the request names."""

    blob: bytes
    algorithm: str
    context: Mapping[str, str]


def decrypt_with_key(
    access: KeyAccess, key: KeyRecord, encrypted: EncryptedInput
) -> tuple[bytes, str | None]:
    """Decrypt with the version of the key's material that has encrypted.

    Returns:
        The plaintext, and the id of the material's version (None for RSA).

    Raises:
        Fault: InvalidCiphertextException, or IncorrectKeyException where the blob names another key.
    """
    if encrypted.algorithm != SYMMETRIC_DEFAULT:
        return _decrypt_with_rsa(access, key, encrypted), None
    parsed = parse(encrypted.blob)
    if parsed.key_id != key.key_id:
        raise incorrect_key()
    backing = access.material(key).version(parsed.backing_id)
    if backing is None:
        raise invalid_ciphertext()
    try:
        return ciphertext.decrypt(parsed, backing, encrypted.context), backing.id.hex()
    except ciphertext.CiphertextError as error:
        raise invalid_ciphertext() from error


def parse(blob: bytes) -> ciphertext.Ciphertext:
    """Parse a ciphertext of a symmetric key.

    Raises:
        Fault: InvalidCiphertextException.
    """
    try:
        return ciphertext.parse(blob)
    except ciphertext.CiphertextError as error:
        raise invalid_ciphertext() from error


def incorrect_key() -> Fault:
    """Return the error for a request that names a key which did not encrypt the ciphertext."""
    return Fault(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )


def invalid_ciphertext() -> Fault:
    """Return AWS's error, which has no message, so that nobody learns what was wrong."""
    return Fault("InvalidCiphertextException", "")


def _decrypt_with_rsa(access: KeyAccess, key: KeyRecord, encrypted: EncryptedInput) -> bytes:
    try:
        return load_rsa(access.material(key).current.secret).decrypt(
            encrypted.blob, _oaep(encrypted.algorithm)
        )
    except ValueError as error:
        raise invalid_ciphertext() from error


def _oaep(algorithm: str) -> padding.OAEP:
    digest = _OAEP[algorithm]
    return padding.OAEP(mgf=padding.MGF1(digest), algorithm=digest, label=None)


def _max_plaintext(private: rsa.RSAPrivateKey, algorithm: str) -> int:
    """Return the longest plaintext: the modulus less two digests and two bytes (RFC 8017, section 7.1.1)."""
    return private.key_size // 8 - 2 * _OAEP[algorithm].digest_size - 2
