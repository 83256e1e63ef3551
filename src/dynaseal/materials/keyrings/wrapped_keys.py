"""Describes which key wrapped an encrypted data key, without using any key.

Source: specification `structures.md`, "Encrypted Data Key", and each keyring's own page.
"""

from dataclasses import dataclass
from typing import Any

from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import NONCE_LENGTH, TAG_LENGTH, AuthenticationFailedError
from dynaseal.core.wire import ByteReader, TruncatedError, u32
from dynaseal.materials.arn import parse_arn
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.hierarchical import version_of
from dynaseal.materials.keyrings.names import (
    HIERARCHY_PROVIDER,
    KMS_ECDH_PROVIDER,
    KMS_PROVIDER,
    KMS_RSA_PROVIDER,
    RAW_ECDH_PROVIDER,
)

_RAW_AES_LENGTHS = u32(TAG_LENGTH * 8) + u32(NONCE_LENGTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """Which key wrapped an item's data key, as far as the encrypted data key says.

    Attributes:
        provider: The key provider: `aws-kms`, `aws-kms-hierarchy`... or a raw key's namespace.
        key: The KMS key's ARN, the branch key id, the raw key's name, or the recipient's public key in
            hexadecimal; None where it cannot be read.
        version: The branch key's version; None unless a hierarchical keyring wrapped the data key.
        length: The wrapped data key's length in bytes.
        damage: What is wrong with it; None if it looks sound.
    """

    provider: str
    key: str | None
    version: str | None
    length: int
    damage: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the same with JSON's types."""
        return {
            "provider": self.provider,
            "key": self.key,
            "version": self.version,
            "length": self.length,
            "damage": self.damage,
        }


def describe_key(wrapped: EncryptedDataKey) -> WrappedKey:
    """Describe which key wrapped an encrypted data key, even a damaged one.

    Example:
        >>> describe_key(EncryptedDataKey("payroll", b"2026", bytes(304)))
        WrappedKey(provider='payroll', key='2026', version=None, length=304, damage=None)
    """
    key, version, damage = None, None, None
    try:
        key = _key_name(wrapped)
        blob = wrapping.split(wrapped.ciphertext)[1]
        version = version_of(blob) if wrapped.provider_id == HIERARCHY_PROVIDER else None
    except AuthenticationFailedError:
        damage = "the wrapped data key is cut off"
    except (ValueError, TruncatedError):
        damage = "the name of the key that wrapped it cannot be read"
    return WrappedKey(
        provider=wrapped.provider_id,
        key=key,
        version=version,
        length=len(wrapped.ciphertext),
        damage=damage,
    )


def _key_name(wrapped: EncryptedDataKey) -> str:
    info = wrapped.provider_info
    if wrapped.provider_id in (KMS_PROVIDER, KMS_RSA_PROVIDER):
        arn = info.decode()
        parse_arn(arn)
        return arn
    if wrapped.provider_id in (RAW_ECDH_PROVIDER, KMS_ECDH_PROVIDER):
        reader = ByteReader(info)
        reader.take(1)
        return reader.sized32().hex()
    name_end = len(info) - len(_RAW_AES_LENGTHS) - NONCE_LENGTH
    is_raw_aes = name_end >= 0 and info[name_end:].startswith(_RAW_AES_LENGTHS)
    return (info[:name_end] if is_raw_aes else info).decode()
