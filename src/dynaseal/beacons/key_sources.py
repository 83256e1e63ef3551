"""Where beacon keys come from: one for a table, or one for each tenant; and what a key store must do.

Source: specification `search-config.md`, "Beacon Key Source".
"""

from dataclasses import dataclass
from typing import Protocol

from dynaseal.errors import ConfigError

DEFAULT_TTL_SECONDS = 3600
DEFAULT_MAX_TENANTS = 1000


class BeaconKey(Protocol):
    """A beacon key as a key store gives it."""

    @property
    def beacon_key(self) -> bytes:
        """The 32 bytes that the keys of beacons are derived from."""
        ...


class BeaconKeyStore(Protocol):
    """Where beacon keys are kept: `KeyStore`, or anything with this method."""

    def get_beacon_key(self, branch_key_id: str) -> BeaconKey:
        """Fetch the beacon key of a branch key id.

        Raises:
            KeyStoreError: there is none, or it may not be had.
        """
        ...


@dataclass(frozen=True, slots=True)
class SingleKeySource:
    """One beacon key for all items.

    Args:
        beacon_key_id: The branch key id that the beacon key is stored under.
        ttl_seconds: How long the key may be kept before the key store is asked again.
    """

    beacon_key_id: str
    ttl_seconds: float = DEFAULT_TTL_SECONDS

    def __post_init__(self) -> None:
        _check_ttl(self.ttl_seconds)
        if not self.beacon_key_id:
            raise ConfigError("A SingleKeySource needs the id of its beacon key")


@dataclass(frozen=True, slots=True)
class MultiKeySource:
    """A beacon key for each tenant: the branch key that the item is encrypted under.

    Such a table needs a hierarchical keyring, and every query names the tenant.

    Args:
        key_field_name: The attribute by which queries name the branch key id. It is stored if its action is
            to sign it; one that does nothing, or has no action, is dropped when an item is written.
        ttl_seconds: How long a key may be kept before the key store is asked again.
        max_tenants: How many keys are kept.
    """

    key_field_name: str
    ttl_seconds: float = DEFAULT_TTL_SECONDS
    max_tenants: int = DEFAULT_MAX_TENANTS

    def __post_init__(self) -> None:
        _check_ttl(self.ttl_seconds)
        if not self.key_field_name:
            raise ConfigError("A MultiKeySource needs the name of its key field")
        if self.max_tenants < 1:
            raise ConfigError("A MultiKeySource keeps at least one key: max_tenants must be 1 or more")


def _check_ttl(ttl_seconds: float) -> None:
    if ttl_seconds <= 0:
        raise ConfigError(
            f"A beacon key cannot be kept for {ttl_seconds} seconds: ttl_seconds must be positive"
        )
