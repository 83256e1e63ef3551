"""The required-context manager: an item without the required entries is neither written nor read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from dynaseal import (
    AlgorithmSuite,
    ConfigError,
    CryptoAction,
    DecryptError,
    EncryptError,
    ItemEncryptor,
    RawAesKeyring,
    RequiredContextMaterialsManager,
    TableConfig,
    UnwrapError,
)
from dynaseal.materials.managers.default import DefaultMaterialsManager

KEYRING = RawAesKeyring("mine", "one", b"k" * 32)
TENANT = "aws-crypto-attr.tenant"
IN_CONTEXT = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT
ITEM = {"pk": {"S": "ann"}, "tenant": {"S": "acme"}, "salary": {"N": "1000"}, "note": {"S": "x"}}


def encryptor(cmm: Any, tenant: CryptoAction = IN_CONTEXT) -> ItemEncryptor:
    actions = {
        "pk": IN_CONTEXT,
        "tenant": tenant,
        "salary": CryptoAction.ENCRYPT_AND_SIGN,
        "note": IN_CONTEXT,
    }
    return ItemEncryptor(TableConfig("people", "pk", attribute_actions=actions, cmm=cmm))


def demanding(*keys: str) -> RequiredContextMaterialsManager:
    return RequiredContextMaterialsManager(DefaultMaterialsManager(KEYRING), keys)


def test_an_item_with_the_demanded_context_is_written_and_read() -> None:
    demands = encryptor(demanding(TENANT, "aws-crypto-table-name"))

    assert demands.decrypt_item(demands.encrypt_item(ITEM)) == ITEM


def test_an_item_without_it_is_not_written() -> None:
    demands = encryptor(demanding(TENANT), tenant=CryptoAction.SIGN_ONLY)

    with pytest.raises(EncryptError, match=f"does not have '{re.escape(TENANT)}', which is required"):
        demands.encrypt_item(ITEM)


def test_an_item_that_was_written_without_it_is_not_read() -> None:
    free = DefaultMaterialsManager(KEYRING)
    stored = encryptor(free, tenant=CryptoAction.SIGN_ONLY).encrypt_item(ITEM)
    assert encryptor(free).decrypt_item(stored) == ITEM

    with pytest.raises(DecryptError, match=f"was written without '{re.escape(TENANT)}'") as raised:
        encryptor(demanding(TENANT)).decrypt_item(stored)

    assert not isinstance(raised.value, UnwrapError)


class Forgetful(DefaultMaterialsManager):
    """A manager that drops the encryption context."""

    def get_encryption_materials(
        self,
        suite: AlgorithmSuite,
        encryption_context: Any,
        required_context_keys: frozenset[str],  # noqa: ARG002 of the Protocol
    ) -> Any:
        return super().get_encryption_materials(suite, encryption_context, frozenset())

    def decrypt_materials(
        self, suite: Any, encrypted_data_keys: Sequence[Any], stored_context: Any, reproduced_context: Any
    ) -> Any:
        materials = super().decrypt_materials(suite, encrypted_data_keys, stored_context, reproduced_context)
        context = {key: value for key, value in materials.encryption_context.items() if key != TENANT}
        return type(materials)(materials.suite, context)


def test_a_manager_below_that_does_not_keep_to_it_is_refused() -> None:
    stored = encryptor(demanding(TENANT)).encrypt_item(ITEM)
    demands = encryptor(RequiredContextMaterialsManager(Forgetful(KEYRING), [TENANT]))

    with pytest.raises(EncryptError, match=f"did not bind the required '{re.escape(TENANT)}'"):
        demands.encrypt_item(ITEM)
    with pytest.raises(DecryptError, match=f"did not bind the required '{re.escape(TENANT)}'"):
        demands.decrypt_item(stored)


class Empty(DefaultMaterialsManager):
    """A manager that returns nothing."""

    def get_encryption_materials(
        self, suite: Any, encryption_context: Any, required_context_keys: Any
    ) -> Any: ...

    def decrypt_materials(
        self, suite: Any, encrypted_data_keys: Any, stored_context: Any, reproduced_context: Any
    ) -> Any: ...


def test_a_manager_below_that_returns_nothing_is_refused() -> None:
    stored = encryptor(demanding(TENANT)).encrypt_item(ITEM)
    demands = encryptor(RequiredContextMaterialsManager(Empty(KEYRING), [TENANT]))

    with pytest.raises(EncryptError, match="of the type NoneType, not EncryptionMaterials"):
        demands.encrypt_item(ITEM)
    with pytest.raises(DecryptError, match="of the type NoneType, not DecryptionMaterials"):
        demands.decrypt_item(stored)


class WithoutRequiredKeys(DefaultMaterialsManager):
    """A manager that returns no required keys."""

    def get_encryption_materials(
        self, suite: Any, encryption_context: Any, required_context_keys: Any
    ) -> Any:
        materials = super().get_encryption_materials(suite, encryption_context, required_context_keys)
        return replace(materials, required_context_keys=None)


def test_a_manager_below_that_returns_no_required_keys_is_refused() -> None:
    demands = encryptor(RequiredContextMaterialsManager(WithoutRequiredKeys(KEYRING), [TENANT]))

    with pytest.raises(EncryptError, match="required context keys of the wrong type"):
        demands.encrypt_item(ITEM)


@pytest.mark.parametrize("keys", [[], [""], [TENANT, ""]])
def test_a_demand_of_nothing_is_refused(keys: list[str]) -> None:
    with pytest.raises(ConfigError):
        demanding(*keys)


def test_one_text_instead_of_several_keys_is_a_type_error() -> None:
    with pytest.raises(TypeError):
        RequiredContextMaterialsManager(DefaultMaterialsManager(KEYRING), TENANT)
