"""The key store over HTTP: boto3's clients, and a KMS and a DynamoDB that check permissions."""

from __future__ import annotations

import pytest

from dynaseal import AwsKmsHierarchicalKeyring, KeyStore, KeyStoreError, KmsError
from dynaseal_lab.stack.provision import Clients
from dynaseal_lab.testing import LabAccount
from support.branch_keys import BOUND, ITEM, encryptor_of


@pytest.fixture
def clients(lab: LabAccount) -> Clients:
    return Clients.of(lab.root.session)


@pytest.fixture
def key_arn(clients: Clients) -> str:
    return clients.kms.create_key()["KeyMetadata"]["Arn"]


@pytest.fixture
def store(clients: Clients, key_arn: str) -> KeyStore:
    store = KeyStore("keys", "logical", key_arn, dynamodb_client=clients.dynamodb, kms_client=clients.kms)
    store.create_table()
    return store


def test_items_outlive_a_new_version_of_their_branch_key(store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)
    first = encryptor_of(AwsKmsHierarchicalKeyring(store, branch_key_id="tenant-a", ttl_seconds=600))
    old = first.encrypt_item(ITEM)

    store.version_key("tenant-a")

    second = encryptor_of(AwsKmsHierarchicalKeyring(store, branch_key_id="tenant-a", ttl_seconds=600))
    assert [second.decrypt_item(each) for each in (old, second.encrypt_item(ITEM))] == [ITEM, ITEM]
    assert second.kms_calls.total() == 3


def test_a_branch_key_is_not_made_twice(store: KeyStore) -> None:
    store.create_key("tenant-a", BOUND)

    with pytest.raises(KeyStoreError, match="version_key"):
        store.create_key("tenant-a", BOUND)


def test_a_disabled_key_opens_no_branch_key_and_says_what_to_do(
    clients: Clients, key_arn: str, store: KeyStore
) -> None:
    store.create_key("tenant-a", BOUND)
    clients.kms.disable_key(KeyId=key_arn)

    with pytest.raises(KmsError, match=r"DisabledException.*Enable the key"):
        store.get_active_branch_key("tenant-a")


def test_without_its_table_a_key_store_says_so(clients: Clients, key_arn: str) -> None:
    store = KeyStore("none", "logical", key_arn, dynamodb_client=clients.dynamodb, kms_client=clients.kms)

    with pytest.raises(KeyStoreError, match=r"ResourceNotFoundException.*create_table"):
        store.create_key("tenant-a", BOUND)
