"""A materials manager that requires certain entries in every item's encryption context.

- To write, the encryption context must have every required entry. None of them is stored in the header: a
  reader must know them.
- To read, the part of the encryption context that the reader rebuilt must have every required entry; entries
  that only the header stores do not count.
- The materials from the underlying manager must still be bound to them.

In this format a reader rebuilds the encryption context from the item: an attribute with the action
SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT becomes the entry `aws-crypto-attr.NAME`. If that entry is required, an
item that was written without the attribute in its context, by an earlier configuration for example, is
refused.

Source: specification `required-encryption-context-cmm.md`.
"""

from collections.abc import Collection, Mapping, Sequence

from dynaseal import drivers
from dynaseal.core.arguments import ProcessBound, check_methods, check_string_collection
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import ConfigError, DecryptError, EncryptError
from dynaseal.materials.model import (
    CryptographicMaterialsManager,
    DecryptionMaterials,
    EncryptionMaterials,
    fault_of_encryption_materials,
    fault_of_kind,
)


class RequiredContextMaterialsManager(ProcessBound):
    """Requires that every item's encryption context has certain entries.

    Args:
        underlying: Provides the materials: `DefaultMaterialsManager(keyring)`, or a manager of your own.
        required_keys: The keys of the entries, such as `aws-crypto-attr.tenant` for the attribute `tenant`.

    Raises:
        ConfigError: no key is given, or one of them is empty.

    Example:
        >>> from dynaseal import DefaultMaterialsManager, RawAesKeyring
        >>> manager = DefaultMaterialsManager(RawAesKeyring("payroll", "2026", bytes(32)))
        >>> RequiredContextMaterialsManager(manager, ["aws-crypto-attr.tenant"]).required_keys
        ('aws-crypto-attr.tenant',)
    """

    def __init__(self, underlying: CryptographicMaterialsManager, required_keys: Collection[str]) -> None:
        methods = ("get_encryption_materials", "decrypt_materials")
        check_methods(
            "A RequiredContextMaterialsManager",
            methods,
            "a materials manager",
            hint="A keyring is passed as DefaultMaterialsManager(keyring)",
            underlying=underlying,
        )
        names = check_string_collection("A RequiredContextMaterialsManager", "required_keys", required_keys)
        self.required_keys: tuple[str, ...] = tuple(sorted(set(names)))
        if not self.required_keys or not all(self.required_keys):
            raise ConfigError(
                "required_keys must have at least one key, and none may be empty",
                hint="Name keys of the encryption context, such as aws-crypto-attr.tenant",
            )
        self._underlying = underlying
        self._driven_underlying: CryptographicMaterialsManager = drivers.driven(underlying)

    def __repr__(self) -> str:
        return f"RequiredContextMaterialsManager({self._underlying!r}, {list(self.required_keys)!r})"

    @property
    def underlying(self) -> CryptographicMaterialsManager:
        """What provides the materials."""
        return self._underlying

    def get_encryption_materials(
        self,
        suite: AlgorithmSuite,
        encryption_context: Mapping[str, str],
        required_context_keys: frozenset[str],
    ) -> EncryptionMaterials:
        """Return materials for encrypting one item.

        Raises:
            EncryptError: a required entry is missing, or the underlying manager failed.
        """
        if missing := self._missing(encryption_context):
            raise EncryptError(
                f"The item's encryption context does not have {missing}, which is required",
                hint="Give the item the attribute, with the action SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT",
            )
        materials = self._driven_underlying.get_encryption_materials(
            suite, encryption_context, required_context_keys.union(self.required_keys)
        )
        if fault := fault_of_encryption_materials(materials):
            raise EncryptError(f"The materials manager {self._underlying!r} {fault}")
        if missing := self._missing(materials.encryption_context, materials.required_context_keys):
            raise EncryptError(
                f"The materials manager {self._underlying!r} did not bind the required {missing}"
            )
        return materials

    def decrypt_materials(
        self,
        suite: AlgorithmSuite,
        encrypted_data_keys: Sequence[EncryptedDataKey],
        stored_context: Mapping[str, str],
        reproduced_context: Mapping[str, str],
    ) -> DecryptionMaterials:
        """Return materials for decrypting one item.

        Raises:
            DecryptError: a required entry is missing, or the underlying manager failed.
        """
        if missing := self._missing(reproduced_context):
            raise DecryptError(
                f"The item was written without {missing} in its encryption context, which is required here",
                hint="Read it with a configuration that does not require this, and write it again",
            )
        materials = self._driven_underlying.decrypt_materials(
            suite, encrypted_data_keys, stored_context, reproduced_context
        )
        if fault := fault_of_kind(materials, DecryptionMaterials):
            raise DecryptError(f"The materials manager {self._underlying!r} {fault}")
        if missing := self._missing(materials.encryption_context):
            raise DecryptError(
                f"The materials manager {self._underlying!r} did not bind the required {missing}"
            )
        return materials

    def _missing(self, *key_sets: Collection[str]) -> str:
        """List the required keys that at least one of the sets does not have."""
        return ", ".join(
            repr(key) for key in self.required_keys if not all(key in key_set for key_set in key_sets)
        )
