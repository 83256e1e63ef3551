"""What the default materials manager gives its keyring."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from dynaseal import AlgorithmSuite, AttributeActions, ItemEncryptor, RawAesKeyring, TableConfig


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
