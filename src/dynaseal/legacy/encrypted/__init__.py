"""Items and the clients, tables and resources that encrypt them; here, what one item is encrypted with."""

import copy
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from dynaseal import drivers
from dynaseal.legacy.exceptions import InvalidArgumentError
from dynaseal.legacy.identifiers import CryptoAction
from dynaseal.legacy.internal.validators import check_type
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.materials import CryptographicMaterials
from dynaseal.legacy.structures import AttributeActions, EncryptionContext

__all__ = ("CryptoConfig",)


@dataclass
class CryptoConfig:
    """The provider, context and actions for one item.

    Args:
        materials_provider: Where its keys come from.
        encryption_context: What is known about it.
        attribute_actions: What is done with its attributes.

    Raises:
        TypeError: an argument has another type.
        InvalidArgumentError: a key attribute of the table is to be encrypted.
    """

    materials_provider: CryptographicMaterialsProvider
    encryption_context: EncryptionContext
    attribute_actions: AttributeActions

    def __post_init__(self) -> None:
        check_type("materials_provider", self.materials_provider, CryptographicMaterialsProvider)
        check_type("encryption_context", self.encryption_context, EncryptionContext)
        check_type("attribute_actions", self.attribute_actions, AttributeActions)
        self._refuse_to_encrypt("partition", self.encryption_context.partition_key_name)
        self._refuse_to_encrypt("sort", self.encryption_context.sort_key_name)

    def _refuse_to_encrypt(self, kind: str, name: str | None) -> None:
        if name is not None and self.attribute_actions.action(name) is CryptoAction.ENCRYPT_AND_SIGN:
            raise InvalidArgumentError(f"Cannot encrypt {kind} key")

    def decryption_materials(self) -> CryptographicMaterials:
        """Return the provider's materials for reading the item."""
        return drivers.call(self.materials_provider.decryption_materials, self.encryption_context)

    def encryption_materials(self) -> CryptographicMaterials:
        """Return the provider's materials for writing the item."""
        return drivers.call(self.materials_provider.encryption_materials, self.encryption_context)

    def copy(self) -> "CryptoConfig":
        """Return a copy whose context can be changed independently."""
        return CryptoConfig(
            self.materials_provider, copy.copy(self.encryption_context), self.attribute_actions
        )

    def with_item(self, item: dict[str, Any]) -> "CryptoConfig":
        """Return a copy for an item, given in wire form."""
        config = self.copy()
        config.encryption_context.attributes = item
        return config


def __getattr__(name: str) -> Any:
    # The older library has these modules as soon as it is imported; here they are imported when they are
    # used, because they need boto3.
    if name in ("client", "resource", "table"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
