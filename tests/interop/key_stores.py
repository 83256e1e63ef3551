"""Key stores of both makers, with the same methods, so that each can go on with what the other began."""

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
"""A branch key as in `vectors/ITEMS.md`: its id, and its key store's table, logical name and KMS key."""


@dataclass(frozen=True)
class Key:
    """A branch key's version or a beacon key, and what is bound to it."""

    version: str | None
    key: str = field(repr=False)
    context: Mapping[str, str]


class Store(Protocol):
    """What a key store does for one branch key."""

    def create_table(self) -> str: ...
    def create_key(self, context: Mapping[str, str]) -> str: ...
    def version_key(self) -> None: ...
    def active_key(self) -> Key: ...
    def key_version(self, version: str) -> Key: ...
    def beacon_key(self) -> Key: ...


@dataclass(frozen=True)
class JavaStore:
    """AWS's key store."""

    java: JavaSide
    branch_key: Description

    def create_table(self) -> str:
        return self._ask("create-table")

    def create_key(self, context: Mapping[str, str]) -> str:
        return self._ask("create-key", context=context)

    def version_key(self) -> None:
        self._ask("version-key")

    def active_key(self) -> Key:
        return Key(**self._ask("active-key"))

    def key_version(self, version: str) -> Key:
        return Key(**self._ask("key-version", version=version))

    def beacon_key(self) -> Key:
        return Key(version=None, **self._ask("beacon-key"))

    def _ask(self, do: str, **request: Any) -> Any:
        return self.java.ask(do, branch_key=self.branch_key, **request)


@dataclass(frozen=True)
class OurStore:
    """This library's key store."""

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


def our_key_store(branch_key: Description, clients: Clients) -> KeyStore:
    """This library's key store of a branch key."""
    return KeyStore(
        branch_key["key_store_table"],
        branch_key["logical_key_store_name"],
        branch_key["kms_arn"],
        dynamodb_client=clients.dynamodb,
        kms_client=clients.kms,
    )


def both(java: JavaSide, clients: Clients, branch_key: Description) -> dict[str, Store]:
    """The key store of a branch key by either maker's library."""
    ours = OurStore(our_key_store(branch_key, clients), branch_key["branch_key_id"])
    return {"Java": JavaStore(java, branch_key), "dynaseal": ours}


def branch_keys(java: JavaSide, clients: Clients, kms_arn: str) -> dict[str, Any]:
    """A key store by each maker, with the branch keys of two tenants, of which one has a second version.

    Returns:
        Their descriptions, as `Java-a` and so on.
    """
    made: dict[str, Any] = {}
    for maker in MAKERS:
        for tenant in ("a", "b"):
            key = made[f"{maker}-{tenant}"] = describe(f"keys-by-{maker}", f"tenant-{tenant}", kms_arn)
            store = both(java, clients, key)[maker]
            store.create_table()
            store.create_key(CONTEXT)
        store.version_key()
    return made


def describe(table: str, branch_key_id: str, kms_arn: str) -> dict[str, Any]:
    """Describe a branch key that is or is to be made."""
    return {
        "type": "branch-key",
        "branch_key_id": branch_key_id,
        "key_store_table": table,
        "logical_key_store_name": f"logical {table}",
        "kms_arn": kms_arn,
    }


def _branch_key(materials: BranchKeyMaterials) -> Key:
    return Key(materials.branch_key_version, materials.branch_key.hex(), materials.encryption_context)
