"""Every call to cryptography that the format makes, under the format's own words.

Nonces are fixed or derived in places only where the specification gives each key a single use; callers say
which. Failures raise: nobody can forget to look at a returned bool.
"""

from collections.abc import Iterable
from hashlib import sha384 as _sha384
from hmac import compare_digest
from hmac import digest as _hmac_digest

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.hmac import HMAC

KEY_LENGTH = 32
NONCE_LENGTH = 12
TAG_LENGTH = 16
FIELD_KEY_LENGTH = 44
BEACON_KEY_LENGTH = 64
BEACON_MAC_LENGTH = 8
FIELD_STRIDE = 48
_FIELD_COUNTER = b"AwsDbeField" + bytes([FIELD_KEY_LENGTH]) + bytes(4)
_SHA512 = SHA512()


class AuthenticationFailedError(Exception):
    """A tag did not match; says nothing more."""


# RFC 5869: without a salt, the extracting HMAC's key is a hash's length of zeros. Only ever copied.
_EXTRACT = HMAC(bytes(64), _SHA512)


class Hkdf:
    """HKDF-SHA512 without a salt (RFC 5869), extracted once for all that is derived from one key."""

    __slots__ = ("_expand",)

    def __init__(self, key: bytes) -> None:
        extract = _EXTRACT.copy()
        extract.update(key)
        self._expand = HMAC(extract.finalize(), _SHA512)

    def derive(self, info: bytes, length: int = KEY_LENGTH) -> bytes:
        """Derive at most 64 bytes: no more than one output of the hash, so the first block's front."""
        block = self._expand.copy()
        block.update(info + b"\x01")
        return block.finalize()[:length]


def gcm_encrypt(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Encrypt with AES-GCM; the 16-byte tag ends the result."""
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def gcm_decrypt(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """Decrypt AES-GCM.

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
        """Encrypt; the 16-byte tag ends the result."""
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


def field_stream(root: bytes, count: int) -> bytes:
    """Derive the keys and nonces of a record's encrypted fields: 48 bytes a field, the last 4 of them unused.

    The field at position n uses the 44 bytes of the AES-CTR stream under `root` that begin at block 3n
    (`encrypt-path-structure.md`, "Calculate Cipherkey and Nonce"). A root key must serve one record only.
    """
    return Cipher(AES(root), CTR(_FIELD_COUNTER)).encryptor().update(bytes(FIELD_STRIDE * count))


def encrypt_field(stream: bytes, at: int, plaintext: bytes, aad: bytes) -> bytes:
    """Encrypt under the key and nonce at an offset of a field stream."""
    nonce = stream[at + KEY_LENGTH : at + FIELD_KEY_LENGTH]
    return AESGCM(stream[at : at + KEY_LENGTH]).encrypt(nonce, plaintext, aad)


def decrypt_field(stream: bytes, at: int, ciphertext: bytes, aad: bytes) -> bytes:
    """Decrypt under the key and nonce at an offset of a field stream.

    Raises:
        AuthenticationFailedError: the tag does not match.
    """
    nonce = stream[at + KEY_LENGTH : at + FIELD_KEY_LENGTH]
    return gcm_decrypt(stream[at : at + KEY_LENGTH], nonce, ciphertext, aad)


def sha384(data: bytes) -> bytes:
    """Hash with SHA-384."""
    return _sha384(data).digest()


def recipient_tag(key: bytes, canonical_hash: bytes) -> bytes:
    """Compute a recipient's 48-byte tag (`footer.md`, "Recipient Tags")."""
    return _hmac_digest(key, canonical_hash, "sha384")


def beacon_mac(key: bytes, data: bytes) -> bytes:
    """Compute the 8 bytes of HMAC-SHA384 that beacons are cut from (`beacons.md`, "basicHash")."""
    return _hmac_digest(key, data, "sha384")[:BEACON_MAC_LENGTH]


def token_mac(key: bytes, data: bytes) -> bytes:
    """Compute the 48 bytes of HMAC-SHA384 that are a surrogate key's token."""
    return _hmac_digest(key, data, "sha384")


def header_commitment(commit_key: bytes, partial_header: bytes) -> bytes:
    """Compute the header's 32-byte commitment.

    HMAC-SHA512, cut: so all of AWS's releases write and demand it, where `header.md` says SHA384.
    """
    return _hmac_digest(commit_key, partial_header, "sha512")[:KEY_LENGTH]


def check_one_of(candidates: Iterable[bytes], wanted: bytes) -> None:
    """Check that one candidate equals `wanted`; all are compared, in constant time, so time tells nothing.

    Raises:
        AuthenticationFailedError: none does.
    """
    if True not in [compare_digest(candidate, wanted) for candidate in candidates]:
        raise AuthenticationFailedError
