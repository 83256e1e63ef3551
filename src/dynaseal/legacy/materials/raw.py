"""Materials with the keys as they are: an AES key for attributes, and a key that signs or verifies."""

from dataclasses import dataclass

from dynaseal.legacy.delegated_keys import DelegatedKey
from dynaseal.legacy.internal.validators import check_mapping, check_type
from dynaseal.legacy.materials import DecryptionMaterials, EncryptionMaterials

__all__ = ("RawDecryptionMaterials", "RawEncryptionMaterials")


@dataclass(init=False)
class RawEncryptionMaterials(EncryptionMaterials):
    """Keys for writing.

    Args:
        signing_key: The key that signs.
        encryption_key: The AES key, if anything is encrypted.
        material_description: Entries for the item's description.

    Raises:
        TypeError: an argument has another type.
        ValueError: the key must not encrypt attributes directly.
    """

    _signing_key: DelegatedKey
    _encryption_key: DelegatedKey | None
    _material_description: dict[str, str]

    def __init__(
        self,
        signing_key: DelegatedKey,
        encryption_key: DelegatedKey | None = None,
        material_description: dict[str, str] | None = None,
    ) -> None:
        description = {} if material_description is None else material_description
        check_type("_signing_key", signing_key, DelegatedKey)
        check_type("_encryption_key", encryption_key, DelegatedKey, optional=True)
        check_mapping("_material_description", description, str, str)
        _check_raw("Encryption", encryption_key)
        self._signing_key = signing_key
        self._encryption_key = encryption_key
        self._material_description = description

    @property
    def material_description(self) -> dict[str, str]:
        """The entries for the item's description."""
        return self._material_description

    @property
    def signing_key(self) -> DelegatedKey:
        """The key that signs."""
        return self._signing_key

    @property
    def encryption_key(self) -> DelegatedKey:
        """The AES key.

        Raises:
            AttributeError: there is none.
        """
        if self._encryption_key is None:
            raise AttributeError("No encryption key available")
        return self._encryption_key


@dataclass(init=False)
class RawDecryptionMaterials(DecryptionMaterials):
    """Keys for reading.

    Args:
        verification_key: The key that verifies.
        decryption_key: The AES key, if anything is encrypted.
        material_description: The item's description.

    Raises:
        TypeError: an argument has another type.
        ValueError: the key must not decrypt attributes directly.
    """

    _verification_key: DelegatedKey
    _decryption_key: DelegatedKey | None
    _material_description: dict[str, str]

    def __init__(
        self,
        verification_key: DelegatedKey,
        decryption_key: DelegatedKey | None = None,
        material_description: dict[str, str] | None = None,
    ) -> None:
        description = {} if material_description is None else material_description
        check_type("_verification_key", verification_key, DelegatedKey)
        check_type("_decryption_key", decryption_key, DelegatedKey, optional=True)
        check_mapping("_material_description", description, str, str)
        _check_raw("Decryption", decryption_key)
        self._verification_key = verification_key
        self._decryption_key = decryption_key
        self._material_description = description

    @property
    def material_description(self) -> dict[str, str]:
        """The item's description."""
        return self._material_description

    @property
    def verification_key(self) -> DelegatedKey:
        """The key that verifies."""
        return self._verification_key

    @property
    def decryption_key(self) -> DelegatedKey:
        """The AES key.

        Raises:
            AttributeError: there is none.
        """
        if self._decryption_key is None:
            raise AttributeError("No decryption key available")
        return self._decryption_key


def _check_raw(purpose: str, key: DelegatedKey | None) -> None:
    if key is not None and not key.allowed_for_raw_materials:
        raise ValueError(
            f'{purpose} key type "{type(key)}" does not allow use with Raw{purpose}Materials. '
            "Use an AES key, or a wrapped materials provider."
        )
