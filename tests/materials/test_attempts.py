"""How many data keys of an item are tried: whoever writes to the table must not decide that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dynaseal import AwsKmsDiscoveryKeyring, AwsKmsKeyring, EncryptedDataKey, UnwrapError
from dynaseal.materials.attempts import MAX_ATTEMPTS, unwrap_first
from dynaseal.materials.model import DecryptionMaterials, NoDataKeyError
from dynaseal.testing import Subject
from support.keyrings import KINDS, KMS_A, Kind, fake_kms


def _own(count: int) -> list[EncryptedDataKey]:
    return [EncryptedDataKey("aws-kms", KMS_A.encode(), bytes([n]) * 112) for n in range(count)]


@pytest.mark.parametrize(
    "reader",
    [
        lambda kms: AwsKmsKeyring(KMS_A, client=kms.client("us-west-2")),
        lambda kms: AwsKmsDiscoveryKeyring(client=kms.client("us-west-2")),
    ],
    ids=["its own key", "discovery"],
)
def test_an_item_with_255_data_keys_of_the_readers_own_costs_a_bounded_number_of_calls(
    reader: Callable[..., Any],
) -> None:
    kms = fake_kms()
    subject = Subject(reader(kms))
    written = Subject(AwsKmsKeyring(KMS_A, client=kms.client("us-west-2"))).write()
    kms.calls.clear()

    error = subject.check_refuses(written, "255 data keys", _own(255))

    assert kms.operations() == ["Decrypt"] * MAX_ATTEMPTS
    assert "The item has 255 data keys for this keyring; the first 16 cannot be unwrapped" in str(error)
    assert len(error.causes) == MAX_ATTEMPTS


def test_where_every_data_key_was_tried_no_other_is_said_to_be_left() -> None:
    def refuse(_: int) -> DecryptionMaterials:
        raise UnwrapError("not this one")

    with pytest.raises(UnwrapError) as raised:
        unwrap_first(range(MAX_ATTEMPTS), refuse, _nothing)

    assert len(raised.value.causes) == MAX_ATTEMPTS
    assert "more are not tried" not in str(raised.value)


def test_other_keyrings_data_keys_do_not_count() -> None:
    kms = fake_kms()
    subject = Subject(AwsKmsKeyring(KMS_A, client=kms.client("us-west-2")))
    written = subject.write()
    others = [EncryptedDataKey("another", key.provider_info, key.ciphertext) for key in _own(254)]

    subject.check_reads(written, "behind 254 others", [*others, *written.encrypted_data_keys])

    assert kms.operations() == ["GenerateDataKey", "Decrypt"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name not in ("raw-aes", "multi")], ids=str)
def test_no_keyring_tries_so_many_damaged_data_keys_that_it_reaches_a_sound_one(kind: Kind) -> None:
    subject = kind.subject()
    written = subject.write()
    damaged = [
        EncryptedDataKey(
            key.provider_id, key.provider_info, key.ciphertext[:-1] + bytes([key.ciphertext[-1] ^ 1])
        )
        for key in written.encrypted_data_keys
    ]

    subject.check_refuses(written, "many damaged data keys", [*damaged * 60, *written.encrypted_data_keys])


def test_the_last_that_may_be_tried_still_opens() -> None:
    opened: list[int] = []

    def unwrap(candidate: int) -> DecryptionMaterials:
        opened.append(candidate)
        if candidate < MAX_ATTEMPTS - 1:
            raise UnwrapError("not this one")
        return _MATERIALS

    assert unwrap_first(range(255), unwrap, _nothing) is _MATERIALS
    assert opened == list(range(MAX_ATTEMPTS))


def test_no_candidate_at_all_is_said_as_the_keyring_says_it() -> None:
    with pytest.raises(NoDataKeyError, match="nothing here"):
        unwrap_first([], lambda _: _MATERIALS, _nothing)


def _nothing() -> NoDataKeyError:
    return NoDataKeyError("nothing here")


_MATERIALS = DecryptionMaterials(Subject(AwsKmsKeyring(KMS_A)).suites[0], {})
