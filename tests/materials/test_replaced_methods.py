"""The methods of keyrings, materials managers and key stores are looked up for each call.

A test may replace one at any time, also after the keyring is in a configuration that has been used.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from dynaseal import (
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    ItemEncryptor,
    MultiKeyring,
    RawAesKeyring,
    RequiredContextMaterialsManager,
    TableConfig,
)
from dynaseal.materials.managers.default import DefaultMaterialsManager
from support.searchable import FakeKeyStore

_ITEM = {"pk": {"S": "ann"}}
_KEYRING = ("on_encrypt", "on_decrypt")
_MANAGER = ("get_encryption_materials", "decrypt_materials")


def _raw(name: str) -> RawAesKeyring:
    return RawAesKeyring("mine", name, name.encode().ljust(32))


def _encryptor(**keys: Any) -> ItemEncryptor:
    encryptor = ItemEncryptor(TableConfig("people", "pk", attribute_actions=AttributeActions(), **keys))
    assert encryptor.decrypt_item(encryptor.encrypt_item(_ITEM)) == _ITEM
    return encryptor


def _check_called(owner: Any, methods: tuple[str, str], writer: ItemEncryptor, reader: ItemEncryptor) -> None:
    writing, reading = methods
    with (
        mock.patch.object(owner, writing, wraps=getattr(owner, writing)) as write,
        mock.patch.object(owner, reading, wraps=getattr(owner, reading)) as read,
    ):
        assert reader.decrypt_item(writer.encrypt_item(_ITEM)) == _ITEM
    assert (write.call_count, read.call_count) == (1, 1)


def test_a_keyrings_method_that_is_replaced_later_is_called() -> None:
    keyring = _raw("one")
    encryptor = _encryptor(keyring=keyring)
    _check_called(keyring, _KEYRING, encryptor, encryptor)


def test_a_generators_method_that_is_replaced_later_is_called() -> None:
    generator = _raw("one")
    encryptor = _encryptor(keyring=MultiKeyring(generator, [_raw("two")]))
    _check_called(generator, _KEYRING, encryptor, encryptor)


def test_a_childs_method_that_is_replaced_later_is_called() -> None:
    child = _raw("two")
    writer = _encryptor(keyring=MultiKeyring(_raw("one"), [child]))
    reader = _encryptor(keyring=MultiKeyring(_raw("three"), [child]))
    _check_called(child, _KEYRING, writer, reader)


def test_a_materials_managers_method_that_is_replaced_later_is_called() -> None:
    manager = DefaultMaterialsManager(_raw("one"))
    encryptor = _encryptor(cmm=manager)
    _check_called(manager, _MANAGER, encryptor, encryptor)


def test_an_underlying_managers_method_that_is_replaced_later_is_called() -> None:
    manager = DefaultMaterialsManager(_raw("one"))
    encryptor = _encryptor(cmm=RequiredContextMaterialsManager(manager, ["aws-crypto-table-name"]))
    _check_called(manager, _MANAGER, encryptor, encryptor)


@pytest.mark.parametrize("method", ["get_active_branch_key", "get_branch_key_version"])
def test_a_key_stores_method_that_is_replaced_later_is_called(method: str) -> None:
    version = "83eec007-5659-4554-bfb1-1a4a4d3bf2bb"
    store = FakeKeyStore({"people": {"version": version, "branch_key_hex": "aa" * 32}})
    keyring = AwsKmsHierarchicalKeyring(store, branch_key_id="people", ttl_seconds=60)
    encryptor = ItemEncryptor(
        TableConfig("people", "pk", attribute_actions=AttributeActions(), keyring=keyring)
    )
    with mock.patch.object(store, method, wraps=getattr(store, method)) as fetch:
        assert encryptor.decrypt_item(encryptor.encrypt_item(_ITEM)) == _ITEM
    assert fetch.called
