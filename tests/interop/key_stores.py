"""The key stores of both libraries behind one interface, so that each can continue what the other began."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from dynaseal import BeaconKeyMaterials, BranchKeyMaterials, KeyStore
from dynaseal_lab.stack.provision import Clients
from interop.java import JavaSide

MAKERS = ("Java", "dynaseal")
CONTEXT = {"department": "research", "naïve": "клуб"}

Description = Mapping[str, Any]
"""A branch key, described as in `vectors/`: its id, and its key store's table, logical name and KMS key."""


@dataclass(frozen=True)
class Key:
    """A version of a branch key, or a beacon key, with its encryption context."""

    version: str | None
    key: str = field(repr=False)
    context: Mapping[str, str]


class Store(Protocol):
    """The operations of a key store on one branch key."""

    def create_table(self) -> str: ...
    def create_key(self, context: Mapping[str, str]) -> str: ...
    def version_key(self) -> None: ...
    def active_key(self) -> Key: ...
    def key_version(self, version: str) -> Key: ...
    def beacon_key(self) -> Key: ...


@dataclass(frozen=True)
class JavaStore:
    """The key store of AWS's Java library."""

    java: JavaSide
    branch_key: Description

    def create_table(self) -> str:
        return self._request("create-table")

    def create_key(self, context: Mapping[str, str]) -> str:
        return self._request("create-key", context=context)

    def version_key(self) -> None:
        self._request("version-key")

    def active_key(self) -> Key:
        return Key(**self._request("active-key"))

    def key_version(self, version: str) -> Key:
        return Key(**self._request("key-version", version=version))

    def beacon_key(self) -> Key:
        return Key(version=None, **self._request("beacon-key"))

    def _request(self, do: str, **request: Any) -> Any:
        return self.java.request(do, branch_key=self.branch_key, **request)


@dataclass(frozen=True)
class DynasealStore:
    """The key store of dynaseal."""

    store: KeyStore
    branch_key_id: str

    def create_table(self) -> str:
        return self.store.create_table()

    def create_key(self, context: Mapping[str, str]) -> str:
        return self.store.create_key(self.branch_key_id, context)

    def version_key(self) -> None:
        self.store.version_key(self.branch_key_id)

    def active_key(self) -> Key:
        return _branch_key(self.store.get_active_branch_key(self.branch_key_id))

    def key_version(self, version: str) -> Key:
        return _branch_key(self.store.get_branch_key_version(self.branch_key_id, version))

    def beacon_key(self) -> Key:
        materials: BeaconKeyMaterials = self.store.get_beacon_key(self.branch_key_id)
        return Key(None, materials.beacon_key.hex(), materials.encryption_context)


def dynaseal_key_store(branch_key: Description, clients: Clients) -> KeyStore:
    """Return dynaseal's key store for a branch key."""
    return KeyStore(
        branch_key["key_store_table"],
        branch_key["logical_key_store_name"],
        branch_key["kms_arn"],
        dynamodb_client=clients.dynamodb,
        kms_client=clients.kms,
    )


def both(java: JavaSide, clients: Clients, branch_key: Description) -> dict[str, Store]:
    """Return the key store of a branch key as each library opens it."""
    store = DynasealStore(dynaseal_key_store(branch_key, clients), branch_key["branch_key_id"])
    return {"Java": JavaStore(java, branch_key), "dynaseal": store}


def branch_keys(java: JavaSide, clients: Clients, kms_arn: str) -> dict[str, Any]:
    """Create a key store with each library, with branch keys for two tenants, one of which has two versions.

    Returns:
        Their descriptions, named `Java-a`, `Java-b`, `dynaseal-a` and `dynaseal-b`.
    """
    descriptions: dict[str, Any] = {}
    for maker in MAKERS:
        for tenant in ("a", "b"):
            description = describe(f"keys-by-{maker}", f"tenant-{tenant}", kms_arn)
            descriptions[f"{maker}-{tenant}"] = description
            store = both(java, clients, description)[maker]
            store.create_table()
            store.create_key(CONTEXT)
        store.version_key()
    return descriptions


def describe(table: str, branch_key_id: str, kms_arn: str) -> dict[str, Any]:
    """Return the description of a branch key, whether it exists already or not."""
    return {
        "type": "branch-key",
        "branch_key_id": branch_key_id,
        "key_store_table": table,
        "logical_key_store_name": f"logical {table}",
        "kms_arn": kms_arn,
    }


def _branch_key(materials: BranchKeyMaterials) -> Key:
    return Key(materials.branch_key_version, materials.branch_key.hex(), materials.encryption_context)
