"""The materials that keyrings and materials managers pass to each other, and the interfaces of both.

- `EncryptionMaterials` begin without a data key. The first keyring makes one; every keyring adds the data key
  as it wrapped it and the key of its recipient tag.
- `DecryptionMaterials` begin without a data key. The keyring that can unwrap one of the item's encrypted data
  keys adds it.
- Both are frozen: a keyring returns new ones. No key shows in their repr.
- Keyrings and managers can be of a user's own class, so what they return is checked before an item is written
  or read under it. Each check says what is wrong as the predicate of a sentence ("The keyring X ...").

Source: specification `structures.md`, `keyring-interface.md`, `cmm-interface.md`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, cast

from dynaseal.core.context import EncryptionContext
from dynaseal.core.header import MAX_DATA_KEYS, EncryptedDataKey
from dynaseal.core.primitives import KEY_LENGTH
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.errors import DecryptError, EncryptError, UnwrapError

if TYPE_CHECKING:
    from dynaseal.core.signatures import SigningKey

# Tuples: each item is checked, and `isinstance` takes twice as long for a union.
_BYTES = (bytes, bytearray)
_SEQUENCES = (tuple, list)
_SETS = (frozenset, set)
_NO_DATA_KEY = "returned no data key of 32 bytes"


@dataclass(frozen=True, slots=True)
class _Materials:
    """What the materials for both directions have."""

    suite: AlgorithmSuite
    encryption_context: Mapping[str, str]
    _: KW_ONLY
    required_context_keys: frozenset[str] = frozenset()
    _error: ClassVar[type[EncryptError | DecryptError]]

    def __post_init__(self) -> None:
        if type(self.encryption_context) is not EncryptionContext:
            object.__setattr__(self, "encryption_context", self._checked_context(self.encryption_context))

    def _checked_context(self, context: object) -> EncryptionContext:
        if not isinstance(context, Mapping):
            raise self._error(
                f"The encryption context of materials must be a mapping, and is a {type(context).__name__}"
            )
        try:
            return EncryptionContext(dict(cast("Mapping[str, str]", context)))
        except TypeError as error:
            raise self._error(f"The encryption context of materials cannot be used: {error}") from None

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

    Raises:
        EncryptError: the encryption context is not a mapping of strings.

    Attributes:
        suite: The algorithm suite.
        encryption_context: The whole encryption context: what the header stores and what it does not.
        required_context_keys: The keys of the entries that the header does not store.
        plaintext_data_key: 32 bytes; None until a keyring has made it.
        encrypted_data_keys: The data key as each keyring wrapped it.
        symmetric_signing_keys: For each of those, the key of its recipient tag.
        signing_key: The item's ECDSA key, in a suite that has one.
    """

    _error = EncryptError
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

    Raises:
        DecryptError: the encryption context is not a mapping of strings.

    Attributes:
        suite: The algorithm suite that the header names.
        encryption_context: The whole encryption context: what the header stores and what was rebuilt.
        required_context_keys: The keys of the entries that the header does not store.
        plaintext_data_key: 32 bytes; None until a keyring has unwrapped it.
        symmetric_signing_key: The key of this reader's recipient tag, unwrapped with the data key.
        verification_key: The item's ECDSA public key as a compressed point, in a suite that has one.
    """

    _error = DecryptError
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
    """Describe that an object is not materials of a kind, as the predicate of a sentence; None if it is."""
    if isinstance(materials, kind):
        return None
    return f"returned an object of the type {type(materials).__name__}, not {kind.__name__}"


# The rest checks types that a type checker takes for granted: nobody may have run one over a user's keyring.
# pyright: reportUnnecessaryIsInstance=false


def fault_of_encryption_materials(materials: object) -> str | None:
    """Describe why no item can be written under what a keyring or manager returned; None if one can."""
    if not isinstance(materials, EncryptionMaterials):
        return fault_of_kind(materials, EncryptionMaterials)
    if not (
        isinstance(materials.suite, AlgorithmSuite) and isinstance(materials.required_context_keys, _SETS)
    ):
        return "returned an algorithm suite or required context keys of the wrong type"
    if fault := fault_of_keys(materials):
        return fault
    count = len(materials.encrypted_data_keys)
    if not 0 < count <= MAX_DATA_KEYS:
        return f"wrapped the data key {count} times; 1 to {MAX_DATA_KEYS} are allowed"
    return None


def fault_of_keys(materials: EncryptionMaterials) -> str | None:
    """Describe what is wrong with the data key, plain or wrapped, or with the recipient tags' keys."""
    if not _is_key(materials.plaintext_data_key):
        return _NO_DATA_KEY
    wrapped, tag_keys = materials.encrypted_data_keys, materials.symmetric_signing_keys
    if not (isinstance(wrapped, _SEQUENCES) and all(map(_is_wrapped_key, wrapped))):
        return (
            "returned encrypted_data_keys that are not a tuple of EncryptedDataKey, each with a provider_id "
            "of type str, and provider_info and ciphertext of type bytes"
        )
    if not (
        isinstance(tag_keys, _SEQUENCES) and len(tag_keys) == len(wrapped) and all(map(_is_key, tag_keys))
    ):
        return "did not return one signing key of 32 bytes per wrapped data key"
    return None


def fault_of_decryption_materials(materials: object) -> str | None:
    """Describe why no item can be read under what a keyring or manager returned; None if one can."""
    if not isinstance(materials, DecryptionMaterials):
        return fault_of_kind(materials, DecryptionMaterials)
    if not (_is_key(materials.plaintext_data_key) and _is_key(materials.symmetric_signing_key)):
        return _NO_DATA_KEY
    if not (materials.verification_key is None or isinstance(materials.verification_key, bytes)):
        return "returned a verification key that is not bytes"
    return None


def _is_wrapped_key(key: object) -> bool:
    return (
        isinstance(key, EncryptedDataKey)
        and isinstance(key.provider_id, str)
        and isinstance(key.provider_info, _BYTES)
        and isinstance(key.ciphertext, _BYTES)
    )


def _is_key(key: object) -> bool:
    return isinstance(key, _BYTES) and len(key) == KEY_LENGTH


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
