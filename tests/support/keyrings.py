"""One keyring of each kind, over the test keys of `vectors/` and a stand-in for KMS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dynaseal import AlgorithmSuite, Keyring
from dynaseal.testing import Subject
from support import vectors
from support.fake_kms import FakeKms

KEYS: dict[str, Any] = (
    vectors.read(vectors.VECTORS / "items-raw.json")["keys"]
    | vectors.read(vectors.VECTORS / "items-kms.json")["keys"]
)
KMS_A, KMS_B, KMS_EU = (KEYS[name]["arn"] for name in ("kms-a", "kms-b", "kms-eu"))
OTHER_ACCOUNT = KEYS["kms-other-account"]["arn"]
MRK_US, MRK_EU = KEYS["mrk-us"]["arn"], KEYS["mrk-eu"]["arn"]
RSA = KEYS["kms-rsa"]["arn"]
UNSIGNED = (AlgorithmSuite.COMMIT_KEY_SYMSIG,)


def fake_kms() -> FakeKms:
    """Return a KMS that has the test keys."""
    return vectors.kms_for({"keys": KEYS})


def build(kms: FakeKms, **spec: Any) -> Keyring:
    """Build a keyring from a description as in `vectors/`."""
    return vectors.keyring(spec, KEYS, kms)


@dataclass(frozen=True)
class Kind:
    """A kind of keyring: descriptions of one that writes and one that reads, by default the same."""

    name: str
    writer: dict[str, Any]
    reader: dict[str, Any] | None = None
    suites: tuple[AlgorithmSuite, ...] = tuple(AlgorithmSuite)
    secrets: tuple[bytes, ...] = ()

    def __str__(self) -> str:
        return self.name

    def subject(self) -> Subject:
        kms = fake_kms()
        writer = build(kms, **self.writer)
        return Subject(writer, build(kms, **(self.reader or self.writer)), self.suites, self.secrets)


def _secret(name: str) -> bytes:
    pem: str = KEYS[name]["private_key"]
    return pem.splitlines()[3].encode()


_RSA_A = {"kind": "raw-rsa", "key": "rsa-a"}
_AES = {"kind": "raw-aes", "key": "aes256"}


def _ecdh(kind: str, curve: str, scheme: str) -> dict[str, Any]:
    names = "kms-ec" if kind == "kms-ecdh" else "ec"
    parties = {"sender": f"{names}-{curve}-sender", "recipient": f"{names}-{curve}-recipient"}
    return {"kind": kind, "curve": curve, "scheme": scheme, **parties}


KINDS = (
    Kind("raw-aes", _AES, secrets=(bytes.fromhex(KEYS["aes256"]["material"]),)),
    *(
        Kind(f"raw-rsa-{padding}", {**_RSA_A, "padding": padding}, secrets=(_secret("rsa-a"),))
        for padding in ("PKCS1", "OAEP_SHA1_MGF1", "OAEP_SHA256_MGF1", "OAEP_SHA384_MGF1", "OAEP_SHA512_MGF1")
    ),
    *(
        Kind(f"{kind}-{scheme}-{curve}", _ecdh(kind, curve, scheme), _ecdh(kind, curve, reader))
        for curve in ("P-256", "P-384", "P-521")
        for kind, scheme, reader in (
            ("raw-ecdh", "static", "static"),
            ("raw-ecdh", "ephemeral", "discovery"),
            ("kms-ecdh", "static", "discovery"),
        )
    ),
    Kind("kms", {"kind": "kms", "key": "kms-a"}),
    Kind("kms-mrk", {"kind": "kms-mrk", "key": "mrk-us"}, {"kind": "kms-mrk", "key": "mrk-eu"}),
    Kind("kms-multi", {"kind": "kms-multi", "generator": "kms-a", "children": ["kms-b", "kms-eu"]}),
    Kind(
        "kms-discovery",
        {"kind": "kms", "key": "kms-a"},
        {"kind": "kms-discovery", "region": "us-west-2"},
    ),
    Kind(
        "kms-mrk-discovery",
        {"kind": "kms-mrk-multi", "generator": "mrk-us", "children": []},
        {"kind": "kms-mrk-discovery", "region": "eu-west-1"},
    ),
    Kind(
        "kms-rsa",
        {"kind": "kms-rsa", "key": "kms-rsa", "algorithm": "RSAES_OAEP_SHA_256"},
        suites=UNSIGNED,
    ),
    Kind(
        "multi",
        {
            "kind": "multi",
            "generator": _AES,
            "children": [{"kind": "kms", "key": "kms-a"}, {**_RSA_A, "padding": "OAEP_SHA256_MGF1"}],
        },
    ),
)
"""Every kind of keyring that is not hierarchical."""
