"""The hierarchical keyring: which keys it fetches and when, and its errors."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

import pytest

from dynaseal import (
    AwsKmsHierarchicalKeyring,
    BranchKeyCache,
    ConfigError,
    CryptoAction,
    EncryptedDataKey,
    EncryptError,
    KeyStore,
    KmsError,
    UnwrapError,
)
from dynaseal.testing import RULES, Rule, Subject
from support.branch_keys import BOUND, ITEM, Clock, encryptor_of
from support.fake_aws import ARN, FakeAws

TTL = 600


@pytest.fixture
def aws() -> FakeAws:
    return FakeAws()


@pytest.fixture
def store(aws: FakeAws) -> KeyStore:
    store = aws.key_store()
    for tenant in ("tenant-a", "tenant-b"):
        store.create_key(tenant, BOUND)
    aws.calls.clear()
    return store


def keyring_of(
    store: KeyStore, cache: BranchKeyCache | None = None, **which: Any
) -> AwsKmsHierarchicalKeyring:
    return AwsKmsHierarchicalKeyring(
        store, **(which or {"branch_key_id": "tenant-a"}), ttl_seconds=TTL, cache=cache
    )


def operations(aws: FakeAws) -> list[str]:
    return [call["op"] for call in aws.calls]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_it_keeps_to_every_rule_of_keyrings(aws: FakeAws, store: KeyStore, rule: Rule) -> None:
    keys = [plaintext for plaintext, _ in aws.kms.replies.values()]

    rule(Subject(keyring_of(store), keyring_of(store), secrets=tuple(keys)))


def test_two_writes_and_two_reads_make_four_calls(aws: FakeAws, store: KeyStore) -> None:
    encryptor = encryptor_of(keyring_of(store))

    stored = [encryptor.encrypt_item(ITEM) for _ in range(2)]
    assert [encryptor.decrypt_item(each) for each in stored] == [ITEM, ITEM]

    assert operations(aws) == ["GetItem", "Decrypt"] * 2


def test_after_the_ttl_each_key_is_fetched_again(aws: FakeAws, store: KeyStore) -> None:
    clock = Clock()
    encryptor = encryptor_of(keyring_of(store, BranchKeyCache(clock=clock)))
    stored = encryptor.encrypt_item(ITEM)
    encryptor.decrypt_item(stored)
    aws.calls.clear()

    clock.now += TTL
    encryptor.decrypt_item(encryptor.encrypt_item(ITEM))

    assert operations(aws) == ["GetItem", "Decrypt"] * 2


def test_a_writer_takes_up_a_new_version_when_its_ttl_ends_and_old_items_are_still_read(
    aws: FakeAws, store: KeyStore
) -> None:
    clock = Clock()
    encryptor = encryptor_of(keyring_of(store, BranchKeyCache(clock=clock)))
    before = encryptor.encrypt_item(ITEM)
    store.version_key("tenant-a")
    meanwhile = encryptor.encrypt_item(ITEM)
    clock.now += TTL
    after = encryptor.encrypt_item(ITEM)
    aws.calls.clear()

    assert [encryptor.decrypt_item(each) for each in (before, meanwhile, after)] == [ITEM] * 3

    versions = {call["key"]["type"]["S"] for call in aws.calls if call["op"] == "GetItem"}
    assert len(versions) == 2


def test_many_threads_fetch_a_branch_key_once(aws: FakeAws, store: KeyStore) -> None:
    encryptor, together = encryptor_of(keyring_of(store)), Barrier(8)

    def write() -> dict[str, Any]:
        together.wait(10)
        return encryptor.encrypt_item(ITEM)

    with ThreadPoolExecutor(8) as pool:
        stored = [each.result(10) for each in [pool.submit(write) for _ in range(8)]]
    assert operations(aws) == ["GetItem", "Decrypt"]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(encryptor.decrypt_item, stored)) == [ITEM] * 8
    assert operations(aws) == ["GetItem", "Decrypt"] * 2


def test_keyrings_of_one_key_store_share_a_cache(aws: FakeAws, store: KeyStore) -> None:
    cache = BranchKeyCache()
    stored = encryptor_of(keyring_of(store, cache)).encrypt_item(ITEM)
    encryptor_of(keyring_of(store, cache)).encrypt_item(ITEM)
    encryptor_of(keyring_of(store, cache)).decrypt_item(stored)
    encryptor_of(keyring_of(store, cache)).decrypt_item(stored)

    assert operations(aws) == ["GetItem", "Decrypt"] * 2


def test_keyrings_of_two_key_stores_never_mix_in_a_shared_cache(store: KeyStore) -> None:
    cache = BranchKeyCache()
    other = FakeAws().key_store()
    other.create_key("tenant-a", BOUND)
    stored = encryptor_of(keyring_of(store, cache)).encrypt_item(ITEM)

    theirs = encryptor_of(keyring_of(other, cache))

    assert theirs.decrypt_item(theirs.encrypt_item(ITEM)) == ITEM
    with pytest.raises(UnwrapError):
        theirs.decrypt_item(stored)


def test_a_supplier_chooses_the_branch_key_by_the_items_key(aws: FakeAws, store: KeyStore) -> None:
    supplied_keys: list[Mapping[str, Any]] = []

    def supply(key: Mapping[str, Any]) -> str:
        supplied_keys.append(key)
        return "tenant-b" if key["pk"]["S"] == "bob" else "tenant-a"

    encryptor = encryptor_of(keyring_of(store, branch_key_id_supplier=supply))
    bob = {**ITEM, "pk": {"S": "bob"}}
    stored = [encryptor.encrypt_item(each) for each in (ITEM, bob)]

    assert [encryptor.decrypt_item(each) for each in stored] == [ITEM, bob]
    assert supplied_keys == [{"pk": {"S": "ann"}}, {"pk": {"S": "bob"}}] * 2
    fetched = {call["key"]["branch-key-id"]["S"] for call in aws.calls if call["op"] == "GetItem"}
    assert fetched == {"tenant-a", "tenant-b"}


def test_a_supplier_is_given_every_attribute_of_the_context(store: KeyStore) -> None:
    supplied_keys: list[Mapping[str, Any]] = []
    in_context = CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT

    def supply(key: Mapping[str, Any]) -> str:
        supplied_keys.append(key)
        return "tenant-a"

    names = ("pk", "a", "b", "c", "é", "\U0001f600")
    encryptor = encryptor_of(
        keyring_of(store, branch_key_id_supplier=supply), context=dict.fromkeys(names, in_context)
    )
    item = {
        "pk": {"S": "ann"},
        "a": {"N": "7"},
        "b": {"BOOL": False},
        "c": {"NULL": True},
        "é": {"M": {"k": {"L": [{"B": b"\x00"}]}}},
        "\U0001f600": {"S": ""},
    }

    assert encryptor.decrypt_item(encryptor.encrypt_item(item)) == item
    names_too = {"aws_dbe_table_name": {"S": "people"}, "aws_dbe_partition_name": {"S": "pk"}}
    assert supplied_keys == [item | names_too] * 2


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x")])
def test_a_supplier_may_refuse_an_item(store: KeyStore, error: Exception) -> None:
    def refuse(_: Mapping[str, Any]) -> str:
        raise error

    written = encryptor_of(keyring_of(store)).encrypt_item(ITEM)
    encryptor = encryptor_of(keyring_of(store, branch_key_id_supplier=refuse))

    with pytest.raises(EncryptError, match="supplier of branch key ids refused the item"):
        encryptor.encrypt_item(ITEM)
    with pytest.raises(UnwrapError, match="supplier of branch key ids refused the item"):
        encryptor.decrypt_item(written)


def test_a_supplier_that_gives_no_text_is_a_type_error(store: KeyStore) -> None:
    supply: Any = len

    with pytest.raises(TypeError, match="branch key id must be str"):
        encryptor_of(keyring_of(store, branch_key_id_supplier=supply)).encrypt_item(ITEM)


def test_what_kms_refuses_is_an_error_of_the_item_and_of_kms(aws: FakeAws, store: KeyStore) -> None:
    stored = encryptor_of(keyring_of(store)).encrypt_item(ITEM)
    aws.kms.refusals[ARN] = "AccessDeniedException"
    encryptor = encryptor_of(keyring_of(store))

    with pytest.raises(EncryptError, match="Allow kms:Decrypt") as writing:
        encryptor.encrypt_item(ITEM)
    with pytest.raises(UnwrapError, match="Allow kms:Decrypt") as reading:
        encryptor.decrypt_item(stored)

    for refusal in (writing.value, reading.value):
        assert isinstance(refusal, KmsError)
        assert refusal.response["Error"]["Code"] == "AccessDeniedException"
        assert "item pk='ann'" in str(refusal)


def test_what_dynamodb_refuses_is_an_error_of_the_item(aws: FakeAws, store: KeyStore) -> None:
    stored = encryptor_of(keyring_of(store)).encrypt_item(ITEM)
    aws.dynamodb.refusals["GetItem"] = "ProvisionedThroughputExceededException"
    encryptor = encryptor_of(keyring_of(store))

    with pytest.raises(EncryptError, match="ProvisionedThroughputExceededException"):
        encryptor.encrypt_item(ITEM)
    with pytest.raises(UnwrapError, match="ProvisionedThroughputExceededException"):
        encryptor.decrypt_item(stored)


def test_a_refused_fetch_is_not_remembered(aws: FakeAws, store: KeyStore) -> None:
    encryptor = encryptor_of(keyring_of(store))
    aws.kms.refusals[ARN] = "ThrottlingException"
    with pytest.raises(EncryptError):
        encryptor.encrypt_item(ITEM)

    aws.kms.refusals.clear()

    assert encryptor.decrypt_item(encryptor.encrypt_item(ITEM)) == ITEM


def test_an_item_of_another_branch_key_is_refused_without_a_call(aws: FakeAws, store: KeyStore) -> None:
    stored = encryptor_of(keyring_of(store)).encrypt_item(ITEM)
    aws.calls.clear()

    with pytest.raises(UnwrapError, match="no data key under the branch key 'tenant-b'"):
        encryptor_of(keyring_of(store, branch_key_id="tenant-b")).decrypt_item(stored)

    assert aws.calls == []


def test_data_keys_of_other_providers_do_not_count_even_with_the_branch_keys_name(store: KeyStore) -> None:
    subject = Subject(keyring_of(store))
    written = subject.write()
    (key,) = written.encrypted_data_keys
    others = [EncryptedDataKey("another", key.provider_info, bytes(200))] * 100

    subject.check_reads(written, "after 100 others", [*others, key])


@pytest.mark.parametrize("length", [0, 48, 48 + 28, 48 + 28 + 15, 48 + 28 + 16])
def test_a_data_key_that_ends_too_early_is_refused(store: KeyStore, length: int) -> None:
    subject = Subject(keyring_of(store))
    written = subject.write()
    (key,) = written.encrypted_data_keys

    subject.check_refuses(written, f"{length} bytes", [replace(key, ciphertext=key.ciphertext[:length])])


@pytest.mark.parametrize(
    "which",
    [
        {},
        {"branch_key_id": "a", "branch_key_id_supplier": lambda _: "a"},
        {"branch_key_id": ""},
        {"branch_key_id": "a", "ttl_seconds": 0},
        {"branch_key_id": "a", "ttl_seconds": -1},
        {"branch_key_id": "a", "ttl_seconds": 10, "cache": BranchKeyCache(grace_seconds=10)},
    ],
)
def test_a_keyring_that_cannot_be_is_refused(store: KeyStore, which: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        AwsKmsHierarchicalKeyring(store, **{"ttl_seconds": TTL, **which})
