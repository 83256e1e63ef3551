"""A key store of a user's own that returns something else than was requested: no item is written or read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from dynaseal import (
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    BeaconVersion,
    BranchKeyCache,
    CryptoAction,
    EncryptError,
    ItemEncryptor,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
    UnwrapError,
)
from dynaseal.materials.key_store.branch_keys import BeaconKeyMaterials, BranchKeyMaterials
from native.engines import in_python

VERSION = "f1b1c8a6-5a0c-4d4b-9a52-8c6f1c2f3a11"
OTHER_VERSION = "00000000-5a0c-4d4b-9a52-8c6f1c2f3a11"
KEY = bytes(32)
Engine = Callable[[TableConfig], ItemEncryptor]
ITEM = {"pk": {"S": "ann"}, "salary": {"N": "1"}}


def no_change(materials: Any) -> Any:
    return materials


@dataclass(eq=False)
class OwnKeyStore:
    """A key store with the keys of one tenant, whose replies are changed."""

    change: Callable[[Any], Any] = no_change

    def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        return self.change(BranchKeyMaterials(branch_key_id, VERSION, KEY, {}))

    def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        return self.change(BranchKeyMaterials(branch_key_id, version, KEY, {}))

    def get_beacon_key(self, branch_key_id: str) -> BeaconKeyMaterials:
        return self.change(BeaconKeyMaterials(branch_key_id, KEY, {}))


def table(store: Any, cache: BranchKeyCache | None = None) -> TableConfig:
    keyring = AwsKmsHierarchicalKeyring(store, branch_key_id="a", ttl_seconds=600, cache=cache)
    return TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)


def encryptor(store: OwnKeyStore) -> ItemEncryptor:
    return ItemEncryptor(table(store))


class OneBuffer(OwnKeyStore):
    """A key store that reads every key into the same buffer, and wipes it before it reads the next one."""

    def __init__(self) -> None:
        self.buffer = bytearray(32)

    def read(self, branch_key_id: str) -> Any:
        self.buffer[:] = branch_key_id.encode() * 32
        return self.buffer

    def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        return BranchKeyMaterials(branch_key_id, VERSION, self.read(branch_key_id), {})

    def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        return BranchKeyMaterials(branch_key_id, version, self.read(branch_key_id), {})

    def get_beacon_key(self, branch_key_id: str) -> BeaconKeyMaterials:
        return BeaconKeyMaterials(branch_key_id, self.read(branch_key_id), {})


@pytest.mark.parametrize("engine", [ItemEncryptor, in_python])
def test_a_key_store_may_use_the_buffer_of_a_key_again(engine: Engine) -> None:
    store = OneBuffer()
    writer, reader = engine(table(store)), engine(table(OneBuffer()))
    writer.encrypt_item(ITEM)
    store.buffer[:] = bytes(32)
    stored = writer.encrypt_item(ITEM)  # under the branch key in the cache
    assert reader.decrypt_item(stored) == reader.decrypt_item(stored) == ITEM


def test_the_materials_of_a_key_store_hold_a_copy_of_the_key() -> None:
    store = OneBuffer()
    branch_key, beacon_key = store.get_active_branch_key("a"), store.get_beacon_key("b")
    store.buffer[:] = bytes(32)
    assert (branch_key.branch_key, beacon_key.beacon_key) == (b"a" * 32, b"b" * 32)


@dataclass
class Unhashable(OwnKeyStore):
    """A key store with the methods of a dataclass: equal to any other one, and without a hash."""

    key: bytes = field(default=KEY, compare=False)

    def get_active_branch_key(self, branch_key_id: str) -> BranchKeyMaterials:
        return BranchKeyMaterials(branch_key_id, VERSION, self.key, {})

    def get_branch_key_version(self, branch_key_id: str, version: str) -> BranchKeyMaterials:
        return BranchKeyMaterials(branch_key_id, version, self.key, {})


class Equal(Unhashable):
    """A key store that is equal to any other one, with the same hash."""

    def __hash__(self) -> int:
        return 1


@pytest.mark.parametrize("kind", [Unhashable, Equal])
@pytest.mark.parametrize("engine", [ItemEncryptor, in_python])
def test_key_stores_that_are_equal_do_not_share_cached_keys(kind: Any, engine: Engine) -> None:
    cache, store, other = BranchKeyCache(), kind(key=KEY), kind(key=b"o" * 32)
    assert store == other
    for each in (store, other, store, other):
        stored = engine(table(each, cache)).encrypt_item(ITEM)
        assert engine(table(kind(key=each.key))).decrypt_item(stored) == ITEM
        assert engine(table(each, cache)).decrypt_item(stored) == ITEM
    assert (
        repr(cache) == "BranchKeyCache(4 of 1000)"
    )  # for each store, the active version and the one that is read


class OwnCache(BranchKeyCache):
    """A cache of a user's own, whose replies are changed."""

    change: Callable[[Any], Any] = staticmethod(no_change)

    def get(self, key: Any, ttl_seconds: float, load: Callable[[], Any]) -> Any:
        return self.change(super().get(key, ttl_seconds, load))


FAULTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "nothing": (lambda _: None, "an object of the type NoneType for the branch key 'a', not Br"),
    "a beacon key": (lambda _: BeaconKeyMaterials("a", KEY, {}), "of the type BeaconKeyMaterials"),
    "another tenant's": (lambda _: BranchKeyMaterials("b", VERSION, KEY, {}), "asked for .*'a', .* of 'b'"),
    "a short key": (lambda _: BranchKeyMaterials("a", VERSION, KEY[1:], {}), "must be 32 bytes, and is 31"),
    "text": (lambda _: BranchKeyMaterials("a", VERSION, "k" * 32, {}), "must be 32 bytes, and is a str"),  # pyright: ignore[reportArgumentType]
    "upper case": (
        lambda _: BranchKeyMaterials("a", VERSION.upper(), KEY, {}),
        "is not a UUID in lower case",
    ),
    "no UUID": (lambda _: BranchKeyMaterials("a", "2026", KEY, {}), "version '2026' .* is not a UUID"),
    "no version": (lambda _: BranchKeyMaterials("a", None, KEY, {}), "version None .* is not a UUID"),  # pyright: ignore[reportArgumentType]
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_item_is_written_or_read_under_another_branch_key_than_was_requested(fault: str) -> None:
    store = OwnKeyStore()
    stored = encryptor(store).encrypt_item(ITEM)
    assert encryptor(store).decrypt_item(stored) == ITEM
    store.change, message = FAULTS[fault]
    with pytest.raises(EncryptError, match=message):
        encryptor(store).encrypt_item(ITEM)
    with pytest.raises(UnwrapError, match=message):
        encryptor(store).decrypt_item(stored)


def test_no_item_is_read_under_another_version_than_was_requested() -> None:
    store = OwnKeyStore()
    stored = encryptor(store).encrypt_item(ITEM)
    store.change = lambda _: BranchKeyMaterials("a", OTHER_VERSION, KEY, {})
    with pytest.raises(UnwrapError, match=f"version '{VERSION}' .* returned the version '{OTHER_VERSION}'"):
        encryptor(store).decrypt_item(stored)
    assert encryptor(store).encrypt_item(ITEM)  # the active version is whichever the store says


CACHE_FAULTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "nothing": (lambda _: None, "returned an object of the type NoneType for the branch key 'a'"),
    "another tenant's": (lambda _: BranchKeyMaterials("b", VERSION, KEY, {}), "asked for .*'a', .* of 'b'"),
}


@pytest.mark.parametrize("fault", CACHE_FAULTS)
def test_no_item_is_written_or_read_under_another_branch_key_of_a_cache(fault: str) -> None:
    cache = OwnCache()
    cached = in_python(table(OwnKeyStore(), cache))
    stored = cached.encrypt_item(ITEM)
    assert cached.decrypt_item(stored) == ITEM
    cache.change, message = CACHE_FAULTS[fault]
    with pytest.raises(EncryptError, match=f"The cache of branch keys .*{message}"):
        cached.encrypt_item(ITEM)
    with pytest.raises(UnwrapError, match=f"The cache of branch keys .*{message}"):
        cached.decrypt_item(stored)


BEACON_FAULTS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "nothing": (lambda _: None, "an object of the type NoneType for the branch key 'b', not Be"),
    "a branch key": (lambda _: BranchKeyMaterials("b", VERSION, KEY, {}), "of the type BranchKeyMaterials"),
    "another tenant's": (lambda _: BeaconKeyMaterials("c", KEY, {}), "asked for .*'b', .* of 'c'"),
    "a short key": (lambda _: BeaconKeyMaterials("b", KEY[1:], {}), "must be 32 bytes, and is 31"),
}


@pytest.mark.parametrize("fault", BEACON_FAULTS)
def test_no_beacon_is_made_with_another_key_than_was_requested(fault: str) -> None:
    keys, beacon_keys = OwnKeyStore(), OwnKeyStore()
    search = BeaconVersion(
        key_store=beacon_keys,
        key_source=SingleKeySource("b", ttl_seconds=600),
        standard_beacons=[StandardBeacon("salary", length=8)],
    )
    config = TableConfig(
        "people",
        "pk",
        attribute_actions=AttributeActions(CryptoAction.ENCRYPT_AND_SIGN),
        keyring=AwsKmsHierarchicalKeyring(keys, branch_key_id="a", ttl_seconds=600),
        search=SearchConfig([search]),
    )
    assert "aws_dbe_b_salary" in ItemEncryptor(config).encrypt_item(ITEM)
    beacon_keys.change, message = BEACON_FAULTS[fault]
    with pytest.raises(EncryptError, match=message):
        ItemEncryptor(config).encrypt_item(ITEM)
