"""The key specs: what keys of each spec may be used for.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Usage = Literal["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"]
Family = Literal["symmetric", "rsa", "ecc", "hmac"]

ENCRYPT_DECRYPT: Usage = "ENCRYPT_DECRYPT"
SIGN_VERIFY: Usage = "SIGN_VERIFY"
GENERATE_VERIFY_MAC: Usage = "GENERATE_VERIFY_MAC"
KEY_AGREEMENT: Usage = "KEY_AGREEMENT"

SYMMETRIC_DEFAULT = "SYMMETRIC_DEFAULT"

_RSA_SIGNING = tuple(
    f"RSASSA_{padding}_SHA_{bits}" for padding in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512)
)


@dataclass(frozen=True, slots=True)
class KeySpec:
    """One key spec.

    Args:
        name: The name, such as `RSA_2048`.
        family: Which kind of algorithms the key has.
        size: The bits of an RSA modulus, the bytes of a symmetric or HMAC key; 0 for a curve.
        algorithms: For each usage that keys of this spec may have, the algorithms.
    """

    name: str
    family: Family
    size: int
    algorithms: Mapping[Usage, tuple[str, ...]] = field(repr=False)

    @property
    def symmetric_encryption(self) -> bool:
        """Whether keys of this spec encrypt with an encryption context, generate data keys and rotate."""
        return self.family == "symmetric"


def _rsa(bits: int) -> KeySpec:
    return KeySpec(
        f"RSA_{bits}",
        "rsa",
        bits,
        {ENCRYPT_DECRYPT: ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"), SIGN_VERIFY: _RSA_SIGNING},
    )


def _nist(bits: int, digest: int) -> KeySpec:
    return KeySpec(
        f"ECC_NIST_P{bits}", "ecc", 0, {SIGN_VERIFY: (f"ECDSA_SHA_{digest}",), KEY_AGREEMENT: ("ECDH",)}
    )


def _hmac(bits: int) -> KeySpec:
    return KeySpec(f"HMAC_{bits}", "hmac", bits // 8, {GENERATE_VERIFY_MAC: (f"HMAC_SHA_{bits}",)})


KEY_SPECS: Mapping[str, KeySpec] = MappingProxyType(
    {
        spec.name: spec
        for spec in (
            KeySpec(SYMMETRIC_DEFAULT, "symmetric", 32, {ENCRYPT_DECRYPT: (SYMMETRIC_DEFAULT,)}),
            *(_rsa(bits) for bits in (2048, 3072, 4096)),
            *(_nist(bits, digest) for bits, digest in ((256, 256), (384, 384), (521, 512))),
            KeySpec("ECC_SECG_P256K1", "ecc", 0, {SIGN_VERIFY: ("ECDSA_SHA_256",)}),
            *(_hmac(bits) for bits in (224, 256, 384, 512)),
        )
    }
)
"""Every key spec that the lab has, by name."""

DATA_KEY_PAIR_SPECS = frozenset(name for name, spec in KEY_SPECS.items() if spec.family in {"rsa", "ecc"})
