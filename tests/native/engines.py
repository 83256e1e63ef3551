"""Pairs of encryptors, one for each engine, and what each makes of an item."""

from __future__ import annotations

from typing import Any
from unittest import mock

import dynaseal.encryptor
from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    BranchKeyCache,
    CryptoAction,
    DefaultMaterialsManager,
    DynasealError,
    ItemEncryptor,
    MultiKeyring,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.materials.key_store.branch_keys import BranchKeyMaterials

VERSION = "f1b1c8a6-5a0c-4d4b-9a52-8c6f1c2f3a11"


class OneBranchKey:
    """A key store with one branch key, which counts how often it is asked."""

    def __init__(self) -> None:
        self.fetched = 0

    def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        self.fetched += 1
        return BranchKeyMaterials(branch_key_id, VERSION, bytes(range(32)), {})

    def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        self.fetched += 1
        return BranchKeyMaterials(branch_key_id, version, bytes(range(32)), {})


class OwnKeyring(RawAesKeyring):
    """A keyring that the native engine does not know, because its class is another."""


def hierarchical(*, branch_key_id: str = "tenant") -> AwsKmsHierarchicalKeyring:
    """A keyring whose branch keys never expire: the pairs are made once and used as long as the tests run."""
    return AwsKmsHierarchicalKeyring(
        OneBranchKey(),
        branch_key_id=branch_key_id,
        ttl_seconds=600,
        cache=BranchKeyCache(clock=lambda: 0.0),
    )


def raw(length: int = 32, *, kind: type[RawAesKeyring] = RawAesKeyring, name: str = "one") -> RawAesKeyring:
    return kind("tests", name, bytes(range(length)))


KNOWN = {
    "raw 128": {"keyring": raw(16)},
    "raw 192": {"keyring": raw(24)},
    "raw 256": {"keyring": raw(32)},
    "hierarchical": {"keyring": hierarchical()},
}
"""Keyrings inside the native engine."""

OTHERS = {
    "subclass": {"keyring": raw(kind=OwnKeyring)},
    "multi": {"keyring": MultiKeyring(raw(), [raw(16, name="two"), hierarchical()])},
    "manager": {"keyring": None, "cmm": DefaultMaterialsManager(raw())},
}
"""Keyrings and materials managers from which Python gets the materials."""

DEFAULTS = [action for action in CryptoAction if action is not CryptoAction.DO_NOTHING]


def config(keyring: Any, suite: AlgorithmSuite, default: CryptoAction, **more: Any) -> TableConfig:
    actions = AttributeActions(default, {"free": CryptoAction.DO_NOTHING, "open": CryptoAction.SIGN_ONLY})
    return TableConfig(
        "people",
        "pk",
        **{"keyring": keyring, "attribute_actions": actions, "algorithm_suite": suite, **more},
    )


def in_python(table: TableConfig) -> ItemEncryptor:
    """An encryptor that uses the Python engine."""
    with mock.patch.object(dynaseal.encryptor, "native_engine", return_value=None):
        return ItemEncryptor(table)


def natively(table: TableConfig) -> ItemEncryptor:
    """An encryptor that uses the native engine, and has what it needs in its caches."""
    encryptor = ItemEncryptor(table)
    encryptor.decrypt_item(encryptor.encrypt_item({"pk": {"S": "warm"}}))
    return encryptor


Pair = tuple[ItemEncryptor, ItemEncryptor]


def pairs_of(keyrings: dict[str, dict[str, Any]]) -> dict[tuple[str, str, str], Pair]:
    """The native and the Python encryptor for each keyring, suite and default action."""
    return {
        (name, suite.name, default.name): (natively(table), in_python(table))
        for name, parts in keyrings.items()
        for suite in AlgorithmSuite
        for default in DEFAULTS
        for table in [config(suite=suite, default=default, **parts)]
    }


def native_result(encryptor: ItemEncryptor, stored: dict[str, Any]) -> dict[str, Any] | None:
    """What the native engine itself makes of a stored item."""
    native = encryptor._native_reader
    assert native is not None
    return encryptor._decrypt_natively(native, stored)


def read(encryptor: ItemEncryptor, stored: dict[str, Any]) -> Any:
    """The decrypted item, or the error's type and message."""
    try:
        return encryptor.decrypt_item(stored)
    except (DynasealError, TypeError) as error:
        return type(error), str(error)


def written(encryptor: ItemEncryptor, plain: dict[str, Any]) -> Any:
    """The item as it comes back, or the error's type and message."""
    try:
        return encryptor.decrypt_item(encryptor.encrypt_item(plain))
    except (DynasealError, TypeError) as error:
        return type(error), str(error)
