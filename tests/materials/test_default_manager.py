"""The default materials manager calls its keyring's methods as they are when an item needs them."""

from __future__ import annotations

from typing import Any
from unittest import mock

from dynaseal import AttributeActions, ItemEncryptor, RawAesKeyring, TableConfig


def test_a_keyrings_method_that_is_replaced_later_is_called() -> None:
    keyring: Any = RawAesKeyring("mine", "one", b"k" * 32)
    encryptor = ItemEncryptor(
        TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)
    )
    item = {"pk": {"S": "ann"}}
    with (
        mock.patch.object(keyring, "on_encrypt", wraps=keyring.on_encrypt) as on_encrypt,
        mock.patch.object(keyring, "on_decrypt", wraps=keyring.on_decrypt) as on_decrypt,
    ):
        assert encryptor.decrypt_item(encryptor.encrypt_item(item)) == item
    assert (on_encrypt.call_count, on_decrypt.call_count) == (1, 1)
