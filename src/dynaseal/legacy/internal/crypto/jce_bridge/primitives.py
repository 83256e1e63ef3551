"""Ciphers, modes and paddings by their Java names."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from dynaseal.legacy.exceptions import (
    DecryptionError,
    DynamodbEncryptionSdkError,
    EncryptionError,
    InvalidAlgorithmError,
    UnwrappingError,
    WrappingError,
)
from dynaseal.legacy.identifiers import LOGGER_NAME, EncryptionKeyType, KeyEncodingType
from dynaseal.legacy.internal.identifiers import MinimumKeySizes

__all__ = (
    "JAVA_ENCRYPTION_ALGORITHM",
    "JAVA_MODE",
    "JAVA_PADDING",
    "JavaAsymmetricEncryptionAlgorithm",
    "JavaEncryptionAlgorithm",
    "JavaMode",
    "JavaPadding",
    "JavaSymmetricEncryptionAlgorithm",
    "load_rsa_key",
)

_LOGGER = logging.getLogger(LOGGER_NAME)
_BLOCK_SIZE = 128
_IV_LENGTH = 16

CRYPTO_FAILURES = (ValueError, TypeError, UnsupportedAlgorithm, keywrap.InvalidUnwrap)
"""What cryptography raises for bad keys, paddings, lengths and types."""


@dataclass(frozen=True, slots=True)
class JavaPadding:
    """A padding, for AES or for RSA.

    Attributes:
        java_name: Its Java name.
        asymmetric: Makes it for RSA; None where it is not RSA's.
        is_block_padding: Whether it fills AES blocks.
    """

    java_name: str
    asymmetric: Callable[[], rsa_padding.AsymmetricPadding] | None = None
    is_block_padding: bool = False

    def build(self) -> rsa_padding.AsymmetricPadding:
        """Return the padding for RSA.

        Raises:
            ValueError: it is not RSA's.
        """
        if self.asymmetric is None:
            raise ValueError(f"{self.java_name} is not a padding of RSA")
        return self.asymmetric()

    def pad(self, data: bytes) -> bytes:
        """Fill up the last block of AES."""
        return _padded(PKCS7(_BLOCK_SIZE).padder(), data) if self._fills_blocks() else data

    def unpad(self, data: bytes) -> bytes:
        """Remove what `pad` added.

        Raises:
            ValueError: it is not there.
        """
        return _padded(PKCS7(_BLOCK_SIZE).unpadder(), data) if self._fills_blocks() else data

    def _fills_blocks(self) -> bool:
        if self.asymmetric is not None:
            raise ValueError(f"{self.java_name} is not a padding of AES")
        return self.is_block_padding


def _padded(context: Any, data: bytes) -> bytes:
    return context.update(data) + context.finalize()


@dataclass(frozen=True, slots=True)
class JavaMode:
    """A mode of AES.

    Attributes:
        java_name: Its Java name.
        mode: Makes it from an initialization vector; None for modes that the format cannot be written in.
    """

    java_name: str
    mode: Callable[[bytes], modes.CBC | modes.CTR] | None = None

    def build(self, iv: bytes) -> modes.CBC | modes.CTR:
        """Return the mode.

        Raises:
            ValueError: nothing can be encrypted in this mode here.
        """
        if self.mode is None:
            raise ValueError(f"{self.java_name} is not supported")
        return self.mode(iv)


@dataclass(frozen=True, slots=True)
class JavaEncryptionAlgorithm:
    """A cipher.

    Attributes:
        java_name: Its Java name.
    """

    java_name: str

    def validate_algorithm(self, algorithm: str) -> None:
        """Check that a name means this cipher.

        Raises:
            InvalidAlgorithmError: it does not.
        """
        if algorithm != self.java_name:
            raise InvalidAlgorithmError(
                f'Requested algorithm "{algorithm}" is not compatible with cipher "{self.java_name}"'
            )

    def load_key(self, key: bytes, key_type: EncryptionKeyType, key_encoding: KeyEncodingType) -> Any:
        """Turn a key's bytes into what the other methods take.

        Raises:
            ValueError: they are not a key of this cipher.
        """
        raise NotImplementedError

    def encrypt(self, key: Any, data: bytes, mode: JavaMode, padding: JavaPadding) -> bytes:
        """Encrypt data.

        Raises:
            EncryptionError: it cannot be.
        """
        raise NotImplementedError

    def decrypt(self, key: Any, data: bytes, mode: JavaMode, padding: JavaPadding) -> bytes:
        """Decrypt data.

        Raises:
            DecryptionError: it cannot be.
        """
        raise NotImplementedError

    def wrap(self, key: Any, content_key: bytes, mode: JavaMode, padding: JavaPadding) -> bytes:
        """Wrap a content key."""
        return self.encrypt(key, content_key, mode, padding)

    def unwrap(self, key: Any, wrapped_key: bytes, mode: JavaMode, padding: JavaPadding) -> bytes:
        """Unwrap a content key."""
        return self.decrypt(key, wrapped_key, mode, padding)


@dataclass(frozen=True, slots=True)
class JavaSymmetricEncryptionAlgorithm(JavaEncryptionAlgorithm):
    """AES. Keys are wrapped by RFC 3394, whatever mode and padding are named.

    Attributes:
        only_wraps: Whether it refuses to encrypt and decrypt.
    """

    only_wraps: bool = False

    def load_key(self, key: bytes, key_type: EncryptionKeyType, key_encoding: KeyEncodingType) -> bytes:
        """Return the key's bytes, which must be raw.

        Raises:
            ValueError: the key is not symmetric and raw.
        """
        if key_type is not EncryptionKeyType.SYMMETRIC:
            raise ValueError(f'Invalid key type "{key_type}" for cipher "{self.java_name}"')
        if key_encoding is not KeyEncodingType.RAW:
            raise ValueError(f'Invalid key encoding "{key_encoding}" for cipher "{self.java_name}"')
        return key

    def encrypt(self, key: bytes, data: bytes, mode: JavaMode, padding: JavaPadding) -> bytes:
        """Encrypt data under a new random initialization vector, which comes first."""
        self._refuse_if_only_wrapping("encrypt")
        iv = os.urandom(_IV_LENGTH)
        try:
            encryptor = Cipher(algorithms.AES(key), mode.build(iv)).encryptor()
            return iv + encryptor.update(padding.pad(data)) + encryptor.finalize()
        except CRYPTO_FAILURES as error:
            raise failure(EncryptionError, "Encryption failed", error) from error

    def decrypt(self, key: bytes, data: bytes, mode: JavaMode, padding: JavaPadding) -> bytes:
        """Decrypt data that starts with its initialization vector."""
        self._refuse_if_only_wrapping("decrypt")
        try:
            decryptor = Cipher(algorithms.AES(key), mode.build(data[:_IV_LENGTH])).decryptor()
            return padding.unpad(decryptor.update(data[_IV_LENGTH:]) + decryptor.finalize())
        except CRYPTO_FAILURES as error:
            raise failure(DecryptionError, "Decryption failed", error) from error

    def wrap(self, key: bytes, content_key: bytes, mode: JavaMode, padding: JavaPadding) -> bytes:  # noqa: ARG002 RSA's arguments
        """Wrap a content key.

        Raises:
            WrappingError: it cannot be.
        """
        try:
            return keywrap.aes_key_wrap(key, content_key)
        except CRYPTO_FAILURES as error:
            raise failure(WrappingError, "Key wrap failed", error) from error

    def unwrap(self, key: bytes, wrapped_key: bytes, mode: JavaMode, padding: JavaPadding) -> bytes:  # noqa: ARG002 RSA's arguments
        """Unwrap a content key.

        Raises:
            UnwrappingError: it cannot be.
        """
        try:
            return keywrap.aes_key_unwrap(key, wrapped_key)
        except CRYPTO_FAILURES as error:
            raise failure(UnwrappingError, "Key unwrap failed", error) from error

    def _refuse_if_only_wrapping(self, method: str) -> None:
        if self.only_wraps:
            raise NotImplementedError(f'"{method}" is not supported by the "{self.java_name}" algorithm')


@dataclass(frozen=True, slots=True)
class JavaAsymmetricEncryptionAlgorithm(JavaEncryptionAlgorithm):
    """RSA."""

    def load_key(
        self, key: bytes, key_type: EncryptionKeyType, key_encoding: KeyEncodingType
    ) -> RSAPrivateKey | RSAPublicKey:
        """Load the key, which must be DER or PEM.

        Raises:
            ValueError: it is not an RSA key of that type and encoding.
        """
        if key_type is EncryptionKeyType.SYMMETRIC:
            raise ValueError(f'Invalid key type "{key_type}" for cipher "{self.java_name}"')
        if key_encoding is KeyEncodingType.RAW:
            raise ValueError(f'Invalid key encoding "{key_encoding}" for cipher "{self.java_name}"')
        return load_rsa_key(key, key_type, key_encoding)

    def encrypt(
        self,
        key: RSAPrivateKey | RSAPublicKey,
        data: bytes,
        mode: JavaMode,  # noqa: ARG002 RSA has none
        padding: JavaPadding,
    ) -> bytes:
        """Encrypt data with the public key; of a private key, with its public part."""
        public_key = key.public_key() if isinstance(key, RSAPrivateKey) else key
        try:
            return public_key.encrypt(data, padding.build())
        except CRYPTO_FAILURES as error:
            raise failure(EncryptionError, "Encryption failed", error) from error

    def decrypt(
        self,
        key: RSAPrivateKey | RSAPublicKey,
        data: bytes,
        mode: JavaMode,  # noqa: ARG002 RSA has none
        padding: JavaPadding,
    ) -> bytes:
        """Decrypt data with the private key.

        Raises:
            NotImplementedError: the key is public.
            DecryptionError: it cannot be decrypted.
        """
        if not isinstance(key, RSAPrivateKey):
            raise NotImplementedError('"decrypt" is not supported by public keys')
        try:
            return key.decrypt(data, padding.build())
        except CRYPTO_FAILURES as error:
            raise failure(DecryptionError, "Decryption failed", error) from error


def failure(
    kind: type[DynamodbEncryptionSdkError], message: str, cause: BaseException
) -> DynamodbEncryptionSdkError:
    """Report a failure to the log, as the older library does, and return the error to raise.

    The traceback has lines of code and cryptography's words, never a key or a value.
    """
    _LOGGER.error(message, exc_info=cause)
    return kind(message)


def _private(load: Callable[[bytes, None], Any]) -> Callable[[bytes], Any]:
    return lambda key: load(key, None)


_LOADERS: dict[tuple[EncryptionKeyType, KeyEncodingType], Callable[[bytes], Any]] = {
    (EncryptionKeyType.PRIVATE, KeyEncodingType.DER): _private(serialization.load_der_private_key),
    (EncryptionKeyType.PRIVATE, KeyEncodingType.PEM): _private(serialization.load_pem_private_key),
    (EncryptionKeyType.PUBLIC, KeyEncodingType.DER): serialization.load_der_public_key,
    (EncryptionKeyType.PUBLIC, KeyEncodingType.PEM): serialization.load_pem_public_key,
}


def load_rsa_key(
    key: bytes, key_type: EncryptionKeyType, key_encoding: KeyEncodingType
) -> RSAPrivateKey | RSAPublicKey:
    """Load an RSA key.

    Raises:
        ValueError: it is not an RSA key of that type and encoding.
    """
    loader = _LOADERS.get((key_type, key_encoding))
    if loader is None:
        raise ValueError(f"Invalid key type and encoding: {key_type} and {key_encoding}")
    loaded = loader(key)
    if not isinstance(loaded, RSAPrivateKey | RSAPublicKey):
        raise ValueError("The key is not an RSA key")  # noqa: TRY004 a wrong value, as a wrong encoding is
    if loaded.key_size < MinimumKeySizes.RSA.value:
        _LOGGER.warning("RSA keys smaller than %d bits are unsafe", MinimumKeySizes.RSA.value)
    return loaded


def _oaep(digest: hashes.HashAlgorithm) -> Callable[[], rsa_padding.AsymmetricPadding]:
    # Java's names leave the mask's hash at SHA-1, whatever the digest.
    return lambda: rsa_padding.OAEP(rsa_padding.MGF1(hashes.SHA1()), digest, None)  # noqa: S303 the format's


JAVA_ENCRYPTION_ALGORITHM: dict[str, JavaEncryptionAlgorithm] = {
    "RSA": JavaAsymmetricEncryptionAlgorithm("RSA"),
    "AES": JavaSymmetricEncryptionAlgorithm("AES"),
    "AESWrap": JavaSymmetricEncryptionAlgorithm("AESWrap", only_wraps=True),
}

JAVA_MODE: dict[str, JavaMode] = {
    "ECB": JavaMode("ECB"),
    "CBC": JavaMode("CBC", modes.CBC),
    "CTR": JavaMode("CTR", modes.CTR),
    "GCM": JavaMode("GCM"),
}

JAVA_PADDING: dict[str, JavaPadding] = {
    padding.java_name: padding
    for padding in (
        JavaPadding("NoPadding"),
        JavaPadding("PKCS1Padding", rsa_padding.PKCS1v15),
        JavaPadding("PKCS5Padding", is_block_padding=True),
        JavaPadding("OAEPWithSHA-1AndMGF1Padding", _oaep(hashes.SHA1())),  # noqa: S303 the format's
        JavaPadding("OAEPWithSHA-256AndMGF1Padding", _oaep(hashes.SHA256())),
        JavaPadding("OAEPWithSHA-384AndMGF1Padding", _oaep(hashes.SHA384())),
        JavaPadding("OAEPWithSHA-512AndMGF1Padding", _oaep(hashes.SHA512())),
    )
}
