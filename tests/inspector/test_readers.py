"""Reading with configurations that were given: as the ambient principal, and as users of a lab."""

from __future__ import annotations

import json
from base64 import encodebytes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsEcdhKeyring,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    AwsKmsRsaKeyring,
    CryptoAction,
    Curve,
    EncryptedTable,
    Keyring,
    KeyStore,
    MultiKeyring,
    RawAesKeyring,
    TableConfig,
)
from dynaseal.inspection.item import ExplainedItem, Plaintext, Refusal, explain_item
from dynaseal.inspection.tables import TableFacts, describe_table
from dynaseal.inspector.accounts import Account
from dynaseal.inspector.readers import Readers
from dynaseal.inspector.site import AWS_ERRORS
from dynaseal.inspector.who_can import Need, PrincipalRow, ways_to_unwrap, who_can_read
from dynaseal.legacy.encrypted.table import EncryptedTable as OlderTable
from dynaseal.legacy.material_providers.aws_kms import AwsKmsCryptographicMaterialsProvider
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

    (way,) = ways_to_unwrap(explain_item(stored.item, stored.config), stored.config)
    assert way.key_arn == site.key_arn
    rows = {name: row.may for name, row in rows_of(account, stored).items()}
    assert (rows["user/full"], rows["user/limited"]) == (True, False)


def rows_of(account: Account, stored: Stored) -> dict[str, PrincipalRow]:
    assert account.lab is not None
    ways = ways_to_unwrap(explain_item(stored.item, stored.config), stored.config)
    rows = who_can_read(account.lab, stored.facts, {"pk": {"S": "ann"}}, ways).rows
    return {row.name: row for row in rows}


@dataclass(frozen=True)
class Tenants:
    """A key store with a branch key, and users whose policies differ in what they may do with it."""

    store: KeyStore
    branch_key_id: str
    users: tuple[str, ...]


@pytest.fixture(scope="module")
def tenants(site: Site) -> Tenants:
    store = KeyStore("tenants", "tenants", site.key_arn)
    store.create_table()
    branch_key_id = store.create_key()
    table = "arn:aws:dynamodb:*:*:table/"
    items = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": f"{table}of-*"}
    records = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": f"{table}tenants"}
    decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
    name = "kms:EncryptionContext:branch-key-id"
    users = {
        "no-records": [items, decrypt],
        "of-the-tenant": [
            items,
            {**records, "Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": branch_key_id}}},
            {**decrypt, "Condition": {"StringEquals": {name: branch_key_id}}},
        ],
        "of-another-tenant": [items, records, {**decrypt, "Condition": {"StringEquals": {name: "x"}}}],
        "no-items": [records, decrypt],
    }
    iam = boto3.client("iam")
    for user, statements in users.items():
        iam.create_user(UserName=user)
        document = json.dumps({"Statement": statements})
        iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)
    return Tenants(store, branch_key_id, tuple(users))


@pytest.mark.parametrize("kind", ["alone", "below-kms", "beside-raw"])
def test_who_can_read_is_what_happens_when_each_of_them_reads(
    account: Account, site: Site, tenants: Tenants, kind: str
) -> None:
    hierarchical = AwsKmsHierarchicalKeyring(
        tenants.store, branch_key_id=tenants.branch_key_id, ttl_seconds=60
    )
    other_key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    keyring: Keyring = {
        "alone": hierarchical,
        "below-kms": MultiKeyring(generator=AwsKmsKeyring(other_key), children=[hierarchical]),
        "beside-raw": MultiKeyring(generator=hierarchical, children=[AwsKmsKeyring(site.key_arn)]),
    }[kind]
    stored = Stored(f"of-{kind}", keyring)
    rows = rows_of(account, stored)
    for user in (*tenants.users, "full", "limited"):
        actor = account.actor(user)
        may_read = True
        try:
            actor.dynamodb.get_item(TableName=stored.facts.name, Key={"pk": {"S": "ann"}})
        except ClientError:
            may_read = False
        decrypts = isinstance(stored.read(account, user).reading, Plaintext)
        assert rows[f"user/{user}"].may is (may_read and decrypts), user


def test_who_can_read_an_item_of_a_key_agreement_or_an_rsa_key(account: Account) -> None:
    """An item names neither an ECDH key nor, in its request, an encryption context for an RSA key."""
    kms, iam = boto3.client("kms"), boto3.client("iam")
    agreement = kms.create_key(KeyUsage="KEY_AGREEMENT", KeySpec="ECC_NIST_P256")["KeyMetadata"]["Arn"]
    iam.create_user(UserName="agrees")
    allow("agrees", *MAY_READ, "kms:DeriveSharedSecret")
    public_key = kms.get_public_key(KeyId=agreement)["PublicKey"]
    stored = Stored(
        "agreed", AwsKmsEcdhKeyring.static(Curve.P256, agreement, recipient_public_key=public_key)
    )
    rows = rows_of(account, stored)
    assert (rows["user/agrees"].may, rows["user/full"].may) == (True, False)

    rsa = kms.create_key(KeyUsage="ENCRYPT_DECRYPT", KeySpec="RSA_2048")["KeyMetadata"]["Arn"]
    pem = b"-----BEGIN PUBLIC KEY-----\n"
    pem += encodebytes(kms.get_public_key(KeyId=rsa)["PublicKey"]) + b"-----END PUBLIC KEY-----\n"
    stored = Stored("by-rsa", AwsKmsRsaKeyring(rsa, "RSAES_OAEP_SHA_256", public_key=pem))
    (way,) = ways_to_unwrap(explain_item(stored.item, stored.config), stored.config)
    assert way.needs == (Need("kms:Decrypt", rsa),)


def test_who_can_read_is_not_known_where_the_item_does_not_name_its_kms_key(
    account: Account, site: Site, tenants: Tenants
) -> None:
    assert site.key_arn
    keyring = AwsKmsHierarchicalKeyring(tenants.store, branch_key_id=tenants.branch_key_id, ttl_seconds=60)
    stored = Stored("of-nobody", keyring)
    stored.config = Readers(()).config(account.ambient, stored.facts)
    assert account.lab is not None
    ways = ways_to_unwrap(explain_item(stored.item, stored.config), stored.config)
    principals = who_can_read(account.lab, stored.facts, {"pk": {"S": "ann"}}, ways)
    rows = {row.name: row.may for row in principals.rows}
    assert (rows["user/full"], rows["user/no-items"]) == (None, False)
    assert "aws-kms-hierarchy" in principals.problems[0]


def test_a_condition_on_the_partition_key_counts(account: Account, site: Site) -> None:
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["ann"]}}
    other = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["bob"]}}
    for user, condition in (("ann", own), ("bob", other)):
        boto3.client("iam").create_user(UserName=user)
        items = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "*", "Condition": condition}
        decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}
        document = json.dumps({"Statement": [items, decrypt]})
        boto3.client("iam").put_user_policy(UserName=user, PolicyName="p", PolicyDocument=document)
    rows = rows_of(account, Stored("by-person", AwsKmsKeyring(site.key_arn)))
    assert (rows["user/ann"].may, rows["user/bob"].may) == (True, False)


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
    rows = {row.name: row for row in who_can_read(account.lab, facts, {"pk": {"S": "a"}}, []).rows}
    assert rows["user/full"].may
    reader = rows["user/reader"]
    assert reader.read is not None
    assert reader.storage is not None
    assert (reader.read.may, reader.storage.may, reader.may) == (True, False, False)


def test_who_can_read_an_item_of_the_older_format_is_not_known(account: Account, site: Site) -> None:
    """The item does not name its KMS key, and so it seemed that nobody needs one."""
    stored = Stored("older-kms", AwsKmsKeyring(site.key_arn))
    table = boto3.resource("dynamodb").Table("older-kms")
    OlderTable(table, AwsKmsCryptographicMaterialsProvider(site.key_arn)).put_item(
        Item={"pk": "ann", "s": "x"}
    )
    stored.item = boto3.client("dynamodb").get_item(TableName="older-kms", Key={"pk": {"S": "ann"}})["Item"]
    rows = rows_of(account, stored)
    assert (rows["user/limited"].may, rows["user/stranger"].may) == (None, False)
