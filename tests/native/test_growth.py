"""What the native engine adds grows with an item's size, and not with its square."""

from __future__ import annotations

from typing import Any

import pytest

from dynaseal import AlgorithmSuite, CryptoAction, ItemEncryptor
from native.engines import config, raw

pytestmark = pytest.mark.usefixtures("engine")


class Counted(str):
    """A name that counts how often it is compared with another one."""

    __slots__ = ()
    comparisons = 0

    def __eq__(self, other: object) -> bool:
        Counted.comparisons += 1
        return str.__eq__(self, other)

    __hash__ = str.__hash__


def comparisons(count: int) -> int:
    """How many comparisons of names it takes to write and read an item with that many context attributes."""
    table = config(
        raw(), AlgorithmSuite.COMMIT_KEY_SYMSIG, CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
    )
    encryptor = ItemEncryptor(table)
    item: dict[str, Any] = {"pk": {"S": "k"}} | {Counted(f"a{number}"): {"S": "x"} for number in range(count)}
    Counted.comparisons = 0
    assert encryptor.decrypt_item(encryptor.encrypt_item(item)) == item
    return Counted.comparisons


def test_the_work_for_context_attributes_is_proportional_to_their_number() -> None:
    small, large = comparisons(100), comparisons(400)
    assert small > 0
    assert large < 5 * small
