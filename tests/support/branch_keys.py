"""A table of people whose items are wrapped under branch keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynaseal import CryptoAction, ItemEncryptor, Keyring, TableConfig

ITEM: dict[str, Any] = {"pk": {"S": "ann"}, "salary": {"N": "1000"}}
BOUND = {"department": "admin"}


class Clock:
    """A clock that shows the seconds it is set to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def encryptor_of(keyring: Keyring, *, context: Mapping[str, CryptoAction] | None = None) -> ItemEncryptor:
    """The encryptor of the table `people`; `context` replaces the actions."""
    actions = context or {"pk": CryptoAction.SIGN_ONLY, "salary": CryptoAction.ENCRYPT_AND_SIGN}
    return ItemEncryptor(TableConfig("people", "pk", attribute_actions=actions, keyring=keyring))


def people(count: int) -> list[dict[str, Any]]:
    """Return that many items."""
    return [{"pk": {"S": f"person {at}"}, "salary": {"N": str(at)}} for at in range(count)]
