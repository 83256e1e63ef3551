"""The multi-keyring: the generator makes the data key, all wrap it, and any one can read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dynaseal import (
    ConfigError,
    EncryptError,
    EncryptionMaterials,
    KmsError,
    MultiKeyring,
    RawAesKeyring,
    UnwrapError,
)
from dynaseal.materials.model import NoDataKeyError
from dynaseal.testing import Subject
from support.keyrings import KMS_A, build, fake_kms


def aes(name: str, key: bytes = b"k") -> RawAesKeyring:
    return RawAesKeyring("mine", name, key * 32)


def test_every_member_alone_reads_what_the_multi_keyring_wrote() -> None:
    members = [aes("one"), aes("two"), aes("three")]
    written = Subject(MultiKeyring(members[0], members[1:])).write()

    assert len(written.encrypted_data_keys) == 3
    for member in members:
        Subject(member).check_reads(written, f"by {member}")


def test_each_member_has_a_signing_key_of_its_own() -> None:
    written = Subject(MultiKeyring(aes("one"), [aes("two")])).write()

    assert len(set(written.symmetric_signing_keys)) == 2


def test_a_multi_keyring_may_be_a_member() -> None:
    inner = MultiKeyring(children=[aes("two"), aes("three")])
    written = Subject(MultiKeyring(aes("one"), [inner])).write()

    Subject(inner).check_reads(written, "by the inner one")


def test_without_a_generator_it_only_reads() -> None:
    with pytest.raises(EncryptError, match=r"no generator to make a data key\. Pass one of its keyrings"):
        Subject(MultiKeyring(children=[aes("one")])).write()


def test_a_generator_is_not_handed_a_data_key() -> None:
    materials = Subject(aes("one")).write()

    with pytest.raises(EncryptError, match="another keyring has made a data key already"):
        MultiKeyring(aes("two")).on_encrypt(materials)


def test_one_member_that_cannot_write_keeps_all_from_writing() -> None:
    kms = fake_kms()
    kms.refusals[KMS_A] = "DisabledException"

    with pytest.raises(KmsError, match="Enable the key"):
        Subject(MultiKeyring(aes("one"), [build(kms, kind="kms", key="kms-a")])).write()


class Faulty(RawAesKeyring):
    """A keyring that returns other materials than it should."""

    change: Callable[[EncryptionMaterials], Any]

    def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
        return self.change(super().on_encrypt(materials))


FAULTS: dict[str, tuple[Callable[[EncryptionMaterials], Any], str]] = {
    "nothing": (lambda _: None, "returned an object of the type NoneType, not EncryptionMaterials"),
    "no data key": (lambda materials: replace(materials, plaintext_data_key=None), "made no data key"),
    "a data key that is text": (
        lambda materials: replace(materials, plaintext_data_key="k" * 32),
        "returned no data key of 32 bytes",
    ),
    "another data key": (
        lambda materials: replace(materials, plaintext_data_key=b"other" * 6 + b"!!"),
        "replaced the data key",
    ),
    "only its own": (
        lambda materials: replace(
            materials,
            encrypted_data_keys=materials.encrypted_data_keys[-1:],
            symmetric_signing_keys=materials.symmetric_signing_keys[-1:],
        ),
        "removed the data key as another keyring had wrapped it",
    ),
    "its own signing key for all": (
        lambda materials: replace(
            materials, symmetric_signing_keys=materials.symmetric_signing_keys[-1:] * 2
        ),
        "replaced the signing key of another keyring",
    ),
    "no wrapped data keys": (
        lambda materials: replace(materials, encrypted_data_keys=None),
        "returned encrypted_data_keys that are not a tuple of EncryptedDataKey",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_member_returns_must_be_what_the_others_returned_and_its_own_data_key(fault: str) -> None:
    member = Faulty("mine", "faulty", b"k" * 32)
    subject = Subject(MultiKeyring(aes("one"), [member, aes("two")]))
    member.change = lambda materials: materials
    subject.check_reads(subject.write(), "without a fault")
    member.change, message = FAULTS[fault]
    with pytest.raises(EncryptError, match=rf"The keyring .*'faulty'.* {message}"):
        subject.write()


def test_a_member_may_return_what_it_was_given_and_only_read() -> None:
    class ReaderOnly(RawAesKeyring):
        def on_encrypt(self, materials: EncryptionMaterials) -> EncryptionMaterials:
            return materials

    former = ReaderOnly("mine", "former", b"f" * 32)
    subject = Subject(MultiKeyring(aes("one"), [former, aes("two")]))
    assert len(subject.write().encrypted_data_keys) == 2
    subject.check_reads(Subject(aes("former", b"f")).write(), "by the former key")


def test_a_member_may_return_lists() -> None:
    member = Faulty("mine", "lists", b"k" * 32)
    member.change = lambda materials: replace(
        materials,
        encrypted_data_keys=[*materials.encrypted_data_keys],
        symmetric_signing_keys=[*materials.symmetric_signing_keys],
    )
    subject = Subject(MultiKeyring(aes("one"), [member, aes("two")]))
    subject.check_reads(subject.write(), "with lists")


def test_a_generator_may_make_a_data_key_and_wrap_nothing() -> None:
    generator = Faulty("mine", "generator", b"k" * 32)
    generator.change = lambda materials: replace(materials, encrypted_data_keys=(), symmetric_signing_keys=())
    written = Subject(MultiKeyring(generator, [aes("two")])).write()
    assert len(written.encrypted_data_keys) == 1
    Subject(aes("two")).check_reads(written, "by the member that wrapped it")


class ReadsNothing(RawAesKeyring):
    """A keyring that returns something else than unwrapped keys."""

    unwrapped: Any = None

    def on_decrypt(self, materials: Any, encrypted_data_keys: Any) -> Any:  # noqa: ARG002 of the Protocol
        return self.unwrapped


def test_a_member_that_returns_no_data_key_does_not_keep_the_others_from_reading() -> None:
    written = Subject(aes("one")).write()
    faulty = ReadsNothing("mine", "faulty", b"k" * 32)
    Subject(MultiKeyring(faulty, [aes("one")])).check_reads(written, "by another member")
    error = Subject(MultiKeyring(faulty, [aes("two")])).check_refuses(written, "no member that can read it")
    assert "'faulty') returned an object of the type NoneType, not DecryptionMaterials" in str(error)


def test_reading_stops_at_the_first_member_that_opens() -> None:
    kms = fake_kms()
    keyring = MultiKeyring(aes("one"), [build(kms, kind="kms", key="kms-a")])
    subject = Subject(keyring)

    subject.check_reads(subject.write(), "by the generator")

    assert kms.operations() == ["GenerateDataKey"]


def test_the_one_member_that_tried_speaks_for_all() -> None:
    kms = fake_kms()
    written = Subject(build(kms, kind="kms", key="kms-a")).write()
    kms.refusals[KMS_A] = "AccessDeniedException"
    reader = MultiKeyring(children=[aes("one"), build(kms, kind="kms", key="kms-a"), aes("two")])

    error = Subject(reader).check_refuses(written, "the one key refusing")

    assert isinstance(error, KmsError)


def test_when_no_member_had_anything_to_try_each_says_so() -> None:
    written = Subject(aes("one")).write()
    reader = MultiKeyring(children=[aes("two"), aes("three")])

    error = Subject(reader).check_refuses(written, "others' data keys")

    assert [type(cause) for cause in error.causes] == [NoDataKeyError, NoDataKeyError]
    assert isinstance(error, UnwrapError)


def test_a_multi_keyring_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError):
        MultiKeyring()


def test_children_that_are_not_in_a_list_are_refused() -> None:
    child: Any = aes("two")
    with pytest.raises(ConfigError, match=r"children must be a list.* Write children=\[...\]"):
        MultiKeyring(aes("one"), child)
