"""The materials that keyrings and materials managers pass to each other, and the interfaces of both.

- `EncryptionMaterials` begin without a data key. The first keyring makes one; every keyring adds the data key
  as it wrapped it and the key of its recipient tag.
- `DecryptionMaterials` begin without a data key. The keyring that can unwrap one of the item's encrypted data
  keys adds it.
- Both are frozen: a keyring returns new ones. No key shows in their repr.

Source: specification `structures.md`, `keyring-interface.md`, `cmm-interface.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from dynaseal.core.context import EncryptionContext
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import UnwrapError

if TYPE_CHECKING:
    from dynaseal.core.signatures import SigningKey


@dataclass(frozen=True, slots=True)
class _Materials:
    """What the materials for both directions have."""

    suite: AlgorithmSuite
    encryption_context: Mapping[str, str]
    _: KW_ONLY
    required_context_keys: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if type(self.encryption_context) is not EncryptionContext:
            object.__setattr__(self, "encryption_context", EncryptionContext(dict(self.encryption_context)))

    @property
    def context(self) -> EncryptionContext:
        """The encryption context, which carries its serialised form."""
        # Not `cast`, which would be a call: each item's materials are asked for this several times.
        context: Any = self.encryption_context
        return context

    @property
    def aad(self) -> bytes:
        """The serialised encryption context, to which a wrapped key is bound."""
        context: Any = self.encryption_context
        return context.serialized


@dataclass(frozen=True, slots=True)
class EncryptionMaterials(_Materials):
    """Materials for encrypting one item.

    Attributes:
        suite: The algorithm suite.
        encryption_context: The whole encryption context: what the header stores and what it does not.
        required_context_keys: The keys of the entries that the header does not store.
        plaintext_data_key: 32 bytes; None until a keyring has made it.
        encrypted_data_keys: The data key as each keyring wrapped it.
        symmetric_signing_keys: For each of those, the key of its recipient tag.
        signing_key: The item's ECDSA key, in a suite that has one.
    """

    _: KW_ONLY
    plaintext_data_key: bytes | None = field(default=None, repr=False)
    encrypted_data_keys: tuple[EncryptedDataKey, ...] = ()
    symmetric_signing_keys: tuple[bytes, ...] = field(default=(), repr=False)
    signing_key: "SigningKey | None" = field(default=None, repr=False)

    def with_wrapped_key(
        self, data_key: bytes, wrapped: EncryptedDataKey, symmetric_signing_key: bytes
    ) -> "EncryptionMaterials":
        """Return these materials with the data key as one more keyring wrapped it.

        Args:
            data_key: The plaintext data key.
            wrapped: The data key as the keyring wrapped it.
            symmetric_signing_key: The key of its recipient tag.
        """
        return EncryptionMaterials(
            self.suite,
            self.encryption_context,
            required_context_keys=self.required_context_keys,
            plaintext_data_key=data_key,
            encrypted_data_keys=(*self.encrypted_data_keys, wrapped),
            symmetric_signing_keys=(*self.symmetric_signing_keys, symmetric_signing_key),
            signing_key=self.signing_key,
        )


@dataclass(frozen=True, slots=True)
class DecryptionMaterials(_Materials):
    """Materials for decrypting one item.

    Attributes:
        suite: The algorithm suite that the header names.
        encryption_context: The whole encryption context: what the header stores and what was rebuilt.
        required_context_keys: The keys of the entries that the header does not store.
        plaintext_data_key: 32 bytes; None until a keyring has unwrapped it.
        symmetric_signing_key: The key of this reader's recipient tag, unwrapped with the data key.
        verification_key: The item's ECDSA public key as a compressed point, in a suite that has one.
    """

    _: KW_ONLY
    plaintext_data_key: bytes | None = field(default=None, repr=False)
    symmetric_signing_key: bytes | None = field(default=None, repr=False)
    verification_key: bytes | None = None

    def with_unwrapped_key(self, data_key: bytes, symmetric_signing_key: bytes) -> "DecryptionMaterials":
        """Return these materials with the unwrapped data key.

        Args:
            data_key: The plaintext data key.
            symmetric_signing_key: The key of this reader's recipient tag.
        """
        return DecryptionMaterials(
            self.suite,
            self.encryption_context,
            required_context_keys=self.required_context_keys,
            plaintext_data_key=data_key,
            symmetric_signing_key=symmetric_signing_key,
            verification_key=self.verification_key,
        )


def fault_of_kind(materials: object, kind: type[_Materials]) -> str | None:
    """Return why an object is not materials of a kind, as the predicate of a sentence; None if it is."""
    if isinstance(materials, kind):
        return None
    return f"returned an object of the type {type(materials).__name__}, not {kind.__name__}"


class NoDataKeyError(UnwrapError):
    """The item has no data key that this keyring could try to unwrap."""


def combine_causes(causes: Sequence[UnwrapError]) -> UnwrapError:
    """Return one error for several failed attempts: the error of the only real attempt, or a list of all.

    A `NoDataKeyError` is not a real attempt: that keyring had nothing to unwrap.
    """
    attempts = [cause for cause in causes if not isinstance(cause, NoDataKeyError)]
    if len(attempts) == 1:
        return attempts[0]
    return UnwrapError("No keyring could unwrap the item's data key", causes=causes)


class Keyring(Protocol):
    """Makes, wraps and unwraps data keys; for an HSM of your own, write a class with these two methods."""

    def on_encrypt(self, materials: EncryptionMaterials, /) -> EncryptionMaterials:
        """Make a data key if there is none yet, and add it as this keyring wraps it.

        Raises:
            EncryptError: the data key could not be made or wrapped.
        """
        ...

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey], /
    ) -> DecryptionMaterials:
        """Unwrap the first encrypted data key that this keyring can unwrap.

        Raises:
            UnwrapError: it can unwrap none of them.
        """
        ...


class AsyncKeyring(Protocol):
    """A keyring whose methods are coroutines, for `dynaseal.aio`; otherwise as `Keyring`."""

    async def on_encrypt(self, materials: EncryptionMaterials, /) -> EncryptionMaterials:
        """Make a data key if there is none yet, and add it as this keyring wraps it."""
        ...

    async def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey], /
    ) -> DecryptionMaterials:
        """Unwrap the first encrypted data key that this keyring can unwrap."""
        ...


AnyKeyring = Keyring | AsyncKeyring


class CryptographicMaterialsManager(Protocol):
    """Provides the materials of each item: the layer between items and keyrings."""

    def get_encryption_materials(
        self,
        suite: AlgorithmSuite,
        encryption_context: Mapping[str, str],
        required_context_keys: frozenset[str],
        /,
    ) -> EncryptionMaterials:
        """Return complete materials for encrypting an item.

        Args:
            suite: The algorithm suite.
            encryption_context: The item's encryption context.
            required_context_keys: The keys of the entries that the header must not store.

        Raises:
            EncryptError: the materials cannot be provided.
        """
        ...

    def decrypt_materials(
        self,
        suite: AlgorithmSuite,
        encrypted_data_keys: Sequence[EncryptedDataKey],
        stored_context: Mapping[str, str],
        reproduced_context: Mapping[str, str],
        /,
    ) -> DecryptionMaterials:
        """Return complete materials for decrypting an item.

        Args:
            suite: The algorithm suite, from the header.
            encrypted_data_keys: From the header.
            stored_context: The entries of the encryption context that the header stores.
            reproduced_context: The entries that the reader rebuilt from the item.

        Raises:
            DecryptError: the materials cannot be provided.
        """
        ...
