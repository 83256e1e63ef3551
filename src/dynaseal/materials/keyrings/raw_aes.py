"""The raw AES keyring: a wrapping key that the program itself holds.

- Provider id: the namespace. Provider information: the key's name, the lengths of tag and nonce, the nonce.
- Encrypted data keys with another namespace or name are skipped.

Source: specification `raw-aes-keyring.md`.
"""

from collections.abc import Sequence
from os import urandom
from struct import Struct

from dynaseal.core.arguments import ProcessBound, check_bytes
from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import (
    KEY_LENGTH,
    NONCE_LENGTH,
    TAG_LENGTH,
    AuthenticationFailedError,
    GcmKey,
)
from dynaseal.core.wire import u32
from dynaseal.errors import ConfigError, UnwrapError
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.names import check_raw_key_name
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials, NoDataKeyError
from dynaseal.native import Wrapper, native_engine

# The random bytes for one wrapping, drawn at once: an intermediate key, a nonce, and a data key, which is
# used only if there is none yet.
_FRESH = Struct(f"{wrapping.INTERMEDIATE_KEY_LENGTH}s{NONCE_LENGTH}s{KEY_LENGTH}s")
_LENGTHS = u32(TAG_LENGTH * 8) + u32(NONCE_LENGTH)


class RawAesKeyring(ProcessBound):
    """Wraps data keys under an AES key of your own.

    Args:
        namespace: A name for whatever manages the key, such as `"payroll"`; not `aws-kms`.
        name: The key's name; stored in every item in the clear.
        wrapping_key: 16, 24 or 32 bytes.

    Raises:
        ConfigError: the namespace is reserved, or the wrapping key has another length.

    Example:
        >>> RawAesKeyring("payroll", "2026", bytes(32))
        RawAesKeyring('payroll', '2026')
    """

    def __init__(self, namespace: str, name: str, wrapping_key: bytes) -> None:
        check_raw_key_name(namespace, name)
        check_bytes("A RawAesKeyring", wrapping_key=wrapping_key)
        if len(wrapping_key) not in (16, 24, 32):
            raise ConfigError(f"An AES wrapping key must be 16, 24 or 32 bytes, not {len(wrapping_key)}")
        self._namespace = namespace
        self._name = name
        self._info = name.encode() + _LENGTHS
        self._key = GcmKey(wrapping_key)
        engine = native_engine()
        self._wrapper = (
            None if engine is None else engine.Wrapper.raw_aes(namespace, name, bytes(wrapping_key))
        )

    def __repr__(self) -> str:
        return f"RawAesKeyring({self._namespace!r}, {self._name!r})"

    @property
    def header_marks(self) -> tuple[bytes, ...]:
        """Bytes, one of which is in the header of every item that this keyring can read."""
        return (self._info,)

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        """Wrap the data key; make one first if there is none yet."""
        intermediate, nonce, new_data_key = _FRESH.unpack(urandom(_FRESH.size))
        data_key = materials.plaintext_data_key or new_data_key
        aad = materials.aad
        wrapped, tag_key = wrapping.wrap(data_key, intermediate, aad)
        ciphertext = wrapped + self._key.encrypt(nonce, intermediate, aad)
        return materials.with_wrapped_key(
            data_key, EncryptedDataKey(self._namespace, self._info + nonce, ciphertext), tag_key
        )

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        """Unwrap the first data key with this namespace and name that can be unwrapped.

        Raises:
            UnwrapError: it can unwrap none of them.
        """
        attempts = 0
        for wrapped in encrypted_data_keys:
            if not self._is_for_this_key(wrapped):
                continue
            attempts += 1
            try:
                data_key, tag_key = self._unwrap(wrapped, materials)
                return materials.with_unwrapped_key(data_key, tag_key)
            except AuthenticationFailedError:
                continue
        if attempts:
            raise UnwrapError(
                f"The key {self._name!r} of {self._namespace!r} cannot unwrap the item's data key",
                hint="It was wrapped by another key of that name, or for another item or table",
            )
        raise NoDataKeyError(f"The item has no data key under the key {self._name!r} of {self._namespace!r}")

    def writing_wrapper(self) -> Wrapper | None:
        """Return what the native engine needs to wrap data keys; None if there is no native engine."""
        return self._wrapper

    def reading_wrapper(self, branch_key: object) -> Wrapper | None:  # noqa: ARG002 other keyrings need it
        """Return what the native engine needs to unwrap data keys; None if there is no native engine."""
        return self._wrapper

    def _is_for_this_key(self, wrapped: EncryptedDataKey) -> bool:
        info = wrapped.provider_info
        return (
            wrapped.provider_id == self._namespace
            and len(info) == len(self._info) + NONCE_LENGTH
            and info.startswith(self._info)
        )

    def _unwrap(self, wrapped: EncryptedDataKey, materials: DecryptionMaterials) -> tuple[bytes, bytes]:
        data_key, intermediate = wrapping.split(wrapped.ciphertext)
        aad = materials.aad
        nonce = wrapped.provider_info[-NONCE_LENGTH:]
        return wrapping.unwrap(data_key, self._key.decrypt(nonce, intermediate, aad), aad)
