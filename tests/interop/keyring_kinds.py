"""Every way to wrap a data key that both sides know: what writes and what reads, as in `vectors/ITEMS.md`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from interop.stores import MAKERS
from interop.world import ACCOUNT, CURVES, OTHER_REGION, REGION

SUITES = ("0x6700", "0x6701")
PADDINGS = ("PKCS1", "OAEP_SHA1_MGF1", "OAEP_SHA256_MGF1", "OAEP_SHA384_MGF1", "OAEP_SHA512_MGF1")


@dataclass(frozen=True)
class Kind:
    """A kind of keyring; `reader` left out is the writer's."""

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
    *(Kind("raw AES", f"{bits} bits", {"kind": "raw-aes", "key": f"aes{bits}"}) for bits in (128, 192, 256)),
    *(Kind("raw RSA", padding, _rsa(padding)) for padding in PADDINGS),
    *(
        Kind(
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
    Kind("KMS", "single key", _KMS),
    Kind("KMS", "multi", {"kind": "kms-multi", "generator": "kms-a", "children": ["kms-b", "kms-elsewhere"]}),
    Kind("KMS", "discovery", _KMS, {"kind": "kms-discovery", "region": REGION, **_FILTER}),
    Kind(
        "KMS",
        "discovery multi",
        {"kind": "kms", "key": "kms-elsewhere"},
        {"kind": "kms-discovery-multi", "regions": [REGION, OTHER_REGION], **_FILTER},
    ),
    Kind(
        "KMS multi-Region",
        "single key",
        {"kind": "kms-mrk", "key": "mrk"},
        {"kind": "kms-mrk", "key": "mrk-elsewhere"},
    ),
    Kind(
        "KMS multi-Region",
        "multi",
        {"kind": "kms-mrk-multi", "generator": "mrk", "children": ["kms-b"]},
        {"kind": "kms-mrk-multi", "generator": "mrk-elsewhere", "children": []},
    ),
    Kind(
        "KMS multi-Region",
        "discovery",
        {"kind": "kms-mrk", "key": "mrk"},
        {"kind": "kms-mrk-discovery", "region": OTHER_REGION, **_FILTER},
    ),
    # AWS refuses the suite with a signature here.
    *(
        Kind(
            "KMS RSA",
            algorithm.removeprefix("RSAES_"),
            {"kind": "kms-rsa", "key": "kms-rsa", "algorithm": algorithm},
            suites=("0x6700",),
        )
        for algorithm in ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
    ),
    *(
        Kind(
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
    Kind(
        "multi",
        "raw and KMS",
        {
            "kind": "multi",
            "generator": {"kind": "raw-aes", "key": "aes256"},
            "children": [_KMS, _rsa("OAEP_SHA256_MGF1"), _ecdh("raw-ecdh", "P-384", "static")],
        },
    ),
    Kind(
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


def _hierarchical(maker: str) -> tuple[Kind, ...]:
    per_tenant = {"attribute": "pk", "default": f"{maker}-b", "values": {"tenant-a": f"{maker}-a"}}
    return (
        Kind("hierarchical", f"key store by {maker}", {"kind": "hierarchical", "branch_key": f"{maker}-a"}),
        Kind(
            "hierarchical",
            f"by tenant, key store by {maker}",
            {"kind": "hierarchical", "supplier": per_tenant},
        ),
    )


KINDS = (*RAW, *KMS, *(kind for maker in MAKERS for kind in _hierarchical(maker)), *MULTI)
