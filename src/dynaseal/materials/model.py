"""What keyrings and materials managers hand around.

- `EncryptionMaterials` begin without a data key; the first keyring makes one, every keyring adds the data key
  as it wrapped it and the key that signs for its recipients.
- `DecryptionMaterials` begin without a data key; the keyring that can unwrap one of the item's encrypted data
  keys adds it.
- Both are frozen: a keyring returns new ones. No key shows in a repr. They fill themselves in one step, where
  a dataclass's own `__init__` takes a slow one for each field of a frozen class: every item needs two.

Source: specification `structures.md`, `keyring-interface.md`, `cmm-interface.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dynaseal.core.context import EncryptionContext
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.signatures import SigningKey
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import UnwrapError


@dataclass(frozen=True, init=False)
class EncryptionMaterials:
    """Materials for encrypting one item.

    Attributes:
        suite: The algorithm suite.
        encryption_context: All of it, what the header stores and what it does not.
        required_context_keys: The keys that the header does not store.
        plaintext_data_key: 32 bytes, once a keyring has made it.
        encrypted_data_keys: The data key as each keyring wrapped it.
        symmetric_signing_keys: For each of those, the key of its recipients' tag.
        signing_key: The item's ECDSA key, in a suite that has one.
        context: The encryption context with its serialised form.
        aad: That form: what wrapping binds a key to.
    """

    suite: AlgorithmSuite
    encryption_context: Mapping[str, str]
    required_context_keys: frozenset[str] = frozenset()
    plaintext_data_key: bytes | None = field(default=None, repr=False)
    encrypted_data_keys: tuple[EncryptedDataKey, ...] = ()
    symmetric_signing_keys: tuple[bytes, ...] = field(default=(), repr=False)
    signing_key: SigningKey | None = field(default=None, repr=False)

    context: EncryptionContext = field(init=False, repr=False, compare=False)
    aad: bytes = field(init=False, repr=False, compare=False)

    def __init__(  # noqa: PLR0917 the fields, in their order
        self,
        suite: AlgorithmSuite,
        encryption_context: Mapping[str, str],
        required_context_keys: frozenset[str] = frozenset(),
        plaintext_data_key: bytes | None = None,
        encrypted_data_keys: tuple[EncryptedDataKey, ...] = (),
        symmetric_signing_keys: tuple[bytes, ...] = (),
        signing_key: SigningKey | None = None,
    ) -> None:
        context = encryption_context
        if type(context) is not EncryptionContext:
            context = EncryptionContext(dict(context))
        self.__dict__.update(
            suite=suite,
            encryption_context=context,
            required_context_keys=required_context_keys,
            plaintext_data_key=plaintext_data_key,
            encrypted_data_keys=encrypted_data_keys,
            symmetric_signing_keys=symmetric_signing_keys,
            signing_key=signing_key,
            context=context,
            aad=context.serialized,
        )

    def with_wrapped_key(
        self, data_key: bytes, wrapped: EncryptedDataKey, symmetric_signing_key: bytes
    ) -> "EncryptionMaterials":
        """Add the data key as one more keyring wrapped it."""
        return EncryptionMaterials(
            self.suite,
            self.encryption_context,
            self.required_context_keys,
            data_key,
            (*self.encrypted_data_keys, wrapped),
            (*self.symmetric_signing_keys, symmetric_signing_key),
            self.signing_key,
        )


@dataclass(frozen=True, init=False)
class DecryptionMaterials:
    """Materials for decrypting one item.

    Attributes:
        suite: The algorithm suite that the header names.
        encryption_context: All of it, stored or rebuilt.
        required_context_keys: The keys that the header does not store.
        plaintext_data_key: 32 bytes, once a keyring has unwrapped it.
        symmetric_signing_key: The key of this reader's tag, from the same unwrapping.
        verification_key: The item's compressed ECDSA public point, in a suite that has one.
        context: The encryption context with its serialised form.
        aad: That form: what wrapping binds a key to.
    """

    suite: AlgorithmSuite
    encryption_context: Mapping[str, str]
    required_context_keys: frozenset[str] = frozenset()
    plaintext_data_key: bytes | None = field(default=None, repr=False)
    symmetric_signing_key: bytes | None = field(default=None, repr=False)
    verification_key: bytes | None = None

    context: EncryptionContext = field(init=False, repr=False, compare=False)
    aad: bytes = field(init=False, repr=False, compare=False)

    def __init__(  # noqa: PLR0917 the fields, in their order
        self,
        suite: AlgorithmSuite,
        encryption_context: Mapping[str, str],
        required_context_keys: frozenset[str] = frozenset(),
        plaintext_data_key: bytes | None = None,
        symmetric_signing_key: bytes | None = None,
        verification_key: bytes | None = None,
    ) -> None:
        context = encryption_context
        if type(context) is not EncryptionContext:
            context = EncryptionContext(dict(context))
        self.__dict__.update(
            suite=suite,
            encryption_context=context,
            required_context_keys=required_context_keys,
            plaintext_data_key=plaintext_data_key,
            symmetric_signing_key=symmetric_signing_key,
            verification_key=verification_key,
            context=context,
            aad=context.serialized,
        )

    def with_unwrapped_key(self, data_key: bytes, symmetric_signing_key: bytes) -> "DecryptionMaterials":
        """Add the data key."""
        return DecryptionMaterials(
            self.suite,
            self.encryption_context,
            self.required_context_keys,
            data_key,
            symmetric_signing_key,
            self.verification_key,
        )


class NoDataKeyError(UnwrapError):
    """The item has no data key that this keyring could try."""


def combine_causes(causes: Sequence[UnwrapError]) -> UnwrapError:
    """Make one error of what several attempts had to say: the one real attempt's own, or a list of all."""
    attempts = [cause for cause in causes if not isinstance(cause, NoDataKeyError)]
    if len(attempts) == 1:
        return attempts[0]
    return UnwrapError("No keyring could unwrap the item's data key", causes=causes)


class Keyring(Protocol):
    """Makes, wraps and unwraps data keys. Write one for your own HSM by giving these two methods."""

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Make a data key if there is none yet, and add it as wrapped here.

        Raises:
            EncryptError: it could not.
        """
        ...

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Unwrap the first encrypted data key that this keyring can.

        Raises:
            UnwrapError: it can unwrap none of them.
        """
        ...


class CryptographicMaterialsManager(Protocol):
    """Decides on the materials of one item: the layer between an item and its keyring."""

    def get_encryption_materials(
        self,
        suite: AlgorithmSuite,
        encryption_context: Mapping[str, str],
        required_context_keys: frozenset[str],
    ) -> EncryptionMaterials:
        """Give complete materials for encrypting an item with that context.

        Raises:
            EncryptError: there are none to be had.
        """
        ...

    def decrypt_materials(
        self,
        suite: AlgorithmSuite,
        encrypted_data_keys: Sequence[EncryptedDataKey],
        stored_context: Mapping[str, str],
        reproduced_context: Mapping[str, str],
    ) -> DecryptionMaterials:
        """Give complete materials for decrypting an item.

        Args:
            suite: What the header names.
            encrypted_data_keys: From the header.
            stored_context: From the header.
            reproduced_context: What the reader knows of the item's context.

        Raises:
            DecryptError: there are none to be had.
        """
        ...
