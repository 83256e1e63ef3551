"""KMS calls are counted for each encryptor, and many of them bring a hint."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dynaseal import AwsKmsHierarchicalKeyring, AwsKmsKeyring, KeyStore, MultiKeyring, UnwrapError
from dynaseal.materials.kms_calls import KmsCall, KmsCalls
from support.branch_keys import BOUND, ITEM, encryptor_of, people
from support.fake_aws import ARN, FakeAws
from support.logs import log_fields

OTHER = ARN.replace("1234abcd", "4321dcba")


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def store(aws: FakeAws) -> KeyStore:
    store = aws.key_store()
    store.create_key("tenant-a", BOUND)
    return store


def plain(aws: FakeAws, arn: str = ARN) -> AwsKmsKeyring:
    return AwsKmsKeyring(arn, client=aws.kms.client("us-west-2"))


def hierarchical(store: KeyStore) -> AwsKmsHierarchicalKeyring:
    return AwsKmsHierarchicalKeyring(store, branch_key_id="tenant-a", ttl_seconds=600)


def test_fifty_items_under_one_branch_key_take_one_call_cold_and_none_warm(store: KeyStore) -> None:
    writer = encryptor_of(hierarchical(store))
    stored = [writer.encrypt_item(item) for item in people(50)]
    assert writer.kms_calls == {("Decrypt", ARN): 1}
    reader = encryptor_of(hierarchical(store))

    cold = [reader.decrypt_item(item) for item in stored]
    assert reader.kms_calls == {("Decrypt", ARN): 1}
    warm = [reader.decrypt_item(item) for item in stored]
    assert reader.kms_calls == {("Decrypt", ARN): 1}

    assert cold == warm == people(50)


def test_fifty_items_under_a_kms_key_take_fifty_calls_and_one_hint(
    aws: FakeAws, caplog: pytest.LogCaptureFixture
) -> None:
    writer, reader = encryptor_of(plain(aws)), encryptor_of(plain(aws))
    stored = [writer.encrypt_item(item) for item in people(50)]
    caplog.clear()

    for item in stored:
        reader.decrypt_item(item)

    assert reader.kms_calls == {("Decrypt", ARN): 50}
    assert writer.kms_calls == {("GenerateDataKey", ARN): 50}
    (record,) = caplog.records
    assert record.name == "dynaseal"
    assert record.getMessage() == (
        "table people: 10 KMS calls that each served one item, the last one Decrypt on "
        f"{ARN}; a hierarchical keyring makes one call for many items"
    )
    assert log_fields(record) == {
        "dynaseal_event": "many-kms-calls",
        "dynaseal_kms_calls": 10,
        "dynaseal_operation": "Decrypt",
        "dynaseal_key_id": ARN,
    }


def test_the_hint_is_true_of_items_that_need_several_calls_each(
    aws: FakeAws, caplog: pytest.LogCaptureFixture
) -> None:
    encryptor = encryptor_of(MultiKeyring(plain(aws), [plain(aws, OTHER)]))

    for item in people(4):
        encryptor.encrypt_item(item)
    assert caplog.records == []
    for item in people(2):
        encryptor.encrypt_item(item)

    (record,) = caplog.records
    assert "10 KMS calls that each served one item" in record.getMessage()
    assert log_fields(record)["dynaseal_kms_calls"] == 10
    assert encryptor.kms_calls.total() == 12


def test_each_encryptor_has_a_hint_of_its_own(aws: FakeAws, caplog: pytest.LogCaptureFixture) -> None:
    keyring = plain(aws)
    for encryptor in (encryptor_of(keyring), encryptor_of(keyring)):
        for item in people(20):
            encryptor.encrypt_item(item)

    assert len(caplog.records) == 2


def test_calls_that_not_every_item_needs_do_not_repeat_the_hint(caplog: pytest.LogCaptureFixture) -> None:
    calls = KmsCalls("table people")
    for _ in range(10):
        calls.add(KmsCall("Decrypt", ARN), per_item=True)
    for _ in range(3):
        calls.add(KmsCall("Decrypt", OTHER), per_item=False)
    assert len(caplog.records) == 1


def test_the_hierarchical_keyring_brings_no_hint(store: KeyStore, caplog: pytest.LogCaptureFixture) -> None:
    for at in range(20):
        store.create_key(f"tenant {at}", BOUND)
    supplied = AwsKmsHierarchicalKeyring(
        store, branch_key_id_supplier=lambda key: "tenant " + key["pk"]["S"].split()[1], ttl_seconds=600
    )
    encryptor = encryptor_of(supplied)

    for item in people(20):
        encryptor.encrypt_item(item)

    assert encryptor.kms_calls.total() == 20
    assert caplog.records == []


def test_encryptors_that_share_a_keyring_count_apart(aws: FakeAws) -> None:
    keyring = plain(aws)
    one, other = encryptor_of(keyring), encryptor_of(keyring)

    one.encrypt_item(ITEM)

    assert (one.kms_calls.total(), other.kms_calls.total()) == (1, 0)


def test_every_key_of_a_multi_keyring_is_counted_apart(aws: FakeAws) -> None:
    encryptor = encryptor_of(MultiKeyring(plain(aws), [plain(aws, OTHER)]))

    encryptor.decrypt_item(encryptor.encrypt_item(ITEM))

    assert encryptor.kms_calls == {
        ("GenerateDataKey", ARN): 1,
        ("GenerateDataKey", OTHER): 1,
        ("Decrypt", ARN): 1,
    }


def test_a_refused_call_counts(aws: FakeAws) -> None:
    encryptor = encryptor_of(plain(aws))
    stored = encryptor.encrypt_item(ITEM)
    aws.kms.refusals[ARN] = "DisabledException"

    with pytest.raises(UnwrapError):
        encryptor.decrypt_item(stored)

    assert encryptor.kms_calls == {("GenerateDataKey", ARN): 1, ("Decrypt", ARN): 1}


def test_calls_of_many_threads_are_all_counted(aws: FakeAws) -> None:
    encryptor = encryptor_of(plain(aws))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(encryptor.encrypt_item, people(200)))

    assert encryptor.kms_calls == {("GenerateDataKey", ARN): 200}


def test_the_numbers_given_are_a_copy(aws: FakeAws) -> None:
    encryptor = encryptor_of(plain(aws))

    encryptor.kms_calls[KmsCall("Decrypt", ARN)] = 5

    assert encryptor.kms_calls == {}


def test_calls_outside_any_encryptor_count_for_none(store: KeyStore) -> None:
    encryptor = encryptor_of(hierarchical(store))

    store.get_active_branch_key("tenant-a")

    assert encryptor.kms_calls == {}
