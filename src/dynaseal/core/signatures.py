"""ECDSA over P-384, with signatures of one fixed length.

- Each item has a fresh signing key; readers find the compressed public key in the encryption context.
- The signature is DER of exactly 103 bytes. (r, s) and (r, order - s) both verify and nearly always differ
  in length, so half of all signatures have that length at once and the others get it by replacing s.
- `awscrt`, where it is installed (extra `fast`), is 2 to 3 times faster than `cryptography` at this curve.

Source: specification `footer.md`, "Signature"; AWS's releases write signatures of this length.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dynaseal.core.footer import SIGNATURE_LENGTH
from dynaseal.core.primitives import AuthenticationFailedError

COORDINATE_LENGTH = 48
PUBLIC_KEY_LENGTH = 1 + COORDINATE_LENGTH
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
_CURVE = ec.SECP384R1()
_ALGORITHM = ec.ECDSA(Prehashed(SHA384()))


class SigningKey(Protocol):
    """The signing key of one item."""

    @property
    def public_key(self) -> bytes:
        """The public key as a compressed point: 49 bytes."""
        ...

    def sign(self, digest: bytes) -> bytes:
        """Sign a SHA-384 digest; the signature is DER."""
        ...


class Backend(NamedTuple):
    """One library's implementation of P-384."""

    name: str
    generate: Callable[[], SigningKey]
    verify: Callable[[ec.EllipticCurvePublicKey, bytes, bytes], bool]


def sign(key: SigningKey, digest: bytes) -> bytes:
    """Sign a SHA-384 digest with a signature of exactly 103 bytes."""
    while True:
        signature = key.sign(digest)
        if len(signature) == SIGNATURE_LENGTH:
            return signature
        r, s = decode_dss_signature(signature)
        signature = encode_dss_signature(r, _ORDER - s)
        if len(signature) == SIGNATURE_LENGTH:
            return signature


def load_public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """Read a public key from a compressed point.

    Raises:
        ValueError: it is not a compressed point of the curve.
    """
    if len(point) != PUBLIC_KEY_LENGTH:
        raise ValueError("not a compressed point of P-384")
    return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)


def verify(key: ec.EllipticCurvePublicKey, digest: bytes, signature: bytes) -> None:
    """Verify the signature of a SHA-384 digest.

    Raises:
        AuthenticationFailedError: it is not the signature of that digest by that key.
    """
    if not backend().verify(key, digest, signature):
        raise AuthenticationFailedError


def generate() -> SigningKey:
    """Make a fresh signing key."""
    return backend().generate()


@cache
def backend() -> Backend:
    """Return the fastest implementation that is installed."""
    try:
        from dynaseal.core import signatures_awscrt  # noqa: PLC0415 the library is optional
    except ImportError:
        return cryptography_backend()
    return signatures_awscrt.backend()


def cryptography_backend() -> Backend:
    """Return the implementation over `cryptography`."""
    return Backend("cryptography", _CryptographyKey, _verify)


class _CryptographyKey:
    __slots__ = ("_key", "public_key")

    def __init__(self) -> None:
        self._key = ec.generate_private_key(_CURVE)
        self.public_key = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)

    def sign(self, digest: bytes) -> bytes:
        return self._key.sign(digest, _ALGORITHM)


def _verify(key: ec.EllipticCurvePublicKey, digest: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, digest, _ALGORITHM)
    except InvalidSignature:
        return False
    return True
