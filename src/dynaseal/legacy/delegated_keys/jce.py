"""Delegated keys whose bytes are at hand: AES, HMAC and RSA, by their Java names."""

import hmac
import os
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from dynaseal.legacy.delegated_keys import DelegatedKey
from dynaseal.legacy.exceptions import JceTransformationError, UnwrappingError
from dynaseal.legacy.identifiers import EncryptionKeyType, KeyEncodingType
from dynaseal.legacy.internal.crypto.jce_bridge.authentication import JAVA_AUTHENTICATOR, JavaAuthenticator
from dynaseal.legacy.internal.crypto.jce_bridge.encryption import JavaCipher
from dynaseal.legacy.internal.crypto.jce_bridge.primitives import (
    JAVA_ENCRYPTION_ALGORITHM,
    JavaEncryptionAlgorithm,
)
from dynaseal.legacy.internal.validators import check_type

__all__ = ("JceNameLocalDelegatedKey",)


class JceNameLocalDelegatedKey(DelegatedKey):
    """A key in this process. An encryption key encrypts and wraps, an authentication key signs and verifies.

    Args:
        key: The key's bytes.
        algorithm: The Java name of its algorithm: AES, AESWrap, RSA, HmacSHA256, SHA256withRSA and so on.
        key_type: What kind of key it is.
        key_encoding: How its bytes are encoded.

    Raises:
        TypeError: an argument has another type.
        JceTransformationError: the algorithm is not known.
        ValueError: the bytes are not a key of that algorithm.

    Example:
        >>> key = JceNameLocalDelegatedKey.generate("HmacSHA256", 256)
        >>> key.verify("HmacSHA256", key.sign("HmacSHA256", b"data"), b"data")
    """

    def __init__(
        self, key: bytes, algorithm: str, key_type: EncryptionKeyType, key_encoding: KeyEncodingType
    ) -> None:
        check_type("key", key, bytes)
        check_type("_algorithm", algorithm, str)
        check_type("_key_type", key_type, EncryptionKeyType)
        check_type("_key_encoding", key_encoding, KeyEncodingType)
        self.key = key
        self._algorithm = algorithm
        self._key_type = key_type
        self._key_encoding = key_encoding
        self._cipher = JAVA_ENCRYPTION_ALGORITHM.get(algorithm)
        self._loaded: Any = self._loader().load_key(key, key_type, key_encoding)

    def _loader(self) -> JavaEncryptionAlgorithm | JavaAuthenticator:
        loader = self._cipher or JAVA_AUTHENTICATOR.get(self._algorithm)
        if loader is None:
            raise JceTransformationError(f'Unknown algorithm: "{self._algorithm}"')
        return loader

    @classmethod
    def generate(cls, algorithm: str, key_length: int | None = None) -> "JceNameLocalDelegatedKey":
        """Make a new random key.

        Args:
            algorithm: The Java name of its algorithm.
            key_length: Its length in bits.

        Raises:
            TypeError: the length is not given.
            ValueError: the algorithm is not known.
        """
        upper = algorithm.upper()
        is_symmetric = "HMAC" in upper or upper in ("AES", "AESWRAP")
        if not is_symmetric and "RSA" not in upper:
            raise ValueError(f"Unknown algorithm: {algorithm}")
        check_type("key_length", key_length, int)
        length = cast("int", key_length)
        if is_symmetric:
            return cls(os.urandom(length // 8), algorithm, EncryptionKeyType.SYMMETRIC, KeyEncodingType.RAW)
        private_key = rsa.generate_private_key(public_exponent=65537, key_size=length)
        encoded = private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return cls(encoded, algorithm, EncryptionKeyType.PRIVATE, KeyEncodingType.DER)

    @property
    def algorithm(self) -> str:
        """The Java name of the key's algorithm."""
        return self._algorithm

    @property
    def allowed_for_raw_materials(self) -> bool:
        """Whether the key may encrypt attributes directly: an AES key may."""
        return self._algorithm == "AES"

    def encrypt(
        self,
        algorithm: str,
        name: str,
        plaintext: bytes,
        additional_associated_data: dict[str, str] | None = None,
    ) -> bytes:
        """Encrypt data by a Java transformation; the other arguments are not used."""
        if self._cipher is None:
            return super().encrypt(algorithm, name, plaintext, additional_associated_data)
        return JavaCipher.from_transformation(algorithm).encrypt(self._loaded, plaintext)

    def decrypt(
        self,
        algorithm: str,
        name: str,
        ciphertext: bytes,
        additional_associated_data: dict[str, str] | None = None,
    ) -> bytes:
        """Decrypt data by a Java transformation; the other arguments are not used."""
        if self._cipher is None:
            return super().decrypt(algorithm, name, ciphertext, additional_associated_data)
        return JavaCipher.from_transformation(algorithm).decrypt(self._loaded, ciphertext)

    def wrap(
        self, algorithm: str, content_key: bytes, additional_associated_data: dict[str, str] | None = None
    ) -> bytes:
        """Wrap a content key by a Java transformation."""
        if self._cipher is None:
            return super().wrap(algorithm, content_key, additional_associated_data)
        return JavaCipher.from_transformation(algorithm).wrap(self._loaded, content_key)

    def unwrap(
        self,
        algorithm: str,
        wrapped_key: bytes,
        wrapped_key_algorithm: str,
        wrapped_key_type: EncryptionKeyType,
        additional_associated_data: dict[str, str] | None = None,
    ) -> DelegatedKey:
        """Unwrap a content key by a Java transformation.

        Raises:
            UnwrappingError: it cannot be unwrapped, or is not to be a symmetric key.
        """
        if self._cipher is None:
            return super().unwrap(
                algorithm, wrapped_key, wrapped_key_algorithm, wrapped_key_type, additional_associated_data
            )
        if wrapped_key_type is not EncryptionKeyType.SYMMETRIC:
            raise UnwrappingError(f'Unsupported wrapped key type: "{wrapped_key_type}"')
        content_key = JavaCipher.from_transformation(algorithm).unwrap(self._loaded, wrapped_key)
        return JceNameLocalDelegatedKey(
            content_key, wrapped_key_algorithm, wrapped_key_type, KeyEncodingType.RAW
        )

    def sign(self, algorithm: str, data: bytes) -> bytes:
        """Sign data."""
        if self._cipher is not None:
            return super().sign(algorithm, data)
        return JAVA_AUTHENTICATOR[algorithm].sign(self._loaded, data)

    def verify(self, algorithm: str, signature: bytes, data: bytes) -> None:
        """Verify a signature.

        Raises:
            SignatureVerificationError: it does not verify.
        """
        if self._cipher is not None:
            return super().verify(algorithm, signature, data)
        return JAVA_AUTHENTICATOR[algorithm].verify(self._loaded, signature, data)

    def signing_algorithm(self) -> str:
        """Return the name of the key's algorithm."""
        return self._algorithm if self._cipher is None else super().signing_algorithm()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, JceNameLocalDelegatedKey):
            return NotImplemented
        return self._kind() == other._kind() and hmac.compare_digest(self.key, other.key)

    def __hash__(self) -> int:
        return hash(self._kind())

    def _kind(self) -> tuple[str, EncryptionKeyType, KeyEncodingType]:
        return self._algorithm, self._key_type, self._key_encoding

    def __repr__(self) -> str:
        return f"JceNameLocalDelegatedKey(_algorithm={self._algorithm!r}, _key_type={self._key_type})"
