"""Signature algorithms by their Java names: HMAC, and RSA with PKCS #1 v1.5 padding."""

import logging
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hmac import HMAC

from dynaseal.legacy.exceptions import InvalidAlgorithmError, SignatureVerificationError, SigningError
from dynaseal.legacy.identifiers import LOGGER_NAME, EncryptionKeyType, KeyEncodingType
from dynaseal.legacy.internal.crypto.jce_bridge.primitives import CRYPTO_FAILURES, failure, load_rsa_key
from dynaseal.legacy.internal.identifiers import MinimumKeySizes

__all__ = ("JAVA_AUTHENTICATOR", "JavaAuthenticator", "JavaMac", "JavaSignature")

_LOGGER = logging.getLogger(LOGGER_NAME)


@dataclass(frozen=True, slots=True)
class JavaAuthenticator:
    """A signature algorithm.

    Attributes:
        java_name: Its Java name.
        digest: The hash that it uses.
    """

    java_name: str
    digest: hashes.HashAlgorithm

    def load_key(self, key: bytes, key_type: EncryptionKeyType, key_encoding: KeyEncodingType) -> Any:
        """Turn a key's bytes into what the other methods take.

        Raises:
            ValueError: they are not a key of this algorithm.
        """
        raise NotImplementedError

    def validate_algorithm(self, algorithm: str) -> None:
        """Check that a name means this algorithm.

        Raises:
            InvalidAlgorithmError: it does not.
        """
        if algorithm != self.java_name:
            raise InvalidAlgorithmError(
                f'Requested algorithm "{algorithm}" is not compatible with signature "{self.java_name}"'
            )

    def sign(self, key: Any, data: bytes) -> bytes:
        """Sign data.

        Raises:
            SigningError: it cannot be signed.
        """
        raise NotImplementedError

    def verify(self, key: Any, signature: bytes, data: bytes) -> None:
        """Verify a signature.

        Raises:
            SignatureVerificationError: it does not verify.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class JavaMac(JavaAuthenticator):
    """HMAC."""

    def load_key(self, key: bytes, key_type: EncryptionKeyType, key_encoding: KeyEncodingType) -> bytes:
        """Return the key's bytes, which must be raw.

        Raises:
            ValueError: the key is not symmetric and raw.
        """
        if key_type is not EncryptionKeyType.SYMMETRIC or key_encoding is not KeyEncodingType.RAW:
            raise ValueError("Key type must be symmetric and encoding must be raw.")
        if len(key) * 8 < MinimumKeySizes.HMAC.value:
            _LOGGER.warning("HMAC keys smaller than %d bits are unsafe", MinimumKeySizes.HMAC.value)
        return key

    def sign(self, key: bytes, data: bytes) -> bytes:
        """Return the HMAC of data.

        Raises:
            SigningError: the data cannot be signed.
        """
        try:
            mac = HMAC(key, self.digest)
            mac.update(data)
            return mac.finalize()
        except CRYPTO_FAILURES as error:
            raise failure(SigningError, "Unable to sign data", error) from error

    def verify(self, key: bytes, signature: bytes, data: bytes) -> None:
        """Compare the HMAC of data, in constant time.

        Raises:
            SignatureVerificationError: it does not verify.
        """
        try:
            mac = HMAC(key, self.digest)
            mac.update(data)
            mac.verify(signature)
        except (InvalidSignature, *CRYPTO_FAILURES) as error:
            raise SignatureVerificationError("Unable to verify signature") from error


@dataclass(frozen=True, slots=True)
class JavaSignature(JavaAuthenticator):
    """RSA."""

    def load_key(
        self, key: bytes, key_type: EncryptionKeyType, key_encoding: KeyEncodingType
    ) -> RSAPrivateKey | RSAPublicKey:
        """Load the key."""
        return load_rsa_key(key, key_type, key_encoding)

    def sign(self, key: RSAPrivateKey | RSAPublicKey, data: bytes) -> bytes:
        """Sign data with the private key.

        Raises:
            SigningError: the key is public, or the data cannot be signed.
        """
        if not isinstance(key, RSAPrivateKey):
            raise SigningError('"sign" is not supported by public keys')
        try:
            return key.sign(data, PKCS1v15(), self.digest)
        except CRYPTO_FAILURES as error:
            raise failure(SigningError, "Unable to sign data", error) from error

    def verify(self, key: RSAPrivateKey | RSAPublicKey, signature: bytes, data: bytes) -> None:
        """Verify a signature with the public key; of a private key, with its public part.

        Raises:
            SignatureVerificationError: it does not verify.
        """
        public_key = key.public_key() if isinstance(key, RSAPrivateKey) else key
        try:
            public_key.verify(signature, data, PKCS1v15(), self.digest)
        except (InvalidSignature, *CRYPTO_FAILURES) as error:
            raise SignatureVerificationError("Unable to verify signature") from error


_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "SHA224": hashes.SHA224(),
    "SHA256": hashes.SHA256(),
    "SHA384": hashes.SHA384(),
    "SHA512": hashes.SHA512(),
}

JAVA_AUTHENTICATOR: dict[str, JavaAuthenticator] = {
    **{f"Hmac{name}": JavaMac(f"Hmac{name}", digest) for name, digest in _DIGESTS.items()},
    **{f"{name}withRSA": JavaSignature(f"{name}withRSA", digest) for name, digest in _DIGESTS.items()},
}
