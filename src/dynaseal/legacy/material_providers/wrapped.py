"""The provider that wraps a new content key for each item."""

from dataclasses import dataclass

from dynaseal.legacy.delegated_keys import DelegatedKey
from dynaseal.legacy.exceptions import UnwrappingError, WrappingError
from dynaseal.legacy.internal.validators import check_mapping, check_type
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.materials import CryptographicMaterials
from dynaseal.legacy.materials.wrapped import WrappedCryptographicMaterials
from dynaseal.legacy.structures import EncryptionContext

__all__ = ("WrappedCryptographicMaterialsProvider",)


@dataclass(init=False)
class WrappedCryptographicMaterialsProvider(CryptographicMaterialsProvider):
    """Gives each item a content key of its own, under a wrapping key.

    Args:
        signing_key: The key that signs and verifies.
        wrapping_key: The key that wraps content keys, if items are written.
        unwrapping_key: The key that unwraps them, if items are read.
        material_description: Entries for each item's description.

    Raises:
        TypeError: an argument has another type.
    """

    _signing_key: DelegatedKey
    _wrapping_key: DelegatedKey | None
    _unwrapping_key: DelegatedKey | None
    _material_description: dict[str, str]

    def __init__(
        self,
        signing_key: DelegatedKey,
        wrapping_key: DelegatedKey | None = None,
        unwrapping_key: DelegatedKey | None = None,
        material_description: dict[str, str] | None = None,
    ) -> None:
        description = {} if material_description is None else material_description
        check_type("_signing_key", signing_key, DelegatedKey)
        check_type("_wrapping_key", wrapping_key, DelegatedKey, optional=True)
        check_type("_unwrapping_key", unwrapping_key, DelegatedKey, optional=True)
        check_mapping("_material_description", description, str, str)
        self._signing_key = signing_key
        self._wrapping_key = wrapping_key
        self._unwrapping_key = unwrapping_key
        self._material_description = description

    def _build_materials(self, encryption_context: EncryptionContext) -> CryptographicMaterials:
        return WrappedCryptographicMaterials(
            wrapping_key=self._wrapping_key,
            unwrapping_key=self._unwrapping_key,
            signing_key=self._signing_key,
            material_description={**self._material_description, **encryption_context.material_description},
        )

    def encryption_materials(self, encryption_context: EncryptionContext) -> CryptographicMaterials:
        """Return materials with a new content key.

        Raises:
            WrappingError: there is no wrapping key, or it cannot wrap.
        """
        if self._wrapping_key is None:
            raise WrappingError("Encryption materials cannot be provided: no wrapping key")
        return self._build_materials(encryption_context)

    def decryption_materials(self, encryption_context: EncryptionContext) -> CryptographicMaterials:
        """Return materials with the item's content key.

        Raises:
            UnwrappingError: there is no unwrapping key, or it cannot unwrap.
        """
        if self._unwrapping_key is None:
            raise UnwrappingError("Decryption materials cannot be provided: no unwrapping key")
        return self._build_materials(encryption_context)
