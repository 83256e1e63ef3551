"""Every keyring follows the rules of keyrings, and one that breaks a rule is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from dynaseal import DecryptionMaterials, EncryptedDataKey, EncryptionMaterials, RawAesKeyring
from dynaseal.materials.keyrings import wrapping
from dynaseal.testing import RULES, ConformanceError, Rule, Subject, check_keyring
from support.keyrings import KINDS, Kind

KEY = b"k" * 32
Change = Callable[[Any], Any]


def unchanged(materials: Any) -> Any:
    return materials


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_every_keyring_keeps_to_every_rule(kind: Kind, rule: Rule) -> None:
    rule(kind.subject())


def test_every_rule_is_a_sentence() -> None:
    assert all(rule.text.endswith(".") for rule in RULES)


class Wrapped:
    """A correct keyring, whose results a broken one changes."""

    def __init__(self) -> None:
        self.inner = RawAesKeyring("mine", "one", KEY)

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return self.inner.on_encrypt(materials)

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        return self.inner.on_decrypt(materials, encrypted_data_keys)


class WrapsNothing(Wrapped):
    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return replace(materials, plaintext_data_key=KEY)


class MakesAShortDataKey(Wrapped):
    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return super().on_encrypt(replace(materials, plaintext_data_key=KEY[:16]))


class DropsTheSigningKeys(Wrapped):
    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return replace(super().on_encrypt(materials), symmetric_signing_keys=())


class ChangesTheContext(Wrapped):
    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return replace(super().on_encrypt(materials), encryption_context={"mine": "only"})


class ReadsSomethingElse(Wrapped):
    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        return replace(super().on_decrypt(materials, encrypted_data_keys), plaintext_data_key=KEY)


class UsesOneDataKeyForAll(Wrapped):
    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return super().on_encrypt(replace(materials, plaintext_data_key=KEY))


class ReplacesTheDataKey(Wrapped):
    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return super().on_encrypt(replace(materials, plaintext_data_key=wrapping.new_data_key()))


class DropsWhatOthersWrapped(Wrapped):
    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return super().on_encrypt(replace(materials, encrypted_data_keys=(), symmetric_signing_keys=()))


class LooksAtTheFirstDataKeyOnly(Wrapped):
    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        return super().on_decrypt(materials, encrypted_data_keys[:1])


class StumblesOverNothing(Wrapped):
    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        return super().on_decrypt(materials, [encrypted_data_keys[0], *encrypted_data_keys[1:]])


class BindsNoContext(Wrapped):
    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        written = super().on_encrypt(replace(materials, encryption_context={}))
        return replace(written, encryption_context=materials.encryption_context)

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        read = super().on_decrypt(replace(materials, encryption_context={}), encrypted_data_keys)
        return replace(read, encryption_context=materials.encryption_context)


class WrapsInTheClear(Wrapped):
    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        key = materials.plaintext_data_key or wrapping.new_data_key()
        return materials.with_wrapped_key(key, EncryptedDataKey("clear", b"", key), KEY)

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        mine = next(key for key in encrypted_data_keys if key.provider_id == "clear")
        return materials.with_unwrapped_key(mine.ciphertext, KEY)


class ShowsItsKey(Wrapped):
    def __repr__(self) -> str:
        return f"ShowsItsKey({KEY.hex()})"


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        (WrapsNothing, "writes_complete_materials"),
        (MakesAShortDataKey, "writes_complete_materials"),
        (DropsTheSigningKeys, "writes_complete_materials"),
        (ChangesTheContext, "keeps_the_materials_it_is_given"),
        (ReadsSomethingElse, "reads_what_it_wrote"),
        (UsesOneDataKeyForAll, "makes_a_fresh_key_each_time"),
        (ReplacesTheDataKey, "wraps_the_data_key_of_another_keyring"),
        (DropsWhatOthersWrapped, "wraps_the_data_key_of_another_keyring"),
        (LooksAtTheFirstDataKeyOnly, "skips_data_keys_of_other_keyrings"),
        (LooksAtTheFirstDataKeyOnly, "reads_after_a_damaged_data_key"),
        (StumblesOverNothing, "refuses_without_a_data_key_of_its_own"),
        (BindsNoContext, "refuses_another_context"),
        (WrapsInTheClear, "refuses_a_damaged_data_key"),
        (ShowsItsKey, "shows_no_secret"),
        (ReadsSomethingElse, "works_in_many_threads"),
        (ChangesTheContext, "encrypts_whole_items"),
    ],
)
def test_a_keyring_that_breaks_a_rule_is_found_out(broken: Callable[[], Any], rule: str) -> None:
    (chosen,) = (one for one in RULES if str(one) == rule)

    with pytest.raises(Exception) as raised:  # noqa: PT011 what a broken keyring raises comes through
        chosen(Subject(broken(), secrets=[KEY]))

    assert chosen.text in raised.value.__notes__[0]


def test_the_whole_check_stops_at_the_first_broken_rule() -> None:
    with pytest.raises(ConformanceError, match="on_encrypt did not return one signing key of 32 bytes per"):
        check_keyring(DropsTheSigningKeys())


class Changes(Wrapped):
    """A keyring that changes what a correct one returns."""

    def __init__(self, *, encrypt: Change = unchanged, decrypt: Change = unchanged) -> None:
        super().__init__()
        self.encrypt, self.decrypt = encrypt, decrypt

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return self.encrypt(super().on_encrypt(materials))

    def on_decrypt(
        self, materials: DecryptionMaterials, encrypted_data_keys: Sequence[EncryptedDataKey]
    ) -> DecryptionMaterials:
        return self.decrypt(super().on_decrypt(materials, encrypted_data_keys))


def part(name: str, value: Any) -> Change:
    """Return a change of the first wrapped data key."""
    return lambda materials: replace(
        materials, encrypted_data_keys=(replace(materials.encrypted_data_keys[0], **{name: value}),)
    )


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (
            Changes(encrypt=lambda _: None),
            "on_encrypt returned an object of the type NoneType, not Encryption",
        ),
        (Changes(encrypt=lambda _: "x"), "on_encrypt returned an object of the type str, not Encryption"),
        (
            Changes(decrypt=lambda _: None),
            "on_decrypt returned an object of the type NoneType, not Decryption",
        ),
        (
            Changes(encrypt=lambda materials: replace(materials, encrypted_data_keys=None)),
            "on_encrypt returned encrypted_data_keys that are not a tuple",
        ),
        (
            Changes(encrypt=lambda materials: replace(materials, symmetric_signing_keys=None)),
            "on_encrypt did not return one signing key",
        ),
        (
            Changes(
                encrypt=lambda materials: replace(
                    materials, plaintext_data_key=bytearray(materials.plaintext_data_key)
                )
            ),
            "not of the type bytes",
        ),
        (Changes(encrypt=part("provider_info", bytearray(b"x"))), "not of the type bytes"),
        (Changes(encrypt=part("provider_id", "\ud800")), "a lone surrogate"),
    ],
)
def test_a_keyring_that_returns_something_else_than_materials_breaks_a_rule(
    broken: Any, message: str
) -> None:
    with pytest.raises(ConformanceError, match=message):
        check_keyring(broken)
