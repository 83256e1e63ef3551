"""P-384 over `awscrt` (AWS's C libraries); imported only where the extra `fast` is installed."""

from awscrt.crypto import EC, ECType  # pyright: ignore[reportMissingTypeStubs] awscrt ships none
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from dynaseal.core.signatures import COORDINATE_LENGTH, Backend


def backend() -> Backend:
    """Return the implementation over `awscrt`."""
    return Backend("awscrt", _AwscrtKey, _verify)


class _AwscrtKey:
    __slots__ = ("_key", "public_key")

    def __init__(self) -> None:
        self._key = EC.new_generate(ECType.P_384)
        x, y = self._key.get_public_coords()
        # awscrt returns a coordinate without its leading zeros.
        self.public_key = (b"\x03" if y[-1] & 1 else b"\x02") + x.rjust(COORDINATE_LENGTH, b"\x00")

    def sign(self, digest: bytes) -> bytes:
        return self._key.sign(digest)


def _verify(key: EllipticCurvePublicKey, digest: bytes, signature: bytes) -> bool:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return EC.new_key_from_der_data(der).verify(digest, signature)
