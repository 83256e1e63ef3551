"""A table whose keys are tokens: customers by e-mail address, and their orders by number."""

from __future__ import annotations

from typing import Any

from dynaseal import (
    BeaconVersion,
    CryptoAction,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    SurrogateKey,
    TableConfig,
)
from support.searchable import FakeKeyStore

BEACON_KEY = bytes(range(32))
ACTIONS = {
    "pk": CryptoAction.SIGN_ONLY,
    "sk": CryptoAction.SIGN_ONLY,
    "email": CryptoAction.ENCRYPT_AND_SIGN,
    "order": CryptoAction.ENCRYPT_AND_SIGN,
    "note": CryptoAction.ENCRYPT_AND_SIGN,
    "city": CryptoAction.SIGN_ONLY,
    "seen": CryptoAction.DO_NOTHING,
}
EMAIL, ORDER = SurrogateKey("pk", source="email"), SurrogateKey("sk", source="order")


def search(beacon_key: bytes = BEACON_KEY, **more: Any) -> SearchConfig:
    """The beacon key that the tokens' keys are derived from, without any beacon unless some are given."""
    store = FakeKeyStore({"customers": {"id": "customers", "beacon_key_hex": beacon_key.hex()}})
    given = {"key_source": SingleKeySource("customers"), **more}
    return SearchConfig([BeaconVersion(store, **given)])


def customers(*surrogates: SurrogateKey, name: str = "customers", **more: Any) -> TableConfig:
    """The table's configuration with these surrogate keys; by default with both."""
    given = {
        "attribute_actions": ACTIONS,
        "allowed_unsigned_attributes": ["seen"],
        "keyring": RawAesKeyring("tests", "2026", bytes(32)),
        "search": search(),
        "surrogate_keys": surrogates or (EMAIL, ORDER),
        **more,
    }
    return TableConfig(name, "pk", "sk", **given)


def order(email: str = "ann@example.com", number: int = 1, **more: Any) -> dict[str, Any]:
    """An order as the application writes it, in wire form."""
    return {"email": {"S": email}, "order": {"N": str(number)}, "city": {"S": "Bern"}, **more}


def key(email: str = "ann@example.com", number: int = 1) -> dict[str, Any]:
    """An order's key as the application gives it."""
    return {"email": {"S": email}, "order": {"N": str(number)}}
