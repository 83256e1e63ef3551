"""The ciphertext of symmetric keys: AES-256-GCM under one backing key, after a header that names the key.

* The header names the key and the version of its material, so that decrypting takes no key id.
* Header and encryption context are authenticated, not encrypted (GCM's additional data).
* The encryption context is bound in canonical form: sorted, each string after its length, so that two
  different contexts never have the same bytes.
* Parsing is strict: anything but one whole ciphertext is refused. The checksum distinguishes a damaged header
  from one that names a key of another Region or account.

The layout is the lab's own, because AWS does not publish its layout. It starts with the same bytes as AWS's:

    0102020078 | length of key id (1) | key id | backing key id (32) | SHA-256 so far (4) | nonce (12)
    | ciphertext and tag (plaintext + 16)
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dynaseal_lab.kms.keys import BackingKey

_MAGIC = bytes.fromhex("0102020078")
_BACKING_ID, _CHECKSUM, _NONCE, _TAG = 32, 4, 12, 16


class CiphertextError(ValueError):
    """The bytes are not a ciphertext of this lab, or do not decrypt under this key and context."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ciphertext:
    """A parsed ciphertext: the key and the version that it names, and what decrypting takes."""

    key_id: str
    backing_id: bytes
    header: bytes
    nonce: bytes
    body: bytes


def encrypt(key_id: str, backing: BackingKey, context: Mapping[str, str], plaintext: bytes) -> bytes:
    """Encrypt under one version of a key's material, with a random nonce.

    Args:
        key_id: The key id for the header, at most 255 ASCII characters.
        backing: The version of the material, with a secret of 32 bytes.
        context: The encryption context.
        plaintext: What to encrypt.
    """
    name = key_id.encode("ascii")
    header = _MAGIC + bytes([len(name)]) + name + backing.id
    header += hashlib.sha256(header).digest()[:_CHECKSUM]
    nonce = secrets.token_bytes(_NONCE)
    body = AESGCM(backing.secret).encrypt(nonce, plaintext, header + canonical_context(context))
    return header + nonce + body


def parse(blob: bytes) -> Ciphertext:
    """Parse a ciphertext, which takes no key.

    Raises:
        CiphertextError: it is not one whole ciphertext with an undamaged header.
    """
    key_id_start = len(_MAGIC) + 1
    if len(blob) < key_id_start or not blob.startswith(_MAGIC):
        raise CiphertextError("not a ciphertext of this lab")
    key_id_end = key_id_start + blob[len(_MAGIC)]
    checksum_start = key_id_end + _BACKING_ID
    header_end = checksum_start + _CHECKSUM
    if len(blob) < header_end + _NONCE + _TAG:
        raise CiphertextError("shorter than any ciphertext")
    if hashlib.sha256(blob[:checksum_start]).digest()[:_CHECKSUM] != blob[checksum_start:header_end]:
        raise CiphertextError("damaged header")
    key_id = blob[key_id_start:key_id_end]
    if not key_id.isascii():
        raise CiphertextError("the header names no key")
    return Ciphertext(
        key_id=key_id.decode("ascii"),
        backing_id=blob[key_id_end:checksum_start],
        header=blob[:header_end],
        nonce=blob[header_end : header_end + _NONCE],
        body=blob[header_end + _NONCE :],
    )


def decrypt(ciphertext: Ciphertext, backing: BackingKey, context: Mapping[str, str]) -> bytes:
    """Decrypt a parsed ciphertext.

    Raises:
        CiphertextError: another key, another context, or a changed byte; GCM cannot tell which.
    """
    try:
        return AESGCM(backing.secret).decrypt(
            ciphertext.nonce, ciphertext.body, ciphertext.header + canonical_context(context)
        )
    except InvalidTag as error:
        raise CiphertextError("another key or encryption context, or a changed byte") from error


def canonical_context(context: Mapping[str, str]) -> bytes:
    """Return the canonical bytes of an encryption context: pairs sorted by key, each string after its length.

    >>> canonical_context({"b": "2", "a": "1"}) == canonical_context({"a": "1", "b": "2"})
    True
    >>> canonical_context({"a": "1b"}) == canonical_context({"a1": "b"})
    False
    """
    encoded = sorted((key.encode(), value.encode()) for key, value in context.items())
    return b"".join(len(string).to_bytes(4) + string for pair in encoded for string in pair)
