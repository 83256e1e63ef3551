"""What the default materials manager gives its keyring."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    DecryptError,
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


class Faulty(RawAesKeyring):
    """A keyring that returns other materials than it should."""

    change: Callable[[Any], Any] = staticmethod(lambda materials: materials)

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return self.change(super().on_encrypt(materials))

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        return self.change(super().on_decrypt(materials, encrypted_data_keys))


class FaultyManager(DefaultMaterialsManager):
    """A materials manager that returns other materials than it should."""

    change: Callable[[Any], Any] = staticmethod(lambda materials: materials)

    def get_encryption_materials(
        self, suite: AlgorithmSuite, encryption_context: Any, required_context_keys: Any
    ) -> EncryptionMaterials:
        materials = super().get_encryption_materials(suite, encryption_context, required_context_keys)
        return self.change(materials)

    def decrypt_materials(
        self,
        suite: AlgorithmSuite,
        encrypted_data_keys: Sequence[EncryptedDataKey],
        stored_context: Any,
        reproduced_context: Any,
    ) -> DecryptionMaterials:
        return self.change(
            super().decrypt_materials(suite, encrypted_data_keys, stored_context, reproduced_context)
        )


def with_entry(key: str, value: object) -> Callable[[Any], Any]:
    """Return a change of an entry of the materials' encryption context."""
    return lambda materials: replace(
        materials, encryption_context={**materials.encryption_context, key: value}
    )


FAULTS: dict[str, Callable[[Any], Any]] = {
    "another suite": lambda materials: replace(materials, suite=AlgorithmSuite.COMMIT_KEY_SYMSIG),
    "no signing key": lambda materials: replace(materials, signing_key=None),
    "no context": lambda materials: replace(materials, encryption_context={}),
    "another table": with_entry("aws-crypto-table-name", "orders"),
    "another public key": with_entry(PUBLIC_KEY, "AAAA"),
    "another required key": lambda materials: replace(materials, required_context_keys=frozenset({"other"})),
    "no data key": lambda materials: replace(materials, plaintext_data_key=None),
    "nothing": lambda _materials: None,
    "no signing key for the wrapped one": lambda materials: replace(materials, symmetric_signing_keys=()),
    "a short signing key": lambda materials: replace(materials, symmetric_signing_keys=(b"k",)),
    "a signing key that is a string": lambda materials: replace(
        materials, symmetric_signing_keys=("k" * 32,)
    ),
    "a data key that is a string": lambda materials: replace(materials, plaintext_data_key="k" * 32),
    "a short data key": lambda materials: replace(materials, plaintext_data_key=b"k" * 16),
    "no wrapped data key": lambda materials: replace(
        materials, encrypted_data_keys=(), symmetric_signing_keys=()
    ),
    "wrapped data keys of another type": lambda materials: replace(materials, encrypted_data_keys=5),
    "a generator of wrapped data keys": lambda materials: replace(
        materials, encrypted_data_keys=(key for key in materials.encrypted_data_keys)
    ),
    "nothing as a wrapped data key": lambda materials: replace(materials, encrypted_data_keys=(None,)),
    "a wrapped data key without bytes": lambda materials: replace(
        materials,
        encrypted_data_keys=(EncryptedDataKey("mine", b"one", None),),  # pyright: ignore[reportArgumentType]
    ),
    "signing keys of another type": lambda materials: replace(materials, symmetric_signing_keys=None),
    "a context of another type": lambda materials: replace(materials, encryption_context=None),
    "a context with a number": with_entry("a", 1),
    "no suite": lambda materials: replace(materials, suite=None),
    "a signing key of another type": lambda materials: replace(materials, signing_key="x"),
    "no required keys": lambda materials: replace(materials, required_context_keys=None),
    "a list of required keys": lambda materials: replace(
        materials, required_context_keys=[*materials.required_context_keys]
    ),
}
OF_MANAGERS: dict[str, Callable[[Any], Any]] = {
    "an entry without a key": with_entry("", "x"),
}


CONTEXT = "The encryption context of materials (must be a mapping|cannot be used)"


def people(**keys: Any) -> ItemEncryptor:
    return ItemEncryptor(TableConfig("people", "pk", attribute_actions=AttributeActions(), **keys))


@pytest.mark.parametrize("fault", FAULTS)
def test_no_item_is_written_under_a_keyrings_materials_that_no_reader_could_use(fault: str) -> None:
    keyring = Faulty("mine", "one", b"k" * 32)
    encryptor = people(keyring=keyring)
    item = {"pk": {"S": "ann"}, "salary": {"N": "1"}}
    assert encryptor.decrypt_item(encryptor.encrypt_item(item)) == item
    keyring.change = FAULTS[fault]
    with pytest.raises(
        EncryptError, match=f"The keyring .* (returned|changed|wrapped|did not return)|{CONTEXT}"
    ):
        encryptor.encrypt_item(item)


@pytest.mark.parametrize("fault", FAULTS | OF_MANAGERS)
def test_no_item_is_written_under_a_managers_materials_that_no_reader_could_use(fault: str) -> None:
    manager = FaultyManager(RawAesKeyring("mine", "one", b"k" * 32))
    encryptor = people(cmm=manager)
    item = {"pk": {"S": "ann"}, "salary": {"N": "1"}}
    assert encryptor.decrypt_item(encryptor.encrypt_item(item)) == item
    manager.change = (FAULTS | OF_MANAGERS)[fault]
    with pytest.raises(EncryptError, match=f"The materials manager|{CONTEXT}"):
        encryptor.encrypt_item(item)


READ_FAULTS: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda _materials: None,
    "text": lambda _materials: "materials",
    "no data key": lambda materials: replace(materials, plaintext_data_key=None),
    "no signing key": lambda materials: replace(materials, symmetric_signing_key=None),
    "a short data key": lambda materials: replace(materials, plaintext_data_key=b"k"),
    "a short signing key": lambda materials: replace(materials, symmetric_signing_key=b"k"),
    "a verification key that is not bytes": lambda materials: replace(materials, verification_key=5),
}
LACKING = (
    "(no data key of 32 bytes|an object of the type (str|NoneType), not DecryptionMaterials"
    "|a verification key that is not bytes)"
)


@pytest.mark.parametrize("fault", READ_FAULTS)
def test_no_item_is_read_under_a_keyrings_materials_that_lack_a_key(fault: str) -> None:
    keyring = Faulty("mine", "one", b"k" * 32)
    encryptor = people(keyring=keyring)
    stored = encryptor.encrypt_item({"pk": {"S": "ann"}})
    keyring.change = READ_FAULTS[fault]
    with pytest.raises(DecryptError, match=rf"The keyring .* returned {LACKING}"):
        encryptor.decrypt_item(stored)


@pytest.mark.parametrize("fault", READ_FAULTS)
def test_no_item_is_read_under_a_managers_materials_that_lack_a_key(fault: str) -> None:
    manager = FaultyManager(RawAesKeyring("mine", "one", b"k" * 32))
    encryptor = people(cmm=manager)
    stored = encryptor.encrypt_item({"pk": {"S": "ann"}})
    manager.change = READ_FAULTS[fault]
    with pytest.raises(DecryptError, match=f"The materials manager returned {LACKING}"):
        encryptor.decrypt_item(stored)


def test_no_item_is_read_under_materials_without_an_encryption_context() -> None:
    keyring = Faulty("mine", "one", b"k" * 32)
    encryptor = people(keyring=keyring)
    stored = encryptor.encrypt_item({"pk": {"S": "ann"}})
    keyring.change = lambda materials: replace(materials, encryption_context=None)
    with pytest.raises(DecryptError, match="context of materials must be a mapping, and is a NoneType"):
        encryptor.decrypt_item(stored)


@pytest.mark.parametrize("suite", AlgorithmSuite)
def test_the_verification_key_of_a_manager_must_fit_the_items_suite(suite: AlgorithmSuite) -> None:
    manager = FaultyManager(RawAesKeyring("mine", "one", b"k" * 32))
    encryptor = people(cmm=manager, algorithm_suite=suite)
    stored = encryptor.encrypt_item({"pk": {"S": "ann"}})
    other = None if suite.is_signed else b"\x02" + bytes(48)
    manager.change = lambda materials: replace(materials, verification_key=other)
    with pytest.raises(DecryptError, match="verification key does not fit the item's algorithm suite"):
        encryptor.decrypt_item(stored)


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
