"""RSA keys and paddings, as the raw and the KMS RSA keyrings use them."""

from enum import Enum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from dynaseal.core.arguments import check_bytes
from dynaseal.errors import ConfigError


class RsaPadding(Enum):
    """How a key is padded before RSA encrypts it. OAEP uses the same hash for its mask.

    Choose an OAEP padding with SHA-256 or longer. PKCS1 (v1.5) and SHA-1 are here to read what others wrote.
    """

    PKCS1 = "PKCS1"
    OAEP_SHA1_MGF1 = "OAEP_SHA1_MGF1"
    OAEP_SHA256_MGF1 = "OAEP_SHA256_MGF1"
    OAEP_SHA384_MGF1 = "OAEP_SHA384_MGF1"
    OAEP_SHA512_MGF1 = "OAEP_SHA512_MGF1"

    @property
    def scheme(self) -> AsymmetricPadding:
        """The padding as `cryptography` has it."""
        if self is RsaPadding.PKCS1:
            return PKCS1v15()
        algorithm = _OAEP_HASHES[self]
        return OAEP(MGF1(algorithm), algorithm, label=None)

    @property
    def overhead(self) -> int:
        """How many bytes of the modulus the padding takes (RFC 8017, sections 7.1.1 and 7.2.1)."""
        return 11 if self is RsaPadding.PKCS1 else 2 * _OAEP_HASHES[self].digest_size + 2


_OAEP_HASHES: dict[RsaPadding, HashAlgorithm] = {
    # OAEP does not need its hash to resist collisions, and AWS's keyrings offer this one too.
    RsaPadding.OAEP_SHA1_MGF1: SHA1(),  # noqa: S303
    RsaPadding.OAEP_SHA256_MGF1: SHA256(),
    RsaPadding.OAEP_SHA384_MGF1: SHA384(),
    RsaPadding.OAEP_SHA512_MGF1: SHA512(),
}


def load_public_key(pem: bytes) -> RSAPublicKey:
    """Read an RSA public key.

    Args:
        pem: SubjectPublicKeyInfo (`BEGIN PUBLIC KEY`) in PEM.

    Raises:
        ConfigError: it is not an RSA public key in that form.
    """
    check_bytes("An RSA keyring", public_key=pem)
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPublicKey):
        raise ConfigError(
            "The public key is not an RSA public key in PEM",
            hint="Its first line must be -----BEGIN PUBLIC KEY-----",
        )
    return key


def load_private_key(pem: bytes) -> RSAPrivateKey:
    """Read an RSA private key.

    Args:
        pem: PKCS #8 (`BEGIN PRIVATE KEY`) in PEM, without a password.

    Raises:
        ConfigError: it is not an RSA private key in that form.
    """
    check_bytes("An RSA keyring", private_key=pem)
    if b"ENCRYPTED" in pem:
        raise ConfigError("The private key is protected by a password", hint="Decrypt it before passing it")
    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, RSAPrivateKey):
        raise ConfigError(
            "The private key is not an RSA private key in PEM",
            hint="Its first line must be -----BEGIN PRIVATE KEY-----",
        )
    return key


def check_capacity(key: RSAPublicKey | RSAPrivateKey, padding: RsaPadding, length: int) -> None:
    """Check that a key is large enough to wrap `length` bytes.

    Raises:
        ConfigError: it is not.
    """
    if key.key_size // 8 - padding.overhead < length:
        raise ConfigError(
            f"An RSA key of {key.key_size} bits is too small for {padding.name}",
            hint="Use a key of 2048 bits or more",
        )
