"""Delegated keys: what encrypts, signs and wraps, wherever the key itself is."""
# ruff: noqa: ARG002 the arguments are for the subclasses that define a method

from abc import ABC, abstractmethod
from typing import NoReturn

from dynaseal.legacy.identifiers import EncryptionKeyType

__all__ = ("DelegatedKey",)


class DelegatedKey(ABC):
    """A key that others use by these methods.

    Those that a class does not define raise NotImplementedError.
    """

    @property
    @abstractmethod
    def algorithm(self) -> str:
        """The Java name of the key's algorithm."""

    @property
    def allowed_for_raw_materials(self) -> bool:
        """Whether the key may encrypt attributes directly, in raw materials."""
        return False

    @classmethod
    def generate(cls, algorithm: str, key_length: int) -> "DelegatedKey":  # noqa: ARG003 a subclass's
        """Make a new key.

        Args:
            algorithm: The Java name of its algorithm.
            key_length: Its length in bits.
        """
        _refuse("generate")

    def encrypt(
        self,
        algorithm: str,
        name: str,
        plaintext: bytes,
        additional_associated_data: dict[str, str] | None = None,
    ) -> bytes:
        """Encrypt data.

        Args:
            algorithm: The Java name of a transformation.
            name: The attribute's name.
            plaintext: The data.
            additional_associated_data: For keys that use it.
        """
        _refuse("encrypt")

    def decrypt(
        self,
        algorithm: str,
        name: str,
        ciphertext: bytes,
        additional_associated_data: dict[str, str] | None = None,
    ) -> bytes:
        """Decrypt data.

        Args:
            algorithm: The Java name of a transformation.
            name: The attribute's name.
            ciphertext: The encrypted data.
            additional_associated_data: For keys that use it.
        """
        _refuse("decrypt")

    def wrap(
        self, algorithm: str, content_key: bytes, additional_associated_data: dict[str, str] | None = None
    ) -> bytes:
        """Wrap a content key.

        Args:
            algorithm: The Java name of a transformation.
            content_key: The content key's bytes.
            additional_associated_data: For keys that use it.
        """
        _refuse("wrap")

    def unwrap(
        self,
        algorithm: str,
        wrapped_key: bytes,
        wrapped_key_algorithm: str,
        wrapped_key_type: EncryptionKeyType,
        additional_associated_data: dict[str, str] | None = None,
    ) -> "DelegatedKey":
        """Unwrap a content key.

        Args:
            algorithm: The Java name of a transformation.
            wrapped_key: The wrapped content key.
            wrapped_key_algorithm: The Java name of the content key's algorithm.
            wrapped_key_type: What kind of key the content key is.
            additional_associated_data: For keys that use it.
        """
        _refuse("unwrap")

    def sign(self, algorithm: str, data: bytes) -> bytes:
        """Sign data.

        Args:
            algorithm: The Java name of a signature algorithm.
            data: The data.
        """
        _refuse("sign")

    def verify(self, algorithm: str, signature: bytes, data: bytes) -> None:
        """Verify a signature.

        Args:
            algorithm: The Java name of a signature algorithm.
            signature: The signature.
            data: The data.

        Raises:
            SignatureVerificationError: it does not verify.
        """
        _refuse("verify")

    def signing_algorithm(self) -> str:
        """Return the name of the signature algorithm that an item's description is to have."""
        _refuse("signing_algorithm")


def _refuse(method: str) -> NoReturn:
    raise NotImplementedError(f'"{method}" is not supported by this DelegatedKey')
