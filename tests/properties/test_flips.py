"""Every single bit of a stored item flipped, one by one: refused, except for exactly the unsigned ones.

Not covered, as in AWS's libraries: unsigned attributes, and the tags of other recipients than the reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    CryptoAction,
    DecryptError,
    ItemEncryptor,
    Keyring,
    MultiKeyring,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.core.footer import RECIPIENT_TAG_LENGTH
from dynaseal.core.header import FOOTER_NAME

MINE = RawAesKeyring("tests", "mine", bytes(32))
THEIRS = RawAesKeyring("tests", "theirs", bytes(range(32)))
BOTH = MultiKeyring(MINE, [THEIRS])
ITEM: dict[str, Any] = {
    "pk": {"B": b"key"},
    "secret": {"S": "s"},
    "clear": {"B": b"abc"},
    "bound": {"B": b"x"},
    ":note": {"B": b"note"},
}
TAG_BITS = RECIPIENT_TAG_LENGTH * 8


def encryptor(keyring: Keyring, version: int, suite: AlgorithmSuite) -> ItemEncryptor:
    in_context = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
    actions = {
        "clear": CryptoAction.SIGN_ONLY,
        "bound": in_context if version == 2 else CryptoAction.SIGN_ONLY,
    }
    return ItemEncryptor(
        TableConfig(
            "people",
            "pk",
            attribute_actions=AttributeActions(attribute_actions=actions, literal_names=list(actions)),
            keyring=keyring,
            allowed_unsigned_attribute_prefix=":",
            algorithm_suite=suite,
        )
    )


def flips(item: dict[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield every item that differs in one bit: the attribute, the bit's position in it, and the item."""
    for name, value in item.items():
        for bit in range(len(value["B"]) * 8):
            changed = bytearray(value["B"])
            changed[bit // 8] ^= 1 << bit % 8
            yield name, bit, {**item, name: {"B": bytes(changed)}}


@pytest.mark.parametrize("suite", AlgorithmSuite)
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("reader", [MINE, BOTH], ids=["one recipient reads", "all keys read"])
def test_every_flipped_bit_is_refused_but_for_unsigned_attributes_and_other_recipients_tags(
    reader: Keyring, version: int, suite: AlgorithmSuite
) -> None:
    stored = encryptor(BOTH, version, suite).encrypt_item(ITEM)
    crypt = encryptor(reader, version, suite)
    assert crypt.decrypt_item(stored) == ITEM

    passed: set[tuple[str, int]] = set()
    for name, bit, changed in flips(stored):
        try:
            read = crypt.decrypt_item(changed)
        except DecryptError:
            continue
        passed.add((name, bit))
        assert read == {**ITEM, ":note": changed[":note"]}

    note_bits = {(":note", bit) for bit in range(len(b"note") * 8)}
    assert passed == note_bits | {(FOOTER_NAME, TAG_BITS + bit) for bit in range(TAG_BITS)}


def test_the_second_recipient_needs_the_second_tag_and_not_the_first() -> None:
    stored = encryptor(BOTH, 1, AlgorithmSuite.COMMIT_KEY_SYMSIG).encrypt_item(ITEM)
    crypt = encryptor(THEIRS, 1, AlgorithmSuite.COMMIT_KEY_SYMSIG)

    passed: set[int] = set()
    for name, bit, changed in flips(stored):
        if name == FOOTER_NAME:
            try:
                crypt.decrypt_item(changed)
            except DecryptError:
                continue
            passed.add(bit)

    assert passed == set(range(TAG_BITS))
