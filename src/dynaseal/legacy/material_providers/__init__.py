"""Cryptographic materials providers: where the keys for an item come from."""

from dynaseal.legacy.materials import CryptographicMaterials
from dynaseal.legacy.structures import EncryptionContext

__all__ = ("CryptographicMaterialsProvider",)


class CryptographicMaterialsProvider:
    """Gives materials for writing and reading items; this base class has none."""

    def decryption_materials(self, encryption_context: EncryptionContext) -> CryptographicMaterials:  # noqa: ARG002 a subclass's
        """Return materials for reading.

        Raises:
            AttributeError: there are none.
        """
        raise AttributeError("No decryption materials available")

    def encryption_materials(self, encryption_context: EncryptionContext) -> CryptographicMaterials:  # noqa: ARG002 a subclass's
        """Return materials for writing.

        Raises:
            AttributeError: there are none.
        """
        raise AttributeError("No encryption materials available")

    def refresh(self) -> None:
        """Forget what is cached; a provider without a cache does nothing."""
