"""Every kind of keyring that both libraries have: how it writes and reads, described as in `vectors/`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from interop.environment import ACCOUNT, CURVES, OTHER_REGION, REGION
from interop.key_stores import MAKERS

SUITES = ("0x6700", "0x6701")
PADDINGS = ("PKCS1", "OAEP_SHA1_MGF1", "OAEP_SHA256_MGF1", "OAEP_SHA384_MGF1", "OAEP_SHA512_MGF1")


@dataclass(frozen=True)
class KeyringKind:
    """A kind of keyring. Without `reader`, the writer's keyring also reads."""

    group: str
    name: str
    writer: dict[str, Any]
    reader: dict[str, Any] | None = None
    suites: tuple[str, ...] = SUITES

    def __str__(self) -> str:
        return f"{self.group}, {self.name}"


def _ecdh(kind: str, curve: str, scheme: str) -> dict[str, Any]:
    keys = "kms-ec" if kind == "kms-ecdh" else "ec"
    parties = {"sender": f"{keys}-{curve}-sender", "recipient": f"{keys}-{curve}-recipient"}
    return {"kind": kind, "curve": curve, "scheme": scheme, **parties}


def _rsa(padding: str) -> dict[str, Any]:
    return {"kind": "raw-rsa", "key": "rsa-a", "padding": padding}


_FILTER = {"filter": {"accounts": [ACCOUNT], "partition": "aws"}}
_KMS = {"kind": "kms", "key": "kms-a"}

RAW = (
    *(
        KeyringKind("raw AES", f"{bits} bits", {"kind": "raw-aes", "key": f"aes{bits}"})
        for bits in (128, 192, 256)
    ),
    *(KeyringKind("raw RSA", padding, _rsa(padding)) for padding in PADDINGS),
    *(
        KeyringKind(
            "raw ECDH",
            f"{curve}, {scheme if scheme == reader else f'{scheme} to {reader}'}",
            _ecdh("raw-ecdh", curve, scheme),
            _ecdh("raw-ecdh", curve, reader),
        )
        for curve in CURVES
        for scheme, reader in (("static", "static"), ("static", "discovery"), ("ephemeral", "discovery"))
    ),
)
KMS = (
    KeyringKind("KMS", "single key", _KMS),
    KeyringKind(
        "KMS", "multi", {"kind": "kms-multi", "generator": "kms-a", "children": ["kms-b", "kms-elsewhere"]}
    ),
    KeyringKind("KMS", "discovery", _KMS, {"kind": "kms-discovery", "region": REGION, **_FILTER}),
    KeyringKind(
        "KMS",
        "discovery multi",
        {"kind": "kms", "key": "kms-elsewhere"},
        {"kind": "kms-discovery-multi", "regions": [REGION, OTHER_REGION], **_FILTER},
    ),
    KeyringKind(
        "KMS multi-Region",
        "single key",
        {"kind": "kms-mrk", "key": "mrk"},
        {"kind": "kms-mrk", "key": "mrk-elsewhere"},
    ),
    KeyringKind(
        "KMS multi-Region",
        "multi",
        {"kind": "kms-mrk-multi", "generator": "mrk", "children": ["kms-b"]},
        {"kind": "kms-mrk-multi", "generator": "mrk-elsewhere", "children": []},
    ),
    KeyringKind(
        "KMS multi-Region",
        "discovery",
        {"kind": "kms-mrk", "key": "mrk"},
        {"kind": "kms-mrk-discovery", "region": OTHER_REGION, **_FILTER},
    ),
    # AWS's library refuses the suite with a signature for these keyrings.
    *(
        KeyringKind(
            "KMS RSA",
            algorithm.removeprefix("RSAES_"),
            {"kind": "kms-rsa", "key": "kms-rsa", "algorithm": algorithm},
            suites=("0x6700",),
        )
        for algorithm in ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
    ),
    *(
        KeyringKind(
            "KMS ECDH",
            f"{curve}, {'static' if reader == 'static' else 'static to discovery'}",
            _ecdh("kms-ecdh", curve, "static"),
            _ecdh("kms-ecdh", curve, reader),
        )
        for curve in CURVES
        for reader in ("static", "discovery")
    ),
)
MULTI = (
    KeyringKind(
        "multi",
        "raw and KMS",
        {
            "kind": "multi",
            "generator": {"kind": "raw-aes", "key": "aes256"},
            "children": [_KMS, _rsa("OAEP_SHA256_MGF1"), _ecdh("raw-ecdh", "P-384", "static")],
        },
    ),
    KeyringKind(
        "multi",
        "read by its last child",
        {
            "kind": "multi",
            "generator": _KMS,
            "children": [_rsa("PKCS1"), {"kind": "raw-aes", "key": "aes128"}],
        },
        {"kind": "raw-aes", "key": "aes128"},
    ),
)


def _hierarchical(maker: str) -> tuple[KeyringKind, ...]:
    per_tenant = {"attribute": "pk", "default": f"{maker}-b", "values": {"tenant-a": f"{maker}-a"}}
    return (
        KeyringKind(
            "hierarchical", f"key store by {maker}", {"kind": "hierarchical", "branch_key": f"{maker}-a"}
        ),
        KeyringKind(
            "hierarchical",
            f"one key per tenant, key store by {maker}",
            {"kind": "hierarchical", "supplier": per_tenant},
        ),
    )


KEYRING_KINDS = (*RAW, *KMS, *(kind for maker in MAKERS for kind in _hierarchical(maker)), *MULTI)
