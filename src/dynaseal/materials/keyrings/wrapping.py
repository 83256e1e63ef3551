"""Intermediate key wrapping: the data key under an intermediate key, which the key provider wraps.

Both algorithm suites use it. An encrypted data key has two parts: the data key, encrypted by AES-GCM under a
key derived from the intermediate key and bound to the encryption context; and the intermediate key as the
provider wrapped it. The key of the recipient tag is also derived from the intermediate key, so each recipient
has a different one.

Source: specification `algorithm-suites.md`, "Intermediate Key Wrapping".
"""

from os import urandom

from dynaseal.core.primitives import (
    KEY_LENGTH,
    NONCE_LENGTH,
    TAG_LENGTH,
    AuthenticationFailedError,
    derive_pair,
    gcm_decrypt,
    gcm_encrypt,
)

INTERMEDIATE_KEY_LENGTH = KEY_LENGTH
WRAPPED_DATA_KEY_LENGTH = KEY_LENGTH + TAG_LENGTH

_MAC_INFO = b"AWS_MPL_INTERMEDIATE_KEYWRAP_MAC"
_ENC_INFO = b"AWS_MPL_INTERMEDIATE_KEYWRAP_ENC"
# The wrapping key is derived from a fresh intermediate key and wraps one data key. It is used once, so the
# nonce may be fixed.
_NONCE = bytes(NONCE_LENGTH)


def new_data_key() -> bytes:
    """Make a data key."""
    return urandom(KEY_LENGTH)


def new_intermediate_key() -> bytes:
    """Make an intermediate key."""
    return urandom(INTERMEDIATE_KEY_LENGTH)


def wrap(data_key: bytes, intermediate_key: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """Wrap a data key under an intermediate key, which must not be used for anything else.

    Returns:
        The wrapped data key (48 bytes) and the key of the recipient tag.
    """
    wrapping_key, tag_key = derive_pair(intermediate_key, _ENC_INFO, _MAC_INFO)
    return gcm_encrypt(wrapping_key, _NONCE, data_key, aad), tag_key


def unwrap(wrapped: bytes, intermediate_key: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """Unwrap a data key.

    Returns:
        The data key and the key of the recipient tag.

    Raises:
        AuthenticationFailedError: it was wrapped under another intermediate key or encryption context.
    """
    wrapping_key, tag_key = derive_pair(intermediate_key, _ENC_INFO, _MAC_INFO)
    return gcm_decrypt(wrapping_key, _NONCE, wrapped, aad), tag_key


def split(ciphertext: bytes) -> tuple[bytes, bytes]:
    """Split an encrypted data key's ciphertext into the wrapped data key and the wrapped intermediate key.

    Raises:
        AuthenticationFailedError: it is too short to hold both.
    """
    if len(ciphertext) <= WRAPPED_DATA_KEY_LENGTH:
        raise AuthenticationFailedError
    return ciphertext[:WRAPPED_DATA_KEY_LENGTH], ciphertext[WRAPPED_DATA_KEY_LENGTH:]
