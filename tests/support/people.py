"""A configured table for tests of boto3's objects: `people`, whose `secret` is encrypted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynaseal import (
    AttributeActions,
    CryptoAction,
    Keyring,
    PlaintextPolicy,
    RawAesKeyring,
    TableConfig,
    UpdateMode,
)

ACTIONS = {
    "pk": CryptoAction.SIGN_ONLY,
    "secret": CryptoAction.ENCRYPT_AND_SIGN,
    "notes": CryptoAction.ENCRYPT_AND_SIGN,
    "city": CryptoAction.SIGN_ONLY,
    "memo": CryptoAction.DO_NOTHING,
}


KEYRING = RawAesKeyring("tests", "key", bytes(range(32)))


def people(
    name: str = "people",
    *,
    policy: PlaintextPolicy = PlaintextPolicy.FORBID_WRITE_FORBID_READ,
    update_mode: UpdateMode = UpdateMode.UNSIGNED_ONLY,
    actions: Mapping[str, CryptoAction] | AttributeActions = ACTIONS,
    keyring: Keyring = KEYRING,
) -> TableConfig:
    return TableConfig(
        name,
        "pk",
        attribute_actions=actions,
        allowed_unsigned_attributes=["memo"],
        keyring=keyring,
        update_mode=update_mode,
        plaintext_policy=policy,
    )


def person(key: str = "ann", **more: Any) -> dict[str, Any]:
    return {"pk": {"S": key}, "secret": {"S": "the secret"}, "city": {"S": "Bern"}, **more}
