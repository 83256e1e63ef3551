"""The provider of the newest version: what it caches, for how long, and what it asks the store for."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Thread
from typing import Any

import pytest

from dynaseal.legacy.exceptions import InvalidVersionError, NoKnownVersionError
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider, most_recent
from dynaseal.legacy.material_providers.most_recent import CachingMostRecentProvider
from dynaseal.legacy.material_providers.store import ProviderStore
from dynaseal.legacy.material_providers.wrapped import WrappedCryptographicMaterialsProvider
from dynaseal.legacy.structures import EncryptionContext
from support.legacy import DYNASEAL, delegated_key
from support.vectors import VECTORS, read

KEYS = read(VECTORS / "legacy-items.json")["keys"]


class Store(ProviderStore):
    """A store in memory that keeps what it is asked for."""

    def __init__(self) -> None:
        self.newest = -1
        self.requests: list[str] = []

    def max_version(self, material_name: str) -> int:
        self.requests.append("newest")
        if self.newest < 0:
            raise NoKnownVersionError(material_name)
        return self.newest

    def get_or_create_provider(self, material_name: str, version: int) -> CryptographicMaterialsProvider:
        self.requests.append(f"version {version}")
        if version > 8:
            raise InvalidVersionError(material_name)
        self.newest = max(self.newest, version)
        key = delegated_key(DYNASEAL, KEYS, "kek256")
        mac = delegated_key(DYNASEAL, KEYS, "hmac256")
        return WrappedCryptographicMaterialsProvider(mac, key, key, {"version": str(version)})

    def version_from_material_description(self, material_description: Mapping[str, str]) -> int:
        return int(material_description["version"])

    def taken(self) -> list[str]:
        """Return the requests since the last time."""
        requests, self.requests = self.requests, []
        return requests


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(most_recent, "time", clock)
    return clock


@pytest.fixture
def store() -> Store:
    return Store()


def written_version(provider: CachingMostRecentProvider) -> str:
    return provider.encryption_materials(EncryptionContext()).material_description["version"]


def read_version(provider: CachingMostRecentProvider, version: int) -> None:
    provider.decryption_materials(EncryptionContext(material_description={"version": str(version)}))


def test_the_store_is_asked_once_in_the_time_to_live(clock: Clock, store: Store) -> None:
    provider = CachingMostRecentProvider(store, "m", 60)
    for _ in range(3):
        assert written_version(provider) == "0"
    assert store.taken() == ["newest", "version 0"]
    store.newest = 3
    clock.now += 61
    assert written_version(provider) == "3"
    assert store.taken() == ["newest", "version 3"]


def test_each_version_that_is_read_is_fetched_again_after_its_time_to_live(
    clock: Clock, store: Store
) -> None:
    provider = CachingMostRecentProvider(store, "m", 60)
    written_version(provider)
    store.taken()
    for _ in range(2):
        read_version(provider, 5)
        read_version(provider, 5)
        assert store.taken() == ["version 5"]
        clock.now += 61


def test_reading_does_not_put_off_the_search_for_a_newer_version(clock: Clock, store: Store) -> None:
    provider = CachingMostRecentProvider(store, "m", 60)
    written_version(provider)
    clock.now += 59
    read_version(provider, 0)
    clock.now += 2
    store.taken()
    written_version(provider)
    assert store.taken()[0] == "newest"


def test_who_does_not_get_the_lock_in_the_time_of_grace_goes_on_with_the_cached_version(
    clock: Clock, store: Store
) -> None:
    provider = CachingMostRecentProvider(store, "m", 60)
    written_version(provider)
    store.newest, clock.now = 3, clock.now + 60.2
    store.taken()
    with provider._lock:
        assert written_version(provider) == "0"
    assert store.taken() == []
    assert written_version(provider) == "3"


def test_a_version_that_was_dropped_to_make_room_is_fetched_again(clock: Clock, store: Store) -> None:
    provider = CachingMostRecentProvider(store, "m", 60, cache_size=1)
    written_version(provider)
    read_version(provider, 5)
    store.newest = 0
    assert written_version(provider) == "0"
    read_version(provider, 5)
    clock.now += 60.2
    threads = [Thread(target=written_version, args=(provider,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert written_version(provider) == "5"


def test_refresh_forgets_every_version(store: Store) -> None:
    provider = CachingMostRecentProvider(store, "m", 60)
    written_version(provider)
    store.taken()
    provider.refresh()
    written_version(provider)
    assert store.taken() == ["newest", "version 0"]


def test_a_version_that_the_store_does_not_have_gives_no_materials(store: Store) -> None:
    provider = CachingMostRecentProvider(store, "m", 60)
    with pytest.raises(AttributeError, match="No decryption materials available"):
        read_version(provider, 9)
    store.newest = 9
    with pytest.raises(AttributeError, match="No encryption materials available"):
        written_version(provider)
    assert "m" in repr(provider)


@pytest.mark.parametrize(("size", "error"), [(0, ValueError), ("1", TypeError)])
def test_a_cache_holds_at_least_one_version(store: Store, size: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        CachingMostRecentProvider(store, "m", 60, size)
