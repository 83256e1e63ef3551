"""The source of beacon keys: one key for a table, or one key per tenant; and what a key store must do.

Source: specification `search-config.md`, "Beacon Key Source".
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from dynaseal.core.arguments import check_integers, check_numbers, check_strings
from dynaseal.errors import ConfigError

DEFAULT_TTL_SECONDS = 3600
DEFAULT_MAX_TENANTS = 1000


class BeaconKey(Protocol):
    """A beacon key that a key store returned."""

    @property
    def beacon_key(self) -> bytes:
        """The 32 bytes that the keys of beacons are derived from."""
        ...


class BeaconKeyStore(Protocol):
    """Where beacon keys are stored: `KeyStore`, or any object with this method, which may be a coroutine."""

    def get_beacon_key(self, branch_key_id: str) -> BeaconKey | Awaitable[BeaconKey]:
        """Fetch the beacon key of a branch key id.

        Raises:
            KeyStoreError: it does not exist, or may not be used.
        """
        ...


@dataclass(frozen=True, slots=True)
class SingleKeySource:
    """One beacon key for all items.

    Args:
        beacon_key_id: The branch key id that the beacon key is stored under.
        ttl_seconds: How long the key is cached, in seconds, before it is fetched from the key store again.
    """

    beacon_key_id: str
    ttl_seconds: float = DEFAULT_TTL_SECONDS

    def __post_init__(self) -> None:
        _check_ttl(self.ttl_seconds)
        check_strings("A SingleKeySource", beacon_key_id=self.beacon_key_id)
        if not self.beacon_key_id:
            raise ConfigError("A SingleKeySource needs the id of its beacon key")


@dataclass(frozen=True, slots=True)
class MultiKeySource:
    """One beacon key per tenant: it belongs to the branch key that the item is encrypted under.

    Such a table needs a hierarchical keyring, and every search names the tenant.

    Args:
        key_field_name: The attribute by which searches name the branch key id. It is stored if its action
            signs it. With the action DO_NOTHING or without one, it is dropped when an item is written.
        ttl_seconds: How long a key is cached, in seconds, before it is fetched from the key store again.
        max_tenants: How many keys are cached.
    """

    key_field_name: str
    ttl_seconds: float = DEFAULT_TTL_SECONDS
    max_tenants: int = DEFAULT_MAX_TENANTS

    def __post_init__(self) -> None:
        _check_ttl(self.ttl_seconds)
        check_strings("A MultiKeySource", key_field_name=self.key_field_name)
        check_integers("A MultiKeySource", max_tenants=self.max_tenants)
        if not self.key_field_name:
            raise ConfigError("A MultiKeySource needs the name of its key field")
        if self.max_tenants < 1:
            raise ConfigError(f"max_tenants of a MultiKeySource is {self.max_tenants}; it must be 1 or more")


def _check_ttl(ttl_seconds: float) -> None:
    check_numbers("A beacon key source", ttl_seconds=ttl_seconds)
    if ttl_seconds <= 0:
        raise ConfigError(f"ttl_seconds of a beacon key source is {ttl_seconds}; it must be positive")
