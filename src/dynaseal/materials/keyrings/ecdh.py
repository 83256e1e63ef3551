"""Wrapping under a secret agreed by ECDH, and the parties that an encrypted data key names.

- An encrypted data key names both parties by their compressed points: first the recipient, then the sender.
- A commitment and a wrapping key are derived from the shared secret and a fresh salt (SP 800-108, counter
  mode with HMAC-SHA384), and are bound to the curve, both parties and the encryption context. The wrapping
  key wraps one intermediate key.
- The commitment is compared before anything is decrypted.

Source: specification `raw-ecdh-keyring.md`, `key-agreement-schemas.md`. The curve's name in the derivation is
the name that AWS's releases use.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from os import urandom
from typing import NamedTuple

from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode

from dynaseal.core.header import EncryptedDataKey
from dynaseal.core.primitives import (
    KEY_LENGTH,
    NONCE_LENGTH,
    TAG_LENGTH,
    AuthenticationFailedError,
    check_one_of,
    gcm_decrypt,
    gcm_encrypt,
)
from dynaseal.core.wire import ByteReader, TruncatedError, u32
from dynaseal.materials.keyrings import wrapping
from dynaseal.materials.keyrings.curves import Curve
from dynaseal.materials.keyrings.names import KMS_ECDH_PROVIDER, RAW_ECDH_PROVIDER
from dynaseal.materials.model import DecryptionMaterials, EncryptionMaterials

_PROVIDERS = (RAW_ECDH_PROVIDER, KMS_ECDH_PROVIDER)
_VERSION = b"\x01"
_SALT_LENGTH = 32
_WRAPPED_LENGTH = _SALT_LENGTH + KEY_LENGTH + KEY_LENGTH + TAG_LENGTH
# The wrapping key is derived with a fresh salt and wraps one intermediate key. It is used once, so the nonce
# may be fixed.
_NONCE = bytes(NONCE_LENGTH)


@dataclass(frozen=True, slots=True)
class Parties:
    """The two public keys of an agreement, as compressed points."""

    sender: bytes
    recipient: bytes

    @property
    def provider_info(self) -> bytes:
        """How an encrypted data key names them (`raw-ecdh-keyring.md`, "Key Provider Information")."""
        return b"".join(
            (_VERSION, u32(len(self.recipient)), self.recipient, u32(len(self.sender)), self.sender)
        )


class AgreedDataKey(NamedTuple):
    """An encrypted data key, and the two parties that it names."""

    parties: Parties
    ciphertext: bytes


def data_keys_for(
    encrypted_data_keys: Sequence[EncryptedDataKey], reader: bytes, peer: bytes | None
) -> list[AgreedDataKey]:
    """Select the encrypted data keys that a reader's private key can unwrap.

    Args:
        encrypted_data_keys: From the header; those of other keyrings or versions are skipped.
        reader: The reader's public key, as a compressed point.
        peer: The other party's public key; None for every sender who wrote to the reader.
    """
    pairs = None if peer is None else (Parties(reader, peer), Parties(peer, reader))
    found: list[AgreedDataKey] = []
    for wrapped in encrypted_data_keys:
        parties = _read_parties(wrapped.provider_info) if wrapped.provider_id in _PROVIDERS else None
        if parties is not None and (parties.recipient == reader if pairs is None else parties in pairs):
            found.append(AgreedDataKey(parties, wrapped.ciphertext))
    return found


def wrap(
    materials: EncryptionMaterials, provider_id: str, curve: Curve, parties: Parties, secret: bytes
) -> EncryptionMaterials:
    """Wrap the data key under a shared secret; make one first if there is none yet."""
    data_key = materials.plaintext_data_key or wrapping.new_data_key()
    intermediate = wrapping.new_intermediate_key()
    aad = materials.aad
    wrapped, tag_key = wrapping.wrap(data_key, intermediate, aad)
    salt = urandom(_SALT_LENGTH)
    info = _fixed_info(curve, parties, aad)
    commitment, key = _derive(secret, info, salt)
    ciphertext = wrapped + salt + commitment + gcm_encrypt(key, _NONCE, intermediate, info)
    return materials.with_wrapped_key(
        data_key, EncryptedDataKey(provider_id, parties.provider_info, ciphertext), tag_key
    )


def unwrap(
    materials: DecryptionMaterials, curve: Curve, wrapped_key: AgreedDataKey, secret: bytes
) -> DecryptionMaterials:
    """Unwrap a data key with a shared secret.

    Raises:
        AuthenticationFailedError: it is damaged, or was wrapped under another secret or encryption context.
    """
    data_key, rest = wrapping.split(wrapped_key.ciphertext)
    if len(rest) != _WRAPPED_LENGTH:
        raise AuthenticationFailedError
    reader = ByteReader(rest)
    salt, stored_commitment = reader.take(_SALT_LENGTH), reader.take(KEY_LENGTH)
    aad = materials.aad
    info = _fixed_info(curve, wrapped_key.parties, aad)
    commitment, key = _derive(secret, info, salt)
    check_one_of([stored_commitment], commitment)
    intermediate = gcm_decrypt(key, _NONCE, reader.take(reader.remaining), info)
    return materials.with_unwrapped_key(*wrapping.unwrap(data_key, intermediate, aad))


def _read_parties(provider_info: bytes) -> Parties | None:
    reader = ByteReader(provider_info)
    try:
        version, recipient, sender = reader.take(len(_VERSION)), reader.sized32(), reader.sized32()
    except TruncatedError:
        return None
    return None if version != _VERSION or reader.remaining else Parties(sender, recipient)


def _fixed_info(curve: Curve, parties: Parties, aad: bytes) -> bytes:
    points = parties.sender + parties.recipient
    return b"\x00".join((b"ecdh-key-derivation", curve.value.encode(), b"HMAC_SHA384", points, _VERSION, aad))


def _derive(secret: bytes, info: bytes, salt: bytes) -> tuple[bytes, bytes]:
    derivation = KBKDFHMAC(
        algorithm=SHA384(),
        mode=Mode.CounterMode,
        length=2 * KEY_LENGTH,
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=info,
        context=salt,
        fixed=None,
    )
    keys = derivation.derive(secret)
    return keys[:KEY_LENGTH], keys[KEY_LENGTH:]
