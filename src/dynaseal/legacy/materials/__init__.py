"""Cryptographic materials: the keys for one item, and the description that is written beside it."""

from abc import ABC, abstractmethod

from dynaseal.legacy.delegated_keys import DelegatedKey

__all__ = ("CryptographicMaterials", "DecryptionMaterials", "EncryptionMaterials")


class CryptographicMaterials(ABC):
    """What an item is encrypted and signed with, or verified and decrypted.

    A key that is not there raises AttributeError; one that never can be, NotImplementedError.
    """

    @property
    @abstractmethod
    def material_description(self) -> dict[str, str]:
        """The description to write, or the one that was read."""

    @property
    @abstractmethod
    def encryption_key(self) -> DelegatedKey:
        """The key that encrypts attributes."""

    @property
    @abstractmethod
    def decryption_key(self) -> DelegatedKey:
        """The key that decrypts attributes."""

    @property
    @abstractmethod
    def signing_key(self) -> DelegatedKey:
        """The key that signs the item."""

    @property
    @abstractmethod
    def verification_key(self) -> DelegatedKey:
        """The key that verifies the item."""


class EncryptionMaterials(CryptographicMaterials):
    """Materials for writing only."""

    @property
    def decryption_key(self) -> DelegatedKey:
        """Never there.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("Encryption materials do not provide decryption keys.")

    @property
    def verification_key(self) -> DelegatedKey:
        """Never there.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("Encryption materials do not provide verification keys.")


class DecryptionMaterials(CryptographicMaterials):
    """Materials for reading only."""

    @property
    def encryption_key(self) -> DelegatedKey:
        """Never there.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("Decryption materials do not provide encryption keys.")

    @property
    def signing_key(self) -> DelegatedKey:
        """Never there.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("Decryption materials do not provide signing keys.")
