"""Intermediate key wrapping: a data key under an intermediate key, which the provider wraps.

Both suites use it. A provider's encrypted data key is the data key (AES-GCM under a key derived from the
intermediate key, bound to the encryption context), then the intermediate key in the provider's own wrapping.
The key of the recipients' tag derives from the intermediate key too, so that each recipient has its own.

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
# The wrapping key derives from a fresh intermediate key and wraps one data key: one use, so a fixed nonce.
_NONCE = bytes(NONCE_LENGTH)


def new_data_key() -> bytes:
    """Make a data key."""
    return urandom(KEY_LENGTH)


def new_intermediate_key() -> bytes:
    """Make an intermediate key."""
    return urandom(INTERMEDIATE_KEY_LENGTH)


def wrap(data_key: bytes, intermediate_key: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """Wrap a data key under an intermediate key that nothing else is wrapped under.

    Returns:
        The wrapped data key (48 bytes) and the key of the recipients' tag.
    """
    wrapping_key, tag_key = derive_pair(intermediate_key, _ENC_INFO, _MAC_INFO)
    return gcm_encrypt(wrapping_key, _NONCE, data_key, aad), tag_key


def unwrap(wrapped: bytes, intermediate_key: bytes, aad: bytes) -> tuple[bytes, bytes]:
    """Unwrap a data key.

    Returns:
        The data key and the key of the recipients' tag.

    Raises:
        AuthenticationFailedError: it was wrapped under another intermediate key or context.
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
