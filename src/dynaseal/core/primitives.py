"""Every call of a cryptographic library that the format makes, named in the format's terms.

A nonce is fixed or derived only where the specification lets a key be used once; each caller says why that
holds. Failures raise, so that no caller can forget to check a result.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha384 as _sha384
from hmac import compare_digest
from struct import Struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.hmac import HMAC

from dynaseal.core.values.types import Field

KEY_LENGTH = 32
NONCE_LENGTH = 12
TAG_LENGTH = 16
FIELD_KEY_LENGTH = KEY_LENGTH + NONCE_LENGTH
BEACON_KEY_LENGTH = 64
BEACON_MAC_LENGTH = 8
_FIELD_MODE = CTR(b"AwsDbeField" + bytes([FIELD_KEY_LENGTH]) + bytes(4))
# A field uses three blocks of the stream: its key, its nonce and four bytes that are not used.
_FIELD_BLOCKS = Struct(f"{KEY_LENGTH}s{NONCE_LENGTH}s4x")
_FIRST_BLOCK = b"\x01"
_SHA384 = SHA384()
_SHA512 = SHA512()


class AuthenticationFailedError(Exception):
    """A tag or commitment did not match. It says nothing more, so that an attacker learns nothing more."""


# RFC 5869: without a salt, the HMAC of the extract step has a key of zeros, as long as its hash. Only copies
# of this object are used.
_EXTRACT = HMAC(bytes(64), _SHA512)


class Hkdf:
    """HKDF-SHA512 without a salt (RFC 5869); the extract step is done once for all keys that are derived."""

    __slots__ = ("_expand",)

    def __init__(self, key: bytes) -> None:
        self._expand = _extracted(key)

    def derive(self, info: bytes, length: int = KEY_LENGTH) -> bytes:
        """Derive at most 64 bytes: one output of the hash, so the first block is enough."""
        block = self._expand.copy()
        block.update(info + _FIRST_BLOCK)
        return block.finalize()[:length]


def derive_pair(key: bytes, first_info: bytes, second_info: bytes) -> tuple[bytes, bytes]:
    """Derive two keys of 32 bytes as `Hkdf` does, from a key from which nothing else is derived."""
    first = _extracted(key)
    second = first.copy()
    first.update(first_info + _FIRST_BLOCK)
    second.update(second_info + _FIRST_BLOCK)
    return first.finalize()[:KEY_LENGTH], second.finalize()[:KEY_LENGTH]


def _extracted(key: bytes) -> HMAC:
    extract = _EXTRACT.copy()
    extract.update(key)
    return HMAC(extract.finalize(), _SHA512)


def gcm_encrypt(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Encrypt with AES-GCM; the result ends in the 16-byte tag."""
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def gcm_decrypt(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """Decrypt with AES-GCM.

    Raises:
        AuthenticationFailedError: the tag does not match.
    """
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, aad)
    except InvalidTag:
        raise AuthenticationFailedError from None


class GcmKey:
    """An AES key that is used many times, with a fresh nonce each time; safe for use by many threads."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Encrypt; the result ends in the 16-byte tag."""
        return self._cipher.encrypt(nonce, plaintext, aad)

    def decrypt(self, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """Decrypt.

        Raises:
            AuthenticationFailedError: the tag does not match.
        """
        try:
            return self._cipher.decrypt(nonce, ciphertext, aad)
        except InvalidTag:
            raise AuthenticationFailedError from None


def encrypt_fields(root: bytes, fields: Sequence[Field], aads: Sequence[bytes]) -> list[Field]:
    """Encrypt an item's fields, each under a key and nonce of its own.

    Args:
        root: The field root key: 32 bytes, for one item only.
        fields: The fields; type ids are not encrypted.
        aads: For each field, what its tag covers besides the ciphertext.
    """
    keys = _field_keys(root, len(fields))
    return [
        (type_id, AESGCM(key).encrypt(nonce, data, aad))
        for (key, nonce), (type_id, data), aad in zip(keys, fields, aads, strict=True)
    ]


def decrypt_fields(root: bytes, fields: Sequence[Field], aads: Sequence[bytes]) -> list[Field]:
    """Decrypt fields that `encrypt_fields` encrypted.

    Raises:
        AuthenticationFailedError: a tag does not match.
    """
    keys = _field_keys(root, len(fields))
    try:
        return [
            (type_id, AESGCM(key).decrypt(nonce, data, aad))
            for (key, nonce), (type_id, data), aad in zip(keys, fields, aads, strict=True)
        ]
    except InvalidTag:
        raise AuthenticationFailedError from None


def _field_keys(root: bytes, count: int) -> Iterator[tuple[bytes, bytes]]:
    """Return the key and nonce of each field, from three blocks per field of the AES-CTR stream under `root`.

    Source: specification `encrypt-path-structure.md`, "Calculate Cipherkey and Nonce".
    """
    stream = Cipher(AES256(root), _FIELD_MODE).encryptor().update(bytes(_FIELD_BLOCKS.size * count))
    return _FIELD_BLOCKS.iter_unpack(stream)


def sha384(data: bytes) -> bytes:
    """Return the SHA-384 hash."""
    return _sha384(data).digest()


def recipient_tag(key: bytes, canonical_hash: bytes) -> bytes:
    """Compute a 48-byte recipient tag (`footer.md`, "Recipient Tags")."""
    return _hmac(key, canonical_hash, _SHA384)


def beacon_mac(key: bytes, data: bytes) -> bytes:
    """Compute the 8 bytes of HMAC-SHA384 from which beacons are taken (`beacons.md`, "basicHash")."""
    return _hmac(key, data, _SHA384)[:BEACON_MAC_LENGTH]


def token_mac(key: bytes, data: bytes) -> bytes:
    """Compute a surrogate key's token: the 48 bytes of HMAC-SHA384."""
    return _hmac(key, data, _SHA384)


def header_commitment(commit_key: bytes, partial_header: bytes) -> bytes:
    """Compute the header's 32-byte commitment.

    It is HMAC-SHA512, truncated: that is what all of AWS's releases write and require, although `header.md`,
    "Commitment Calculation", says HMAC-SHA384.
    """
    return _hmac(commit_key, partial_header, _SHA512)[:KEY_LENGTH]


def _hmac(key: bytes, data: bytes, algorithm: HashAlgorithm) -> bytes:
    mac = HMAC(key, algorithm)
    mac.update(data)
    return mac.finalize()


def check_equal(candidate: bytes, expected: bytes) -> None:
    """Check that two values are equal, in constant time.

    Raises:
        AuthenticationFailedError: they are not.
    """
    if not compare_digest(candidate, expected):
        raise AuthenticationFailedError


def check_one_of(candidates: Iterable[bytes], expected: bytes) -> None:
    """Check that one of the candidates equals `expected`, in constant time.

    All of them are compared, so that the time does not reveal which one it was.

    Raises:
        AuthenticationFailedError: none of them does.
    """
    found = False
    for candidate in candidates:
        found |= compare_digest(candidate, expected)
    if not found:
        raise AuthenticationFailedError
