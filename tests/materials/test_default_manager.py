"""What the default materials manager gives its keyring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest import mock

import pytest

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    DecryptionMaterials,
    EncryptedDataKey,
    EncryptError,
    EncryptionMaterials,
    FormatError,
    ItemEncryptor,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.core.context import PUBLIC_KEY
from dynaseal.materials.managers.default import DefaultMaterialsManager


class WrapsManyTimes:
    """A keyring that wraps the data key as often as it is told."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.keyring = RawAesKeyring("mine", "one", b"k" * 32)

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        for _ in range(self.times):
            materials = self.keyring.on_encrypt(materials)
        return materials

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        return self.keyring.on_decrypt(materials, encrypted_data_keys)


def test_a_data_key_may_be_wrapped_255_times_and_not_more() -> None:
    def encryptor(times: int) -> ItemEncryptor:
        actions = AttributeActions()
        return ItemEncryptor(
            TableConfig("people", "pk", attribute_actions=actions, keyring=WrapsManyTimes(times))
        )

    item = {"pk": {"S": "ann"}}
    assert encryptor(255).decrypt_item(encryptor(255).encrypt_item(item)) == item
    with pytest.raises(EncryptError, match="wrapped the data key 256 times; 1 to 255 are allowed"):
        encryptor(256).encrypt_item(item)


SIGNED = next(suite for suite in AlgorithmSuite if suite.is_signed)
MANAGER = DefaultMaterialsManager(RawAesKeyring("mine", "one", b"k" * 32))


def test_a_context_that_has_a_public_key_already_is_not_written() -> None:
    with pytest.raises(EncryptError, match=f"has the key '{PUBLIC_KEY}', which is reserved"):
        MANAGER.get_encryption_materials(SIGNED, {PUBLIC_KEY: "AAAA"}, frozenset())


def test_a_public_key_with_a_character_that_base64_does_not_have_is_refused() -> None:
    written = MANAGER.get_encryption_materials(SIGNED, {}, frozenset())
    stored = dict(written.encryption_context)
    stored[PUBLIC_KEY] += "!"
    with pytest.raises(FormatError, match="is not base64"):
        MANAGER.decrypt_materials(SIGNED, written.encrypted_data_keys, stored, {})


@pytest.mark.parametrize("suite", AlgorithmSuite)
def test_a_keyring_gets_the_required_context_keys_as_a_set_that_cannot_change(
    suite: AlgorithmSuite,
) -> None:
    keyring: Any = RawAesKeyring("mine", "one", b"k" * 32)
    config = TableConfig(
        "people", "pk", attribute_actions=AttributeActions(), keyring=keyring, algorithm_suite=suite
    )
    encryptor = ItemEncryptor(config)
    with (
        mock.patch.object(keyring, "on_encrypt", wraps=keyring.on_encrypt) as on_encrypt,
        mock.patch.object(keyring, "on_decrypt", wraps=keyring.on_decrypt) as on_decrypt,
    ):
        encryptor.decrypt_item(encryptor.encrypt_item({"pk": {"S": "ann"}}))
    (written, *_), (read, *_) = on_encrypt.call_args.args, on_decrypt.call_args.args
    assert type(written.required_context_keys) is type(read.required_context_keys) is frozenset
    assert written.required_context_keys == read.required_context_keys
