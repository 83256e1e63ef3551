"""The provider that always gives the same materials."""

from dataclasses import dataclass

from dynaseal.legacy.internal.validators import check_type
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.materials import CryptographicMaterials, DecryptionMaterials, EncryptionMaterials
from dynaseal.legacy.structures import EncryptionContext

__all__ = ("StaticCryptographicMaterialsProvider",)


@dataclass(init=False)
class StaticCryptographicMaterialsProvider(CryptographicMaterialsProvider):
    """Gives the same materials for every item.

    Args:
        decryption_materials: For reading, if items are read.
        encryption_materials: For writing, if items are written.

    Raises:
        TypeError: an argument has another type.
    """

    _decryption_materials: DecryptionMaterials | None
    _encryption_materials: EncryptionMaterials | None

    def __init__(
        self,
        decryption_materials: DecryptionMaterials | None = None,
        encryption_materials: EncryptionMaterials | None = None,
    ) -> None:
        check_type("_decryption_materials", decryption_materials, DecryptionMaterials, optional=True)
        check_type("_encryption_materials", encryption_materials, EncryptionMaterials, optional=True)
        self._decryption_materials = decryption_materials
        self._encryption_materials = encryption_materials

    def decryption_materials(self, encryption_context: EncryptionContext) -> CryptographicMaterials:
        """Return the materials for reading."""
        if self._decryption_materials is None:
            return super().decryption_materials(encryption_context)
        return self._decryption_materials

    def encryption_materials(self, encryption_context: EncryptionContext) -> CryptographicMaterials:
        """Return the materials for writing."""
        if self._encryption_materials is None:
            return super().encryption_materials(encryption_context)
        return self._encryption_materials
