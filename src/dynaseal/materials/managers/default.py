"""The default materials manager: gets every item's materials from one keyring.

- In a suite with signatures it makes the item's signing key and adds the public key to the encryption
  context.
- If what the reader rebuilt and what the header stores contradict each other, the item is refused.
- It checks the materials that the keyring returns, and refuses incomplete ones.

Source: specification `default-cmm.md`.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dynaseal import drivers
from dynaseal.core.arguments import ProcessBound
from dynaseal.core.context import PUBLIC_KEY, EncryptionContext
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.lazy import LazyModule
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import DecryptError, EncryptError, FormatError, SignatureError
from dynaseal.materials.model import (
    AnyKeyring,
    DecryptionMaterials,
    EncryptionMaterials,
    Keyring,
    fault_of_decryption_materials,
    fault_of_encryption_materials,
)

if TYPE_CHECKING:
    from dynaseal.core import signatures
else:
    signatures = LazyModule("dynaseal.core.signatures")


class DefaultMaterialsManager(ProcessBound):
    """Gets every item's materials from one keyring.

    Args:
        keyring: The keyring.
    """

    def __init__(self, keyring: AnyKeyring) -> None:
        self._keyring = keyring
        self._driven_keyring: Keyring = drivers.driven(keyring)

    def __repr__(self) -> str:
        return f"DefaultMaterialsManager({self._keyring!r})"

    @property
    def keyring(self) -> AnyKeyring:
        """The keyring."""
        return self._keyring

    def get_encryption_materials(
        self,
        suite: AlgorithmSuite,
        encryption_context: Mapping[str, str],
        required_context_keys: frozenset[str],
    ) -> EncryptionMaterials:
        """Return materials for encrypting one item.

        Raises:
            EncryptError: the encryption context has a reserved key, or the keyring failed or is faulty.
        """
        if PUBLIC_KEY in encryption_context:
            raise EncryptError(f"The encryption context has the key {PUBLIC_KEY!r}, which is reserved")
        signing_key = None
        if suite.is_signed:
            signing_key = signatures.generate()
            public_key = b64encode(signing_key.public_key).decode()
            encryption_context = {**encryption_context, PUBLIC_KEY: public_key}
        given = EncryptionMaterials(
            suite,
            encryption_context,
            required_context_keys=required_context_keys,
            signing_key=signing_key,
        )
        materials = self._driven_keyring.on_encrypt(given)
        # Nobody could read an item that is written under faulty materials.
        if fault := fault_of_encryption_materials(materials):
            raise EncryptError(f"The keyring {self._keyring!r} {fault}")
        if _not_of_keyrings(materials) != _not_of_keyrings(given):
            raise EncryptError(
                f"The keyring {self._keyring!r} changed the algorithm suite, the encryption context or the "
                "signing key",
                hint="A keyring only adds data keys: return materials.with_wrapped_key(...)",
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
            SignatureError: the stored and the rebuilt encryption context contradict each other.
            FormatError: the item's public key is malformed, missing, or not for its algorithm suite.
            DecryptError: the keyring failed or is faulty.
        """
        verification_key = _verification_key(suite, stored_context)
        for key, value in stored_context.items():
            if reproduced_context.get(key, value) != value:
                raise SignatureError
        context, required = reproduced_context, frozenset(reproduced_context.keys())
        if stored_context:
            context = EncryptionContext({**reproduced_context, **stored_context})
            required = required.difference(stored_context)
        materials = DecryptionMaterials(
            suite,
            context,
            required_context_keys=required,
            verification_key=verification_key,
        )
        materials = self._driven_keyring.on_decrypt(materials, encrypted_data_keys)
        if fault := fault_of_decryption_materials(materials):
            raise DecryptError(f"The keyring {self._keyring!r} {fault}")
        return materials


def _not_of_keyrings(materials: EncryptionMaterials) -> tuple[object, ...]:
    return (
        materials.suite,
        materials.signing_key,
        materials.required_context_keys,
        materials.encryption_context,
    )


def _verification_key(suite: AlgorithmSuite, stored_context: Mapping[str, str]) -> bytes | None:
    encoded = stored_context.get(PUBLIC_KEY)
    if suite.is_signed is (encoded is None):
        raise FormatError(
            "The item's algorithm suite and its stored context disagree about whether it has a public key"
        )
    if encoded is None:
        return None
    try:
        return b64decode(encoded, validate=True)
    except ValueError:  # binascii's error, or a string that is not ASCII
        raise FormatError("The public key in the item's stored context is not base64") from None
