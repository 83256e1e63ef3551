"""The provider that writes with the newest version of a material and reads with the version an item names.

Versions are cached for a time to live. After it follows a short time of grace, in which one thread fetches
the version anew and the others go on with the cached one.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from enum import Enum
from threading import Lock, RLock
from typing import Any

from dynaseal.legacy.exceptions import InvalidVersionError, NoKnownVersionError
from dynaseal.legacy.identifiers import LOGGER_NAME
from dynaseal.legacy.internal.validators import check_type
from dynaseal.legacy.material_providers import CryptographicMaterialsProvider
from dynaseal.legacy.material_providers.store import ProviderStore
from dynaseal.legacy.materials import CryptographicMaterials
from dynaseal.legacy.structures import EncryptionContext

__all__ = ("CachingMostRecentProvider",)

_LOGGER = logging.getLogger(LOGGER_NAME)
_GRACE_PERIOD = 0.5
_ENCRYPT_ACTION = "encrypt"
_DECRYPT_ACTION = "decrypt"


class TtlActions(Enum):
    """How old a cached version is."""

    EXPIRED = 0
    GRACE_PERIOD = 1
    LIVE = 2


class BasicCache:
    """A cache that drops what was not used for longest.

    Args:
        capacity: How many entries it holds.

    Raises:
        TypeError: the capacity is not an integer.
        ValueError: it is less than 1.
    """

    def __init__(self, capacity: int) -> None:
        check_type("capacity", capacity, int)
        if capacity < 1:
            raise ValueError("Cache capacity must be at least 1")
        self.capacity = capacity
        self._cache_lock = RLock()
        self._cache: OrderedDict[Hashable, Any] = OrderedDict()

    def put(self, name: Hashable, value: Any) -> None:
        """Keep a value."""
        with self._cache_lock:
            self._cache[name] = value
            self._cache.move_to_end(name)
            while len(self._cache) > self.capacity:
                self._cache.popitem(last=False)

    def get(self, name: Hashable) -> Any:
        """Return a value.

        Raises:
            KeyError: it is not in the cache.
        """
        with self._cache_lock:
            self._cache.move_to_end(name)
            return self._cache[name]

    def evict(self, name: Hashable) -> None:
        """Drop a value, if it is there."""
        with self._cache_lock:
            self._cache.pop(name, None)

    def clear(self) -> None:
        """Drop every value."""
        with self._cache_lock:
            self._cache.clear()


class CachingMostRecentProvider(CryptographicMaterialsProvider):
    """Gives materials of a provider store: the newest for writing, the item's own for reading.

    Args:
        provider_store: The store.
        material_name: The material's name.
        version_ttl: Seconds after which a cached version is fetched anew.
        cache_size: How many versions are cached.

    Raises:
        TypeError: an argument has another type.
        ValueError: the cache holds less than one version.
    """

    def __init__(
        self,
        provider_store: ProviderStore,
        material_name: str,
        version_ttl: float,
        cache_size: int = 1000,
    ) -> None:
        check_type("_provider_store", provider_store, ProviderStore)
        check_type("_material_name", material_name, str)
        check_type("_version_ttl", version_ttl, (float, int))
        self._provider_store = provider_store
        self._material_name = material_name
        self._version_ttl = version_ttl
        self._cache_size = cache_size
        self._grace_period = _GRACE_PERIOD
        self._lock = Lock()
        self._cache = BasicCache(cache_size)
        self._version: int | None = None
        self._last_updated: float | None = None

    def decryption_materials(self, encryption_context: EncryptionContext) -> CryptographicMaterials:
        """Return the materials of the version that the item's description names.

        Raises:
            AttributeError: the store does not have that version.
        """
        version = self._provider_store.version_from_material_description(
            encryption_context.material_description
        )
        ttl_action = self._ttl_action(version, _DECRYPT_ACTION)
        if ttl_action is TtlActions.EXPIRED:
            self._cache.evict(version)
        provider = self._live(version, ttl_action)
        if provider is None:
            try:
                provider = self._get_provider_with_grace_period(version, ttl_action)
            except InvalidVersionError as error:
                _LOGGER.exception("Unable to get decryption materials from provider store.")
                raise AttributeError("No decryption materials available") from error
        return provider.decryption_materials(encryption_context)

    def encryption_materials(self, encryption_context: EncryptionContext) -> CryptographicMaterials:
        """Return materials of the newest version.

        Raises:
            AttributeError: the store can neither give nor make one.
        """
        ttl_action = self._ttl_action(self._version, _ENCRYPT_ACTION)
        if ttl_action is TtlActions.EXPIRED:
            self._cache.evict(self._version)
        provider = self._live(self._version, ttl_action)
        if provider is None:
            if ttl_action is TtlActions.LIVE:
                # The version was dropped from the cache to make room.
                ttl_action = TtlActions.EXPIRED
            provider = self._get_most_recent_version(ttl_action)
        return provider.encryption_materials(encryption_context)

    def refresh(self) -> None:
        """Forget every cached version, so that the next call goes to the store."""
        _LOGGER.debug("Refreshing CachingMostRecentProvider instance.")
        with self._lock:
            self._cache.clear()
            self._version = None
            self._last_updated = None

    def _live(self, version: int | None, ttl_action: TtlActions) -> CryptographicMaterialsProvider | None:
        return self._cached(version) if ttl_action is TtlActions.LIVE else None

    def _cached(self, version: int | None) -> CryptographicMaterialsProvider | None:
        try:
            _, provider = self._cache.get(version)
        except KeyError:
            return None
        return provider

    def _ttl_action(self, version: int | None, action: str) -> TtlActions:
        """Return how old a version is.

        On writing, what counts is when the newest version was last looked for: reading refreshes the cache's
        entries, and must not put that off.
        """
        if action == _ENCRYPT_ACTION:
            fetched = self._last_updated
        else:
            try:
                fetched, _ = self._cache.get(version)
            except KeyError:
                fetched = None
        if fetched is None:
            return TtlActions.EXPIRED
        age = time.time() - fetched
        if age < self._version_ttl:
            return TtlActions.LIVE
        if age < self._version_ttl + self._grace_period:
            return TtlActions.GRACE_PERIOD
        return TtlActions.EXPIRED

    def _acquire(
        self, version: Callable[[], int | None], ttl_action: TtlActions
    ) -> CryptographicMaterialsProvider | None:
        """Take the lock for fetching a version, or return the cached one in its place.

        In the time of grace, who does not get the lock at once goes on with the cached version. Once that is
        over, everyone waits, and whoever comes second finds what the first one fetched.
        """
        if not self._lock.acquire(ttl_action is TtlActions.EXPIRED):
            provider = self._cached(version())
            if provider is not None:
                return provider
            self._lock.acquire()
        if ttl_action is TtlActions.EXPIRED:
            provider = self._cached(version())
            if provider is not None:
                self._lock.release()
                return provider
        return None

    def _get_provider_with_grace_period(
        self, version: int, ttl_action: TtlActions
    ) -> CryptographicMaterialsProvider:
        """Fetch a version from the store, unless another thread does."""
        cached = self._acquire(lambda: version, ttl_action)
        if cached is not None:
            return cached
        try:
            provider = self._provider_store.provider(self._material_name, version)
            self._cache.put(version, (time.time(), provider))
            return provider
        finally:
            self._lock.release()

    def _get_most_recent_version(self, ttl_action: TtlActions) -> CryptographicMaterialsProvider:
        """Fetch the newest version from the store, unless another thread does."""
        cached = self._acquire(lambda: self._version, ttl_action)
        if cached is not None:
            return cached
        try:
            newest = self._get_max_version()
            provider = self._cached(newest)
            if provider is None:
                provider = self._get_provider(newest)
            # The store may have made another version than the one that was asked for.
            description: Any = getattr(provider, "_material_description")  # noqa: B009 as the older library
            received = self._provider_store.version_from_material_description(description)
            self._version = received
            self._last_updated = time.time()
            self._cache.put(received, (self._last_updated, provider))
            return provider
        finally:
            self._lock.release()

    def _get_max_version(self) -> int:
        try:
            return self._provider_store.max_version(self._material_name)
        except NoKnownVersionError:
            return 0

    def _get_provider(self, version: int) -> CryptographicMaterialsProvider:
        try:
            return self._provider_store.get_or_create_provider(self._material_name, version)
        except InvalidVersionError as error:
            _LOGGER.exception("Unable to get encryption materials from provider store.")
            raise AttributeError("No encryption materials available") from error

    def __repr__(self) -> str:
        return f"CachingMostRecentProvider(material_name={self._material_name!r})"
