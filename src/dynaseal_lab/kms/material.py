"""New key material for every key spec, and private keys loaded from it."""

import asyncio
import secrets

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from dynaseal_lab.kms.specs import KeySpec

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}


async def new_secret(spec: KeySpec) -> bytes:
    """Return random bytes for a symmetric or HMAC key, a new private key in PKCS #8 DER for other keys."""
    if spec.family in {"symmetric", "hmac"}:
        return secrets.token_bytes(spec.size)
    return private_der(await new_private_key(spec))


async def new_private_key(spec: KeySpec) -> PrivateKey:
    """Generate an RSA or elliptic-curve key pair.

    RSA takes up to seconds. It runs in a thread and the search for primes releases the interpreter's lock, so
    the lab goes on answering.
    """
    if spec.family == "rsa":
        return await asyncio.to_thread(rsa.generate_private_key, public_exponent=65537, key_size=spec.size)
    return ec.generate_private_key(_CURVES[spec.name]())


def private_der(key: PrivateKey) -> bytes:
    """Return PKCS #8 DER without a password, the form in which KMS returns a data key pair's private key."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_der(key: PrivateKey) -> bytes:
    """Return SubjectPublicKeyInfo DER, the form in which GetPublicKey returns the public key."""
    return key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def load_private(secret: bytes) -> PrivateKey:
    """Return the RSA or elliptic-curve key in a backing key's secret."""
    key = serialization.load_der_private_key(secret, None)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TypeError("the material is neither an RSA nor an elliptic-curve key")
    return key


def load_rsa(secret: bytes) -> rsa.RSAPrivateKey:
    """Return the RSA key in a backing key's secret."""
    key = load_private(secret)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the material is not an RSA key")
    return key


def load_ecc(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """Return the elliptic-curve key in a backing key's secret."""
    key = load_private(secret)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("the material is not an elliptic-curve key")
    return key
