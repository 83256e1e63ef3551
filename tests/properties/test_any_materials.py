"""Whatever a keyring or manager of a user returns, either others can read the item, or an error says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    DecryptError,
    DecryptionMaterials,
    EncryptedDataKey,
    EncryptError,
    EncryptionMaterials,
    ItemEncryptor,
    MultiKeyring,
    RawAesKeyring,
    RequiredContextMaterialsManager,
    TableConfig,
)
from dynaseal.core.context import PUBLIC_KEY
from dynaseal.materials.managers.default import DefaultMaterialsManager
from native.engines import in_python

ITEM = {"pk": {"S": "ann"}, "salary": {"N": "1"}}
OWN, OTHER = RawAesKeyring("mine", "one", b"k" * 32), RawAesKeyring("mine", "two", b"o" * 32)
Change = Callable[[Any], Any]


def unchanged(materials: Any) -> Any:
    return materials


class Own:
    """A keyring or a materials manager whose replies are changed."""

    def __init__(self) -> None:
        self.manager = DefaultMaterialsManager(OWN)
        self.change: Change = unchanged
        self.returned: Any = None

    def on_encrypt(self, materials: EncryptionMaterials) -> Any:
        self.returned = self.change(OWN.on_encrypt(materials))
        return self.returned

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> Any:
        return self.change(OWN.on_decrypt(materials, encrypted_data_keys))

    def get_encryption_materials(self, *request: Any) -> Any:
        return self.change(self.manager.get_encryption_materials(*request))

    def decrypt_materials(self, *request: Any) -> Any:
        return self.change(self.manager.decrypt_materials(*request))


USES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "keyring": lambda own: {"keyring": own},
    "generator": lambda own: {"keyring": MultiKeyring(own, [OTHER])},
    "member": lambda own: {"keyring": MultiKeyring(OTHER, [own])},
    "manager": lambda own: {"cmm": own},
    "manager below": lambda own: {"cmm": RequiredContextMaterialsManager(own, ["aws-crypto-attr.pk"])},
}
READERS: dict[str, list[Any]] = {name: [OWN] for name in USES} | {
    "generator": [OWN, OTHER],
    "member": [OWN, OTHER],
}

# Well-formed parts that are not the right ones are left out: only reading the item could tell them apart.
ODD = st.sampled_from(
    [None, 5, "x", b"x", "k" * 32, b"k" * 31, (), [], {}, frozenset(), (None,), ["x"], {"x": "y"}]
)
PARTS: dict[str, Callable[[Any], st.SearchStrategy[Any]]] = {
    "plaintext_data_key": lambda key: st.sampled_from([bytearray(key), key + b"k"]),
    "symmetric_signing_key": lambda key: st.sampled_from([bytearray(key), key[1:]]),
    "symmetric_signing_keys": lambda keys: st.sampled_from([[*keys], (*keys, keys[0]), keys[1:], iter(keys)]),
    "encrypted_data_keys": lambda keys: (
        st.sampled_from([[*keys], (*keys, keys[0]), keys[1:], iter(keys), keys * 256, dict.fromkeys(keys)])
        | st.builds(
            lambda name, value: (replace(keys[0], **{name: value}), *keys[1:]),
            st.sampled_from(["provider_id", "provider_info", "ciphertext"]),
            st.sampled_from([None, 5, (), "\ud800", b"x" * 65_536]),
        )
    ),
    "encryption_context": lambda context: st.builds(
        lambda key, value: {**context, key: value},
        st.sampled_from(["", "a", "\ud800", b"a", None, PUBLIC_KEY, *context]),
        st.sampled_from([None, 1, b"x", "\ud800", "x" * 65_536]),
    ),
    "required_context_keys": lambda keys: (
        st.sets(st.sampled_from([*sorted(keys), "other", PUBLIC_KEY])) | st.just([*keys])
    ),
    "suite": lambda _: st.sampled_from(AlgorithmSuite),
}


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A change of one or two parts of materials, or something else in their place."""
    data = draw(st.data())

    def change(materials: Any) -> Any:
        if data.draw(st.integers(0, 9)) == 0:
            return data.draw(ODD)
        names = st.sampled_from([field.name for field in fields(materials)])
        for name in data.draw(st.sets(names, min_size=1, max_size=2)):
            value = getattr(materials, name)
            parts = PARTS.get(name)
            wrong = ODD if parts is None or value is None else ODD | parts(value)
            materials = replace(materials, **{name: data.draw(wrong)})
        return materials

    return change


def encryptors(suite: AlgorithmSuite, **keys: Any) -> list[ItemEncryptor]:
    table = TableConfig("people", "pk", attribute_actions=AttributeActions(), algorithm_suite=suite, **keys)
    return [ItemEncryptor(table), in_python(table)]


@cache
def bench(use: str, suite: AlgorithmSuite) -> tuple[Own, list[ItemEncryptor], list[ItemEncryptor]]:
    """Return the keyring or manager, what encrypts by it, and what reads without it."""
    own = Own()
    readers = [reader for keyring in READERS[use] for reader in encryptors(suite, keyring=keyring)]
    return own, encryptors(suite, **USES[use](own)), readers


@pytest.mark.parametrize("suite", AlgorithmSuite)
@pytest.mark.parametrize("use", USES)
@settings(max_examples=50)
@given(change=changes())
def test_any_materials_write_an_item_that_every_recipient_reads_or_are_refused(
    use: str, suite: AlgorithmSuite, change: Change
) -> None:
    own, writers, readers = bench(use, suite)
    own.change = change
    for writer in writers:
        try:
            stored = writer.encrypt_item(ITEM)
        except EncryptError:
            continue
        # A generator may leave all wrapping to the other members; then it cannot read the item itself.
        only_makes = use == "generator" and not own.returned.encrypted_data_keys
        for reader in readers[-2:] if only_makes else readers:
            assert reader.decrypt_item(stored) == ITEM


@pytest.mark.parametrize("suite", AlgorithmSuite)
@pytest.mark.parametrize("use", USES)
@settings(max_examples=50)
@given(change=changes())
def test_any_materials_read_the_item_or_are_refused(use: str, suite: AlgorithmSuite, change: Change) -> None:
    own, readers, _ = bench(use, suite)
    own.change = unchanged
    stored = readers[0].encrypt_item(ITEM)
    own.change = change
    for reader in readers:
        try:
            assert reader.decrypt_item(stored) == ITEM
        except DecryptError:
            continue
