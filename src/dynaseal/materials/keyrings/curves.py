"""The elliptic curves and keys of the ECDH keyrings; keys are read from PEM or DER and checked."""

from enum import Enum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from dynaseal.core.arguments import check_bytes
from dynaseal.errors import ConfigError

_PEM = b"-----BEGIN"


class Curve(Enum):
    """A NIST curve; the value is its name in the key derivation."""

    P256 = "p256"
    P384 = "p384"
    P521 = "p521"

    @property
    def parameters(self) -> EllipticCurve:
        """The curve as `cryptography` has it."""
        return _PARAMETERS[self]

    @property
    def secret_length(self) -> int:
        """How many bytes a shared secret has: as many as a coordinate."""
        return (self.parameters.key_size + 7) // 8

    def generate(self) -> EllipticCurvePrivateKey:
        """Generate a private key."""
        return generate_private_key(self.parameters)

    def load_public_key(self, encoded: bytes) -> EllipticCurvePublicKey:
        """Read a public key of this curve.

        Args:
            encoded: SubjectPublicKeyInfo, in PEM or DER.

        Raises:
            ConfigError: it is not a public key of this curve in one of these forms.
        """
        check_bytes("An ECDH keyring", public_key=encoded)
        load = load_pem_public_key if encoded.lstrip().startswith(_PEM) else load_der_public_key
        try:
            key = load(encoded)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if isinstance(key, EllipticCurvePublicKey) and key.curve.name == self.parameters.name:
            return key
        raise ConfigError(
            f"The public key is not a key on the curve {self.name} in PEM or DER",
            hint="Pass SubjectPublicKeyInfo, and the curve that the key is on",
        )

    def load_private_key(self, encoded: bytes) -> EllipticCurvePrivateKey:
        """Read a private key of this curve.

        Args:
            encoded: PKCS #8 in PEM or DER, without a password.

        Raises:
            ConfigError: it is not a private key of this curve in one of these forms.
        """
        check_bytes("An ECDH keyring", private_key=encoded)
        is_pem = encoded.lstrip().startswith(_PEM)
        if is_pem and b"ENCRYPTED" in encoded:
            raise ConfigError(
                "The private key is protected by a password", hint="Decrypt it before passing it"
            )
        load = load_pem_private_key if is_pem else load_der_private_key
        try:
            key = load(encoded, None)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if isinstance(key, EllipticCurvePrivateKey) and key.curve.name == self.parameters.name:
            return key
        raise ConfigError(
            f"The private key is not a key on the curve {self.name} in PEM or DER",
            hint="Pass PKCS #8, and the curve that the key is on",
        )

    def load_point(self, point: bytes) -> EllipticCurvePublicKey:
        """Read a public key from a compressed point.

        Raises:
            ValueError: it is not a point of this curve.
        """
        if len(point) != 1 + self.secret_length:
            raise ValueError("not a compressed point of the curve")
        return EllipticCurvePublicKey.from_encoded_point(self.parameters, point)


_PARAMETERS: dict[Curve, EllipticCurve] = {
    Curve.P256: SECP256R1(),
    Curve.P384: SECP384R1(),
    Curve.P521: SECP521R1(),
}


def compressed(key: EllipticCurvePublicKey) -> bytes:
    """Return a public key as a compressed point (SEC 1, section 2.3.3)."""
    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def der(key: EllipticCurvePublicKey) -> bytes:
    """Return a public key as SubjectPublicKeyInfo in DER, the form that KMS uses."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
