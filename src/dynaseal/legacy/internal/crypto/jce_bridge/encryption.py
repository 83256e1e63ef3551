"""Java's transformations: a cipher with its mode and padding, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from dynaseal.legacy.exceptions import JceTransformationError
from dynaseal.legacy.internal.crypto.jce_bridge.primitives import (
    JAVA_ENCRYPTION_ALGORITHM,
    JAVA_MODE,
    JAVA_PADDING,
    JavaEncryptionAlgorithm,
    JavaMode,
    JavaPadding,
)

__all__ = ("JavaCipher",)

_SHORT_NAMES = {"AESWrap": "AESWrap/ECB/NoPadding", "RSA": "RSA/ECB/PKCS1Padding"}
_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class JavaCipher:
    """A transformation.

    Example:
        >>> JavaCipher.from_transformation("AES/CBC/PKCS5Padding").transformation
        'AES/CBC/PKCS5Padding'
    """

    cipher: JavaEncryptionAlgorithm
    mode: JavaMode
    padding: JavaPadding

    @classmethod
    def from_transformation(cls, cipher_transformation: str) -> "JavaCipher":
        """Look a transformation up by its Java name.

        Raises:
            JceTransformationError: it is not known.
        """
        parts = _SHORT_NAMES.get(cipher_transformation, cipher_transformation).split("/")
        if len(parts) != 3:
            raise JceTransformationError(
                f'Invalid transformation: "{cipher_transformation}": must be three parts '
                'ALGORITHM/MODE/PADDING, "RSA", or "AESWrap"'
            )
        return cls(
            _look_up("algorithm", parts[0], JAVA_ENCRYPTION_ALGORITHM),
            _look_up("mode", parts[1], JAVA_MODE),
            _look_up("padding", parts[2], JAVA_PADDING),
        )

    @property
    def transformation(self) -> str:
        """The transformation's full Java name."""
        return f"{self.cipher.java_name}/{self.mode.java_name}/{self.padding.java_name}"

    def encrypt(self, key: Any, data: bytes) -> bytes:
        """Encrypt data."""
        return self.cipher.encrypt(key, data, self.mode, self.padding)

    def decrypt(self, key: Any, data: bytes) -> bytes:
        """Decrypt data."""
        return self.cipher.decrypt(key, data, self.mode, self.padding)

    def wrap(self, wrapping_key: Any, key_to_wrap: bytes) -> bytes:
        """Wrap a content key."""
        return self.cipher.wrap(wrapping_key, key_to_wrap, self.mode, self.padding)

    def unwrap(self, wrapping_key: Any, wrapped_key: bytes) -> bytes:
        """Unwrap a content key."""
        return self.cipher.unwrap(wrapping_key, wrapped_key, self.mode, self.padding)


def _look_up(kind: str, name: str, entries: Mapping[str, _Entry]) -> _Entry:
    try:
        return entries[name]
    except KeyError:
        raise JceTransformationError(f'Invalid {kind} name: "{name}"') from None
