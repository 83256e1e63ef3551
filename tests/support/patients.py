"""A small searchable table for tests that say what beacons do: patients, found by name, city and tags."""

from __future__ import annotations

from typing import Any

from dynaseal import (
    AttributeActions,
    BeaconVersion,
    CryptoAction,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    StandardBeacon,
    TableConfig,
)
from support.searchable import FakeKeyStore

ACTIONS = {
    "pk": CryptoAction.SIGN_ONLY,
    "ward": CryptoAction.SIGN_ONLY,
    "name": CryptoAction.ENCRYPT_AND_SIGN,
    "city": CryptoAction.ENCRYPT_AND_SIGN,
    "tags": CryptoAction.ENCRYPT_AND_SIGN,
    "note": CryptoAction.ENCRYPT_AND_SIGN,
    "free": CryptoAction.DO_NOTHING,
}


def key_store() -> FakeKeyStore:
    """A key store with one beacon key, of the branch key `tenant`."""
    return FakeKeyStore({"tenant": {"id": "tenant", "beacon_key_hex": bytes(range(32)).hex()}})


def version(*standard: StandardBeacon, **more: Any) -> BeaconVersion:
    """A beacon version over the table's attributes; without beacons, one over the name."""
    beacons = standard or (StandardBeacon("name", 16),)
    given = {"key_store": key_store(), "key_source": SingleKeySource("tenant"), **more}
    return BeaconVersion(standard_beacons=beacons, **given)


def table(
    *standard: StandardBeacon, actions: Any = ACTIONS, partition_key: str = "pk", **more: Any
) -> TableConfig:
    """The table's configuration with these beacons."""
    return TableConfig(
        "patients",
        partition_key,
        attribute_actions=actions,
        allowed_unsigned_attributes=() if isinstance(actions, AttributeActions) else ["free"],
        keyring=RawAesKeyring("tests", "2026", bytes(32)),
        search=SearchConfig([version(*standard, **more)]),
    )
