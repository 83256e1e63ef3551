"""The hierarchical keyring: wraps data keys under a branch key that is fetched once for many items.

- Writing uses the active version of the branch key, reading the version that the encrypted data key names.
- Each version is fetched from the key store (one GetItem and one KMS Decrypt) and cached until its TTL ends;
  until then there are no calls.
- A branch key itself wraps nothing: for each item a wrapping key is derived from it and 16 random bytes.
- Provider id: `aws-kms-hierarchy`. Provider information: the branch key id.

Source: specification `aws-kms-hierarchical-keyring.md`.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache
from hmac import digest
from os import urandom
from typing import Protocol
from uuid import UUID

from dynaseal import drivers
from dynaseal.attributes import Item
from dynaseal.core.arguments import (
    ProcessBound,
    check_callables,
    check_instances,
    check_methods,
    check_numbers,
    check_strings,
    is_encodable,
)
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import NONCE_LENGTH, AuthenticationFailedError, gcm_decrypt, gcm_encrypt
from dynaseal.core.quoting import quoted
from dynaseal.core.wire import u16, u32
from dynaseal.errors import ConfigError, KeyStoreError, UnwrapError
from dynaseal.materials.attempts import unwrap_first
from dynaseal.materials.context_attributes import NoAttributesError, context_attributes
from dynaseal.materials.key_store.branch_keys import BranchKeyMaterials, check_branch_key
from dynaseal.materials.key_store.cache import BranchKeyCache
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.names import HIERARCHY_PROVIDER
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError
from dynaseal.native import Wrapper

_LABEL = HIERARCHY_PROVIDER.encode()
_SALT_LENGTH = 16
_VERSION_LENGTH = 16
_VERSION_AT = _SALT_LENGTH + NONCE_LENGTH
_WRAPPED_AT = _VERSION_AT + _VERSION_LENGTH
_DERIVED_BITS = u32(256)
_CACHED_VERSIONS = 256
_CACHE = "The cache of branch keys"


class BranchKeySource(Protocol):
    """Where branch keys come from: a KeyStore, or any object with these methods, which may be coroutines.

    A failed fetch raises a KeyStoreError.
    """

    def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials | Awaitable[BranchKeyMaterials]:
        """Fetch the active version, which writers use."""
        ...

    def get_branch_key_version(
        self, branch_key_id: str, version: str
    ) -> BranchKeyMaterials | Awaitable[BranchKeyMaterials]:
        """Fetch the version with this UUID."""
        ...


class AwsKmsHierarchicalKeyring(ProcessBound):
    """Wraps data keys under branch keys: one KMS call serves all items until a cached branch key's TTL ends.

    Args:
        key_store: Where branch keys come from.
        branch_key_id: The one branch key. Give either this or `branch_key_id_supplier`.
        branch_key_id_supplier: A function from an item's key attributes, `{"tenant": {"S": "a"}}`, to the id
            of the branch key for that item. If the table has attributes in the encryption context, the
            function gets all of those, and the names of the table and its keys as `aws_dbe_table_name`,
            `aws_dbe_partition_name` and `aws_dbe_sort_name`. To refuse an item, it raises LookupError or
            ValueError.
        ttl_seconds: How long, in seconds, a branch key is used before it is fetched again. A revoked
            permission takes effect by then.
        cache: A cache to share with other keyrings; by default one of its own for 1000 branch keys.

    Raises:
        ConfigError: neither or both of branch key id and supplier are given, or the TTL is not greater than
            zero and than the cache's grace period.

    Example:
        >>> from dynaseal import KeyStore
        >>> store = KeyStore("keys", "keys", "arn:aws:kms:us-west-2:111122223333:key/1234abcd")
        >>> AwsKmsHierarchicalKeyring(store, branch_key_id="tenant-a", ttl_seconds=600)
        AwsKmsHierarchicalKeyring(KeyStore('keys'), 'tenant-a')
    """

    def __init__(
        self,
        key_store: BranchKeySource,
        *,
        branch_key_id: str | None = None,
        branch_key_id_supplier: Callable[[Item], str] | None = None,
        ttl_seconds: float,
        cache: BranchKeyCache | None = None,
    ) -> None:
        owner = "An AwsKmsHierarchicalKeyring"
        fetching = ("get_active_branch_key", "get_branch_key_version")
        check_methods(owner, fetching, "a KeyStore", key_store=key_store)
        check_numbers(owner, ttl_seconds=ttl_seconds)
        if branch_key_id is not None:
            check_strings(owner, branch_key_id=branch_key_id)
        if branch_key_id_supplier is not None:
            check_callables(owner, branch_key_id_supplier=branch_key_id_supplier)
        if cache is not None:
            check_instances(owner, BranchKeyCache, cache=cache)
        if (branch_key_id is None) is (branch_key_id_supplier is None) or branch_key_id == "":
            raise ConfigError(
                "A hierarchical keyring needs either a branch key id or a supplier of branch key ids"
            )
        self._key_store = key_store
        self._store_in_keys = _by_identity(key_store)
        self._driven_store = drivers.driven(key_store)
        self._branch_key_id = branch_key_id
        self._supplier = branch_key_id_supplier
        self._cache = BranchKeyCache() if cache is None else cache
        self._ttl = ttl_seconds
        if not self._cache.grace_seconds < ttl_seconds:
            raise ConfigError(
                f"A hierarchical keyring's ttl_seconds must be greater than its cache's grace period of "
                f"{self._cache.grace_seconds} seconds, and is {ttl_seconds}",
                hint="Set a TTL of minutes to hours, many times the grace period",
            )

    def __repr__(self) -> str:
        which = "supplied" if self._branch_key_id is None else repr(self._branch_key_id)
        return f"AwsKmsHierarchicalKeyring({self._key_store!r}, {which})"

    @property
    def key_store(self) -> BranchKeySource:
        """Where branch keys come from."""
        return self._key_store

    @property
    def branch_key_id(self) -> str | None:
        """The one branch key; None if each item's is supplied."""
        return self._branch_key_id

    @property
    def branch_key_id_supplier(self) -> Callable[[Item], str] | None:
        """The function that returns an item's branch key id, if there is one."""
        return self._supplier

    @property
    def ttl_seconds(self) -> float:
        """How long a branch key is used before it is fetched again."""
        return self._ttl

    @property
    def header_marks(self) -> tuple[bytes, ...] | None:
        """Bytes, one of which is in the header of every item that this keyring can read; None if unknown."""
        if self._branch_key_id is None:
            return None
        name = self._branch_key_id.encode()
        return (u16(len(name)) + name,)

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Wrap the data key under the branch key's active version; make one first if there is none yet."""
        try:
            branch_key = self._active(self._id_for(materials))
        except KeyStoreError as error:
            raise error.as_encrypt_error() from error
        data_key = materials.plaintext_data_key or wrapping.new_data_key()
        intermediate = wrapping.new_intermediate_key()
        aad = materials.aad
        wrapped, tag_key = wrapping.wrap(data_key, intermediate, aad)
        return materials.with_wrapped_key(
            data_key,
            EncryptedDataKey(
                HIERARCHY_PROVIDER,
                branch_key.branch_key_id.encode(),
                wrapped + wrap_intermediate(branch_key, intermediate, aad, randomness=urandom(_VERSION_AT)),
            ),
            tag_key,
        )

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Unwrap the first data key under the branch key that can be unwrapped."""
        try:
            branch_key_id = self._id_for(materials)
        except KeyStoreError as error:
            raise error.as_unwrap_error() from error
        info = branch_key_id.encode()
        candidates = [
            wrapped
            for wrapped in encrypted_data_keys
            if wrapped.provider_id == HIERARCHY_PROVIDER and wrapped.provider_info == info
        ]
        return unwrap_first(
            candidates,
            lambda wrapped: self._unwrap(materials, branch_key_id, wrapped),
            lambda: NoDataKeyError(f"The item has no data key under the branch key {branch_key_id!r}"),
        )

    def writing_wrapper(self) -> Wrapper | None:
        """Return what the native engine needs to wrap data keys.

        None if there is no native engine, or the active branch key must first be chosen or fetched.
        """
        if self._branch_key_id is None:
            return None
        return _wrapper_of(self._cache.find((self._store_in_keys, self._branch_key_id), self._ttl))

    def reading_wrapper(self, branch_key: tuple[bytes, bytes] | None) -> Wrapper | None:
        """Return what the native engine needs to unwrap an item's data key.

        Args:
            branch_key: The id and the version of the branch key under which it is wrapped.

        Returns:
            None if there is no native engine, or that branch key must first be chosen or fetched.
        """
        if branch_key is None or self._branch_key_id is None:
            return None
        branch_key_id, version = branch_key
        if branch_key_id != self._branch_key_id.encode():
            return None
        key = (self._store_in_keys, self._branch_key_id, _uuid_of(version))
        return _wrapper_of(self._cache.find(key, self._ttl))

    def _unwrap(
        self, materials: DecryptionMaterials, branch_key_id: str, wrapped: EncryptedDataKey
    ) -> DecryptionMaterials:
        aad = materials.aad
        try:
            data_key, blob = wrapping.split(wrapped.ciphertext)
            branch_key = self._version(branch_key_id, version_of(blob))
            return materials.with_unwrapped_key(
                *wrapping.unwrap(data_key, unwrap_intermediate(branch_key, blob, aad), aad)
            )
        except AuthenticationFailedError:
            raise UnwrapError(
                f"The branch key {branch_key_id!r} cannot unwrap the item's data key",
                hint="The data key was changed, or was wrapped for another item or table",
            ) from None
        except KeyStoreError as error:
            raise error.as_unwrap_error() from error

    # What the key store returns is checked before the cache keeps it. What the cache returns is checked too:
    # it can be of a user's own class.

    def _active(self, branch_key_id: str) -> BranchKeyMaterials:
        cached = self._cache.get(
            (self._store_in_keys, branch_key_id),
            self._ttl,
            lambda: check_branch_key(self._driven_store.get_active_branch_key(branch_key_id), branch_key_id),
        )
        return check_branch_key(cached, branch_key_id, source=_CACHE)

    def _version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        cached = self._cache.get(
            (self._store_in_keys, branch_key_id, version),
            self._ttl,
            lambda: check_branch_key(
                self._driven_store.get_branch_key_version(branch_key_id, version), branch_key_id, version
            ),
        )
        return check_branch_key(cached, branch_key_id, version, source=_CACHE)

    def _id_for(self, materials: EncryptionMaterials | DecryptionMaterials) -> str:
        if self._branch_key_id is not None:
            return self._branch_key_id
        assert self._supplier is not None  # noqa: S101 checked when the keyring was built
        try:
            supplied = self._supplier(context_attributes(materials.encryption_context))
        except NoAttributesError as error:
            raise KeyStoreError(f"No branch key id can be chosen for the item: {error}") from None
        except (LookupError, ValueError) as error:
            raise KeyStoreError(
                f"The supplier of branch key ids refused the item with {type(error).__name__}"
            ) from error
        if not isinstance(supplied, str):  # pyright: ignore[reportUnnecessaryIsInstance] untyped callers
            raise TypeError(f"a branch key id must be str, not {type(supplied).__name__}")
        if not is_encodable(supplied):
            raise KeyStoreError(
                f"The supplier returned the branch key id {quoted(supplied)}, which has a lone surrogate"
            )
        return supplied


class _Identity:
    """A key store as a part of a cache's keys: equal only to the same key store."""

    __slots__ = ("_key_store",)

    def __init__(self, key_store: object) -> None:
        # Kept for as long as the cache has the key: another object could get the `id` of one that is gone.
        self._key_store = key_store

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other._key_store is self._key_store

    def __hash__(self) -> int:
        return id(self._key_store)


def _by_identity(key_store: object) -> object:
    """Return a key store as a part of a cache's keys.

    A user's key store may be equal to another one that has other keys, or have no hash, as a dataclass.
    """
    kind = type(key_store)
    if kind.__eq__ is object.__eq__ and kind.__hash__ is object.__hash__:
        return key_store  # is compared by identity itself, and hashed faster, which each item needs
    return _Identity(key_store)


@lru_cache(_CACHED_VERSIONS)
def _uuid_of(version: bytes) -> str:
    """Write a branch key version as a UUID, which takes 2 us: many items have the same."""
    return str(UUID(bytes=version))


def _wrapper_of(branch_key: BranchKeyMaterials | None) -> Wrapper | None:
    return None if branch_key is None else branch_key.native_wrapper


def wrap_intermediate(branch_key: BranchKeyMaterials, key: bytes, aad: bytes, *, randomness: bytes) -> bytes:
    """Wrap an intermediate key under a key derived from a branch key.

    Args:
        branch_key: The branch key.
        key: 32 bytes.
        aad: The serialised encryption context.
        randomness: 28 bytes: salt and nonce.
    """
    version = UUID(branch_key.branch_key_version).bytes
    salt, nonce = randomness[:_SALT_LENGTH], randomness[_SALT_LENGTH:]
    additional_data = _additional_data(branch_key, version, aad)
    return randomness + version + gcm_encrypt(_derive(branch_key, salt), nonce, key, additional_data)


def unwrap_intermediate(branch_key: BranchKeyMaterials, blob: bytes, aad: bytes) -> bytes:
    """Unwrap an intermediate key.

    Raises:
        AuthenticationFailedError: it was changed, or was wrapped under another branch key or encryption
            context.
    """
    salt, nonce = blob[:_SALT_LENGTH], blob[_SALT_LENGTH:_VERSION_AT]
    additional_data = _additional_data(branch_key, blob[_VERSION_AT:_WRAPPED_AT], aad)
    return gcm_decrypt(_derive(branch_key, salt), nonce, blob[_WRAPPED_AT:], additional_data)


def version_of(blob: bytes) -> str:
    """Read the branch key's version from a wrapped intermediate key.

    Raises:
        AuthenticationFailedError: it is too short to be one.
    """
    if len(blob) <= _WRAPPED_AT:
        raise AuthenticationFailedError
    return str(UUID(bytes=blob[_VERSION_AT:_WRAPPED_AT]))


def _derive(branch_key: BranchKeyMaterials, salt: bytes) -> bytes:
    """Derive a wrapping key by NIST SP 800-108 in counter mode with HMAC-SHA256; one block is enough."""
    return digest(branch_key.branch_key, u32(1) + _LABEL + b"\x00" + salt + _DERIVED_BITS, "sha256")


def _additional_data(branch_key: BranchKeyMaterials, version: bytes, aad: bytes) -> bytes:
    return _LABEL + branch_key.branch_key_id.encode() + version + aad
