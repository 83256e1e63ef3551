"""Reading with configurations that were given: as the ambient principal, and as users of a lab."""

from __future__ import annotations

from base64 import encodebytes
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    AwsKmsRsaKeyring,
    CryptoAction,
    EncryptedTable,
    Keyring,
    KeyStore,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.inspection.item import ExplainedItem, Plaintext, Refusal, explain_item
from dynaseal.inspection.tables import TableFacts, describe_table
from dynaseal.inspector.accounts import Account
from dynaseal.inspector.readers import Readers
from dynaseal.inspector.site import AWS_ERRORS
from dynaseal.inspector.who_can import KmsKey, kms_keys, who_can_read
from inspector.conftest import MAY_READ, SECRET, Site, allow

ACTIONS = AttributeActions(
    CryptoAction.SIGN_ONLY, {"secret": CryptoAction.ENCRYPT_AND_SIGN, "note": CryptoAction.DO_NOTHING}
)


@pytest.fixture
def account(site: Site) -> Iterator[Account]:
    assert site.endpoint
    account = Account()
    yield account
    account.close()


class Stored:
    """A table with one item under a keyring, and the configuration that was given for it."""

    def __init__(self, name: str, keyring: Keyring, logical_name: str | None = None) -> None:
        table = boto3.resource("dynamodb").create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.config = TableConfig(
            logical_name or name,
            "pk",
            attribute_actions=ACTIONS,
            keyring=keyring,
            algorithm_suite=AlgorithmSuite.COMMIT_KEY_SYMSIG,
        )
        EncryptedTable(table, config=self.config).put_item(Item={"pk": "ann", "secret": SECRET, "note": "n"})
        client = boto3.client("dynamodb")
        self.facts: TableFacts = describe_table(client, name)
        self.item: dict[str, Any] = client.get_item(TableName=name, Key={"pk": {"S": "ann"}})["Item"]

    def read(self, account: Account, user: str = "") -> ExplainedItem:
        actor = account.actor(user)
        return Readers([self.config]).explain(actor, self.facts, self.item, AWS_ERRORS)


def secret_of(explained: ExplainedItem) -> Any:
    assert isinstance(explained.reading, Plaintext), explained.reading
    return explained.reading.item["secret"]["S"]


def refusal_of(explained: ExplainedItem) -> Refusal:
    assert isinstance(explained.reading, Refusal)
    return explained.reading


def test_a_configuration_reads_what_cannot_be_guessed(account: Account, site: Site) -> None:
    stored = Stored("renamed", AwsKmsKeyring(site.key_arn), logical_name="people")
    guessed = Readers(()).explain(account.ambient, stored.facts, stored.item, AWS_ERRORS)
    assert isinstance(guessed.reading, Refusal)
    assert secret_of(stored.read(account)) == SECRET


def test_a_user_reads_with_the_users_own_permissions(account: Account, site: Site) -> None:
    stored = Stored("own", AwsKmsKeyring(site.key_arn))
    assert secret_of(stored.read(account, "full")) == SECRET
    refusal = refusal_of(stored.read(account, "limited"))
    assert "user/limited is not authorized to perform: kms:Decrypt" in refusal.message


def test_a_key_that_needs_no_permission_reads_as_anybody(account: Account) -> None:
    stored = Stored("raw", RawAesKeyring("n", "k", bytes(32)))
    assert secret_of(stored.read(account, "stranger")) == SECRET


def test_a_hierarchical_keyring_fetches_branch_keys_as_the_user(account: Account, site: Site) -> None:
    store = KeyStore("branch-keys", "branch-keys", site.key_arn)
    store.create_table()
    keyring = AwsKmsHierarchicalKeyring(store, branch_key_id=store.create_key(), ttl_seconds=600)
    stored = Stored("hierarchy", keyring)
    assert secret_of(stored.read(account)) == SECRET
    assert secret_of(stored.read(account, "full")) == SECRET
    assert "user/limited" in refusal_of(stored.read(account, "limited")).message

    explained = explain_item(stored.item, stored.config)
    keys = kms_keys(explained, stored.config)
    assert keys == [KmsKey(site.key_arn, has_item_context=False)]
    assert account.lab is not None
    rows = {row.name: row.may for row in who_can_read(account.lab, stored.facts, explained, keys).rows}
    assert (rows["user/full"], rows["user/limited"]) == (True, False)


def test_a_keyring_with_clients_of_its_own_is_not_used_for_another_user(account: Account) -> None:
    key = boto3.client("kms").create_key(KeyUsage="ENCRYPT_DECRYPT", KeySpec="RSA_2048")["KeyMetadata"]["Arn"]
    public_key = boto3.client("kms").get_public_key(KeyId=key)["PublicKey"]
    pem = b"-----BEGIN PUBLIC KEY-----\n" + encodebytes(public_key) + b"-----END PUBLIC KEY-----\n"
    stored = Stored("rsa", AwsKmsRsaKeyring(key, "RSAES_OAEP_SHA_256", public_key=pem))
    assert secret_of(stored.read(account)) == SECRET
    assert refusal_of(stored.read(account, "full")).code == "other-credentials"


def test_the_older_formats_provider_is_not_used_for_another_user(account: Account, site: Site) -> None:
    stored = Stored("older", AwsKmsKeyring(site.key_arn))
    stored.item = {
        "pk": {"S": "a"},
        "*amzn-ddb-map-desc*": {"B": bytes(4)},
        "*amzn-ddb-map-sig*": {"B": b"s"},
    }
    assert refusal_of(stored.read(account)).code == "format"
    assert refusal_of(stored.read(account, "full")).code == "other-credentials"


def test_the_storage_key_decides_too(account: Account) -> None:
    kms = boto3.client("kms")
    storage_key = kms.create_key()["KeyMetadata"]["Arn"]
    boto3.client("dynamodb").create_table(
        TableName="sealed",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": storage_key},
    )
    boto3.client("iam").create_user(UserName="reader")
    allow("reader", *MAY_READ)
    facts = describe_table(boto3.client("dynamodb"), "sealed")
    assert facts.storage_key_arn == storage_key
    assert account.lab is not None
    explained = explain_item({"pk": {"S": "a"}})
    rows = {row.name: row for row in who_can_read(account.lab, facts, explained, []).rows}
    assert rows["user/full"].may
    reader = rows["user/reader"]
    assert reader.read is not None
    assert reader.storage is not None
    assert (reader.read.may, reader.storage.may, reader.may) == (True, False, False)
