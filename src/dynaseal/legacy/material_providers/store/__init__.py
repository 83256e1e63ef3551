"""Provider stores: versions of named materials."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from dynaseal.legacy.exceptions import NoKnownVersionError
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider

__all__ = ("ProviderStore",)


class ProviderStore(ABC):
    """Keeps versions of materials by name, and makes providers of them."""

    @abstractmethod
    def get_or_create_provider(self, material_name: str, version: int) -> CryptographicMaterialsProvider:
        """Return the provider of a version, and make that version if it is not there.

        Raises:
            InvalidVersionError: the version can be neither read nor made.
        """

    @abstractmethod
    def version_from_material_description(self, material_description: Mapping[str, str]) -> int:
        """Return the version that an item's description names."""

    def max_version(self, material_name: str) -> int:
        """Return the newest version of a material.

        Raises:
            NoKnownVersionError: there is none.
        """
        raise NoKnownVersionError(f'No known version for name: "{material_name}"')

    def provider(self, material_name: str, version: int | None = None) -> CryptographicMaterialsProvider:
        """Return the provider of a version, of the newest where none is named.

        Raises:
            InvalidVersionError: the version cannot be read.
        """
        if version is None:
            try:
                version = self.max_version(material_name)
            except NoKnownVersionError:
                version = 0
        return self.get_or_create_provider(material_name, version)

    def new_provider(self, material_name: str) -> CryptographicMaterialsProvider:
        """Make the next version of a material, and return its provider."""
        return self.get_or_create_provider(material_name, self.max_version(material_name) + 1)
