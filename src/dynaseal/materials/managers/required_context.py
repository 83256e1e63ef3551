"""A materials manager that demands entries in every item's encryption context.

- Writing is refused unless the context has every demanded entry, and none of them may be stored in the
  header: a reader must know them.
- Reading is refused unless the reader's own side of the context has every demanded entry: what only the
  header says does not count.
- What the manager below gives must still be bound to them.

In this format a reader rebuilds the context from the item, so an attribute of the action
SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT is the entry `aws-crypto-attr.NAME`. With it demanded, an item that was
written without that attribute in its context (by an older configuration, say) is refused.

Source: specification `required-encryption-context-cmm.md`.
"""

from collections.abc import Collection, Mapping, Sequence

from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import ConfigError, DecryptError, EncryptError
from dynaseal.materials.model import CryptographicMaterialsManager, DecryptionMaterials, EncryptionMaterials


class RequiredContextMaterialsManager:
    """Demands that every item's encryption context has certain entries.

    Args:
        underlying: Makes the materials: `DefaultMaterialsManager(keyring)`, or a manager of your own.
        required_keys: The keys of the entries, such as `aws-crypto-attr.tenant` for the attribute `tenant`.

    Raises:
        ConfigError: no key is given, or an empty one.

    Example:
        >>> from dynaseal.materials.managers.default import DefaultMaterialsManager
        >>> from dynaseal.materials.keyrings.raw_aes import RawAesKeyring
        >>> manager = DefaultMaterialsManager(RawAesKeyring("payroll", "2026", bytes(32)))
        >>> RequiredContextMaterialsManager(manager, ["aws-crypto-attr.tenant"]).required_keys
        ('aws-crypto-attr.tenant',)
    """

    def __init__(self, underlying: CryptographicMaterialsManager, required_keys: Collection[str]) -> None:
        if isinstance(required_keys, str):
            raise TypeError("required_keys is a collection of keys, not one text")
        if not required_keys or not all(required_keys):
            raise ConfigError("A required-context manager needs at least one key, and none of them empty")
        self._underlying = underlying
        self.required_keys: tuple[str, ...] = tuple(sorted(set(required_keys)))

    def __repr__(self) -> str:
        return f"RequiredContextMaterialsManager({self._underlying!r}, {list(self.required_keys)!r})"

    def get_encryption_materials(
        self,
        suite: AlgorithmSuite,
        encryption_context: Mapping[str, str],
        required_context_keys: frozenset[str],
    ) -> EncryptionMaterials:
        """Make materials for encrypting one item."""
        if missing := self._missing(encryption_context):
            raise EncryptError(
                f"The item's encryption context lacks {missing}, which is required",
                hint="Give the item the attribute, with the action SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT",
            )
        materials = self._underlying.get_encryption_materials(
            suite, encryption_context, required_context_keys.union(self.required_keys)
        )
        if missing := self._missing(materials.encryption_context, materials.required_context_keys):
            raise EncryptError(f"The materials manager {self._underlying!r} does not keep to {missing}")
        return materials

    def decrypt_materials(
        self,
        suite: AlgorithmSuite,
        encrypted_data_keys: Sequence[EncryptedDataKey],
        stored_context: Mapping[str, str],
        reproduced_context: Mapping[str, str],
    ) -> DecryptionMaterials:
        """Unwrap the materials of one item."""
        if missing := self._missing(reproduced_context):
            raise DecryptError(
                f"The item was written without {missing} in its encryption context, which is required here",
                hint="Read it without the requirement, and write it again",
            )
        materials = self._underlying.decrypt_materials(
            suite, encrypted_data_keys, stored_context, reproduced_context
        )
        if missing := self._missing(materials.encryption_context):
            raise DecryptError(f"The materials manager {self._underlying!r} does not keep to {missing}")
        return materials

    def _missing(self, *sets: Collection[str]) -> str:
        """List the required keys that are not in every one of the sets."""
        return ", ".join(repr(key) for key in self.required_keys if not all(key in a_set for a_set in sets))
