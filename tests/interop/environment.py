"""What both libraries use: a lab, and keys from `vectors/`, from the lab's KMS and from key stores."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from dynaseal import AwsKmsHierarchicalKeyring, Keyring, KeyStore
from dynaseal_lab.server import running as running_lab
from dynaseal_lab.stack.definition import Place
from dynaseal_lab.stack.provision import AccessKey, Clients
from dynaseal_lab.stack.runner import root_clients
from interop import java
from interop.java import JavaSide
from interop.key_stores import branch_keys, dynaseal_key_store
from support import vectors

ACCOUNT = "111122223333"
REGION, OTHER_REGION = "us-west-2", "eu-west-1"
CURVES = ("P-256", "P-384", "P-521")


@dataclass(frozen=True)
class Environment:
    """The Java program, clients of the lab by Region, and keys by name, described as in `vectors/`."""

    java: JavaSide
    clients: Mapping[str, Clients]
    keys: Mapping[str, dict[str, Any]]

    def client(self, region: str) -> Any:
        """Return the KMS client of a Region."""
        return self.clients[region].kms

    def store(self, branch_key: str) -> KeyStore:
        """Return dynaseal's key store for a branch key."""
        return dynaseal_key_store(self.keys[branch_key], self.clients[REGION])

    def keyring(self, spec: Mapping[str, Any]) -> Keyring:
        """Return dynaseal's keyring for a description."""
        if spec["kind"] != "hierarchical":
            # `vectors.keyring` calls one method of its fake KMS, `client`, which this class has too.
            return vectors.keyring(spec, self.keys, cast("Any", self))
        if "branch_key" in spec:
            key = self.keys[spec["branch_key"]]
            return AwsKmsHierarchicalKeyring(
                self.store(spec["branch_key"]), branch_key_id=key["branch_key_id"], ttl_seconds=600
            )
        supplier = spec["supplier"]

        def supply(attributes: Mapping[str, Any]) -> str:
            name = supplier["values"].get(attributes[supplier["attribute"]].get("S"), supplier["default"])
            return self.keys[name]["branch_key_id"]

        return AwsKmsHierarchicalKeyring(
            self.store(supplier["default"]), branch_key_id_supplier=supply, ttl_seconds=600
        )

    def keys_of(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys that a description names, for Java."""
        return {name: self.keys[name] for name in _strings(spec) if name in self.keys}


@contextmanager
def running() -> Iterator[Environment]:
    """Run a lab with keys of every kind, and the Java program, for the duration of a `with` block.

    Raises:
        NoJavaError: java or mvn is not installed.
    """
    with (
        running_lab() as lab,
        java.running(lab.endpoint, AccessKey(ACCOUNT, lab.root_secret)) as side,
    ):
        clients = {region: root_clients(lab, Place(ACCOUNT, region)) for region in (REGION, OTHER_REGION)}
        keys = {**_raw_keys(), **_kms_keys(clients)}
        created = branch_keys(side, clients[REGION], keys["kms-a"]["arn"])
        yield Environment(side, clients, {**keys, **created})


def wire_json(value: Any) -> Any:
    """Return DynamoDB values as JSON, with binary values as base64."""
    match value:
        case bytes():
            return b64encode(value).decode()
        case dict():
            return {name: wire_json(member) for name, member in value.items()}
        case list():
            return [wire_json(member) for member in value]
    return value


@cache
def _raw_keys() -> dict[str, Any]:
    return vectors.read(vectors.VECTORS / "items-raw.json")["keys"]


def _kms_keys(clients: Mapping[str, Clients]) -> dict[str, Any]:
    kms, other_kms = clients[REGION].kms, clients[OTHER_REGION].kms
    primary = _new_key(kms, MultiRegion=True)
    kms.replicate_key(KeyId=primary["arn"], ReplicaRegion=OTHER_REGION)
    replica = {"type": "kms", "arn": primary["arn"].replace(REGION, OTHER_REGION)}
    keys = {
        "kms-a": _new_key(kms),
        "kms-b": _new_key(kms),
        "kms-elsewhere": _new_key(other_kms),
        "mrk": primary,
        "mrk-elsewhere": replica,
        "kms-rsa": _new_pair(kms, "RSA_2048", "ENCRYPT_DECRYPT"),
    }
    for curve in CURVES:
        for party in ("sender", "recipient"):
            spec = f"ECC_NIST_{curve.replace('-', '')}"
            keys[f"kms-ec-{curve}-{party}"] = _new_pair(kms, spec, "KEY_AGREEMENT")
    return keys


def _new_key(kms: Any, **settings: Any) -> dict[str, Any]:
    return {"type": "kms", "arn": kms.create_key(**settings)["KeyMetadata"]["Arn"]}


def _new_pair(kms: Any, spec: str, usage: str) -> dict[str, Any]:
    key = _new_key(kms, KeySpec=spec, KeyUsage=usage)
    der: bytes = kms.get_public_key(KeyId=key["arn"])["PublicKey"]
    body = b64encode(der).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    pem = f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n"
    return {**key, "public_key": pem, "public_key_der": der.hex()}


def _strings(value: Any) -> Iterator[str]:
    """Yield every string in a JSON value."""
    match value:
        case str():
            yield value
        case dict():
            for member in value.values():
                yield from _strings(member)
        case list():
            for member in value:
                yield from _strings(member)
