"""Key agreement by ECDH: keys, who is named in a data key, and wrapping under a shared secret.

- A data key names both parties by their compressed points: the recipient's, then the sender's.
- From the shared secret and a fresh salt derive a commitment and a key (SP 800-108, counter mode with
  HMAC-SHA384), bound to the curve, both parties and the encryption context; the key wraps one intermediate
  key.
- The commitment is compared before anything is opened.

Source: specification `raw-ecdh-keyring.md`, `key-agreement-schemas.md`. The curve's name in the derivation is
that of AWS's releases.
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
# The wrapping key derives from a fresh salt and wraps one intermediate key: one use, so a fixed nonce.
_NONCE = bytes(NONCE_LENGTH)


@dataclass(frozen=True, slots=True)
class Parties:
    """The two public keys of an agreement, as compressed points."""

    sender: bytes
    recipient: bytes

    @property
    def provider_info(self) -> bytes:
        """How a data key names them (`raw-ecdh-keyring.md`, "Key Provider Information")."""
        return b"".join(
            (_VERSION, u32(len(self.recipient)), self.recipient, u32(len(self.sender)), self.sender)
        )


class AgreedDataKey(NamedTuple):
    """A data key, and the two parties that it names."""

    parties: Parties
    ciphertext: bytes


def data_keys_for(
    encrypted_data_keys: Sequence[EncryptedDataKey], own: bytes, other: bytes | None
) -> list[AgreedDataKey]:
    """Select the data keys that were agreed upon with a public key.

    Args:
        encrypted_data_keys: From the header; those of other kinds or versions are passed over.
        own: The compressed point of the reader's own key.
        other: That of the one other party; None for anybody who wrote to the reader.
    """
    pairs = None if other is None else (Parties(own, other), Parties(other, own))
    found: list[AgreedDataKey] = []
    for wrapped in encrypted_data_keys:
        parties = _read_parties(wrapped.provider_info) if wrapped.provider_id in _PROVIDERS else None
        if parties is not None and (parties.recipient == own if pairs is None else parties in pairs):
            found.append(AgreedDataKey(parties, wrapped.ciphertext))
    return found


def wrap(
    materials: EncryptionMaterials, provider_id: str, curve: Curve, parties: Parties, secret: bytes
) -> EncryptionMaterials:
    """Wrap the data key under a shared secret; make the data key first if there is none."""
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
    materials: DecryptionMaterials, curve: Curve, agreed: AgreedDataKey, secret: bytes
) -> DecryptionMaterials:
    """Unwrap a data key with a shared secret.

    Raises:
        AuthenticationFailedError: it is damaged, or was wrapped under another secret or context.
    """
    data_key, rest = wrapping.split(agreed.ciphertext)
    if len(rest) != _WRAPPED_LENGTH:
        raise AuthenticationFailedError
    reader = ByteReader(rest)
    salt, stored_commitment = reader.take(_SALT_LENGTH), reader.take(KEY_LENGTH)
    aad = materials.aad
    info = _fixed_info(curve, agreed.parties, aad)
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
