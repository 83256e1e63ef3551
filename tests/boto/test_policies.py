"""Generated policies as documents: their JSON, their Terraform, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from dynaseal import (
    AttributeActions,
    AwsKmsDiscoveryKeyring,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    AwsKmsMrkDiscoveryKeyring,
    AwsKmsRsaKeyring,
    BeaconVersion,
    ConfigError,
    CryptoAction,
    Keyring,
    KeyStore,
    MultiKeyring,
    RawAesKeyring,
    SearchConfig,
    SingleKeySource,
    SurrogateKey,
    TableConfig,
)
from dynaseal.boto.permissions import Role
from dynaseal.boto.policies.documents import Statement
from dynaseal.boto.policies.generate import Tenant, parse_tenant, policies_for
from dynaseal.boto.policies.terraform import to_terraform
from support.searchable import FakeKeyStore

ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
RAW = RawAesKeyring("n", "k", bytes(32))


def config(keyring: Keyring, **changes: Any) -> TableConfig:
    arguments: dict[str, Any] = {"attribute_actions": AttributeActions()} | changes
    return TableConfig("people", "pk", keyring=keyring, **arguments)


def with_tenant(keyring: Keyring) -> TableConfig:
    in_context = {"tenant": CryptoAction.SIGN_AND_INCLUDE_IN_ENCRYPTION_CONTEXT}
    return config(keyring, attribute_actions=AttributeActions(attribute_actions=in_context))


def test_a_reader_s_policies() -> None:
    condition = {"StringEquals": {"kms:EncryptionContext:aws-crypto-table-name": "people"}}
    table = "arn:aws:dynamodb:us-west-2:111122223333:table/people"
    assert policies_for(config(AwsKmsKeyring(ARN)), Role.READER).to_dict() == {
        "iam": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Items",
                    "Effect": "Allow",
                    "Action": [
                        "dynamodb:BatchGetItem",
                        "dynamodb:GetItem",
                        "dynamodb:Query",
                        "dynamodb:Scan",
                    ],
                    "Resource": table,
                },
                {
                    "Sid": "Indexes",
                    "Effect": "Allow",
                    "Action": ["dynamodb:Query", "dynamodb:Scan"],
                    "Resource": f"{table}/index/*",
                },
                {
                    "Sid": "DataKeys",
                    "Effect": "Allow",
                    "Action": "kms:Decrypt",
                    "Resource": ARN,
                    "Condition": condition,
                },
            ],
        },
        "key": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "DataKeysThroughIam",
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                    "Action": "kms:Decrypt",
                    "Resource": "*",
                    "Condition": condition,
                }
            ],
        },
    }


def test_raw_keys_need_no_key_policy() -> None:
    policies = policies_for(config(RAW), Role.READER).to_dict()
    assert policies["key"] is None
    assert policies["iam"]["Statement"][0]["Resource"] == "arn:aws:dynamodb:*:*:table/people"


def test_keys_that_need_different_policies_are_listed_by_their_arns() -> None:
    storage = ARN.replace("1234abcd-", "abcd1234-")
    policies = policies_for(config(AwsKmsKeyring(ARN)), Role.READER, storage_key=storage).to_dict()
    assert policies["key"] is None
    assert sorted(policies["keys"]) == sorted([ARN, storage])
    (statement,) = policies["keys"][storage]["Statement"]
    assert statement["Condition"]["StringEquals"] == {
        "kms:ViaService": "dynamodb.us-west-2.amazonaws.com",
        "kms:EncryptionContext:aws:dynamodb:tableName": "people",
    }


def test_a_tenant_by_its_attribute_is_in_the_condition() -> None:
    tenant = Tenant("tenant", "acme")
    (statement,) = policies_for(with_tenant(AwsKmsKeyring(ARN)), Role.READER, tenant=tenant).keys[ARN]
    entries = statement.conditions["StringEquals"]
    assert entries["kms:EncryptionContext:aws-crypto-attr.tenant"] == ("acme",)


def test_a_tenant_by_the_partition_key_limits_the_table_too() -> None:
    policies = policies_for(config(AwsKmsKeyring(ARN)), Role.READER, tenant=Tenant("pk", "acme"))
    items, indexes, keys = policies.iam
    for statement in (items, indexes):
        assert statement.conditions == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ("acme",)}}
        assert "dynamodb:Scan" not in statement.actions
    # Version 1 has key attributes as base64 of type and bytes.
    assert keys.conditions["StringEquals"]["kms:EncryptionContext:aws-crypto-attr.pk"] == ("AAFhY21l",)


def test_a_principal_of_another_account_gets_the_table_s_policy_too() -> None:
    principal = "arn:aws:iam::444455556666:role/reader"
    policies = policies_for(config(AwsKmsKeyring(ARN)), Role.READER, principal=principal)
    (statement,) = policies.keys[ARN]
    assert statement.principal == "arn:aws:iam::444455556666:root"
    assert statement.conditions["ArnEquals"] == {"aws:PrincipalArn": (principal,)}
    (statements,) = policies.tables.values()
    assert [each.sid for each in statements] == ["Items", "Indexes"]
    root = policies_for(
        config(AwsKmsKeyring(ARN)), Role.READER, principal="arn:aws:iam::444455556666:root"
    ).keys[ARN][0]
    assert "ArnEquals" not in root.conditions


def test_discovery_reads_with_the_keys_of_its_accounts() -> None:
    here = AwsKmsDiscoveryKeyring(account_ids=["111122223333"])
    there = AwsKmsMrkDiscoveryKeyring("eu-west-1")
    policies = policies_for(config(MultiKeyring(children=[here, there])), Role.READER)
    assert policies.iam[-1].resources == [
        "arn:aws:kms:*:111122223333:key/*",
        "arn:aws:kms:eu-west-1:*:key/*",
    ]
    assert policies.keys == {}


def test_a_tenant_s_branch_key_is_in_the_conditions() -> None:
    keyring = AwsKmsHierarchicalKeyring(
        KeyStore("keys", "store", ARN),
        branch_key_id_supplier=lambda item: f"t-{item['tenant']['S']}",
        ttl_seconds=60,
    )
    policies = policies_for(with_tenant(keyring), Role.WRITER, tenant=Tenant("tenant", "acme"))
    _, records, key = policies.iam
    assert records.resources == ["arn:aws:dynamodb:us-west-2:111122223333:table/keys"]
    assert records.conditions == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ("t-acme",)}}
    assert key.conditions == {
        "StringEquals": {
            "kms:EncryptionContext:tablename": ("store",),
            "kms:EncryptionContext:branch-key-id": ("t-acme",),
        },
        "StringLike": {"kms:EncryptionContext:type": ("branch:ACTIVE",)},
    }
    with pytest.raises(ConfigError, match="refused the tenant with KeyError"):
        policies_for(with_tenant(keyring), Role.WRITER, tenant=Tenant("pk", "acme"))


class OwnKeyring:
    def on_encrypt(self, materials: Any, /) -> Any:
        return materials

    def on_decrypt(self, materials: Any, encrypted_data_keys: Any, /) -> Any:
        return materials, encrypted_data_keys


@pytest.mark.parametrize(
    ("keyring", "arguments", "message"),
    [
        (OwnKeyring(), {}, "calls is not known"),
        (AwsKmsKeyring("alias/items"), {}, "'alias/items' is not the ARN of a KMS key"),
        (AwsKmsKeyring(ARN), {"table": "arn:aws:s3:::bucket"}, "is not the ARN of a table"),
        (AwsKmsKeyring(ARN), {"storage_key": "alias/x"}, "'alias/x' is not the ARN of a KMS key"),
        (AwsKmsKeyring(ARN), {"principal": "ann"}, "'ann' is not the ARN of an IAM user"),
        (AwsKmsKeyring(ARN), {"tenant": Tenant("email", "x")}, "'email', which is not in their encryption"),
        (AwsKmsDiscoveryKeyring(), {"role": Role.WRITER}, "can only read"),
        (AwsKmsKeyring(ARN), {"tenant": Tenant("pk", "x"), "role": Role.MIGRATOR}, "needs the whole table"),
        (AwsKmsKeyring(ARN), {"tenant": Tenant("pk", "x"), "role": Role.KEY_ADMIN}, "needs the whole table"),
        (RAW, {"tenant": Tenant("email", "x")}, "'email', which is not in their encryption"),
    ],
)
def test_what_no_policy_can_be_written_for_is_refused(
    keyring: Any, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        policies_for(config(keyring), arguments.pop("role", Role.READER), **arguments)
    assert message in str(refused.value)
    assert refused.value.hint or "ARN of a table" in message


def test_a_tenant_is_written_as_attribute_and_value() -> None:
    assert parse_tenant("tenant=a=b") == Tenant("tenant", "a=b")
    for wrong in ("tenant", "=a", "tenant="):
        with pytest.raises(ValueError, match="attribute=value"):
            parse_tenant(wrong)


def test_terraform_escapes_templates() -> None:
    policies = policies_for(config(RAW), Role.READER)
    strange = Statement(sid="Strange", actions=["kms:Decrypt"], resources=['${a}"%{b}'])
    text = to_terraform(type(policies)(iam=[strange], keys={}, tables={}), "2-strange")
    assert 'resource "aws_iam_policy" "_2_strange" {' in text
    assert r'resources = ["$${a}\"%%{b}"]' in text


@pytest.mark.parametrize(
    ("keyring", "reason"),
    [
        (RAW, "KMS has no part in decrypting them"),
        (AwsKmsRsaKeyring(ARN, "RSAES_OAEP_SHA_256"), f"the key of {ARN} is used for every tenant"),
        (
            AwsKmsHierarchicalKeyring(KeyStore("keys", "keys", ARN), branch_key_id="a", ttl_seconds=60),
            "the key of keys is used for every tenant",
        ),
    ],
)
def test_a_tenant_to_whom_nothing_limits_the_role_is_refused(keyring: Keyring, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        policies_for(with_tenant(keyring), Role.READER, tenant=Tenant("tenant", "acme"))
    by_partition = policies_for(with_tenant(keyring), Role.READER, tenant=Tenant("pk", "acme"))
    assert "dynamodb:LeadingKeys" in str(by_partition.iam[0].to_dict())


def test_a_tenant_of_tokens_is_refused() -> None:
    store = FakeKeyStore({"people": {"id": "people", "beacon_key_hex": bytes(32).hex()}})
    tokens = config(
        AwsKmsKeyring(ARN),
        search=SearchConfig([BeaconVersion(store, SingleKeySource("people"))]),
        surrogate_keys=[SurrogateKey("pk", "email")],
    )
    with pytest.raises(ConfigError, match="'pk', which holds tokens"):
        policies_for(tokens, Role.READER, tenant=Tenant("pk", "acme"))
