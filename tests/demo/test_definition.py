"""The stack as data: what each policy hands out."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from dynaseal_lab.stack.definition import Place, StackDefinition

STACK = StackDefinition("demo", Place("111122223333", "eu-west-1"))
CLIENT_KEY = "arn:aws:kms:eu-west-1:111122223333:key/client"
STORAGE_KEY = "arn:aws:kms:eu-west-1:111122223333:key/storage"
POLICIES = {policy.name: policy for policy in STACK.policies(CLIENT_KEY, STORAGE_KEY)}


def statements(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from document["Statement"]


DOCUMENTS = {
    STACK.client_key.alias: STACK.client_key.policy,
    STACK.storage_key.alias: STACK.storage_key.policy,
    **{name: policy.document for name, policy in POLICIES.items()},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_statement_has_a_sid_and_named_actions(name: str) -> None:
    for statement in statements(DOCUMENTS[name]):
        assert statement["Sid"]
        assert not {"*", "kms:*", "dynamodb:*"} & set(statement["Action"])


@pytest.mark.parametrize("name", POLICIES)
def test_a_users_policy_never_names_every_resource(name: str) -> None:
    assert all(statement["Resource"] != "*" for statement in statements(DOCUMENTS[name]))


def test_the_client_key_is_for_data_keys_of_items_alone() -> None:
    administration, use = statements(STACK.client_key.policy)
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert not {"kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"} & set(administration["Action"])


def test_the_storage_key_is_used_through_dynamodb_alone() -> None:
    _administration, *uses = statements(STACK.storage_key.policy)
    for use in uses:
        assert use["Condition"]["StringEquals"]["kms:ViaService"] == "dynamodb.eu-west-1.amazonaws.com"


def test_whoever_everybody_is_belongs_to_the_account_and_makes_no_grants() -> None:
    documents = [json.loads(json.dumps(document)) for document in DOCUMENTS.values()]
    open_to_all = [s for d in documents for s in statements(d) if s.get("Principal") == {"AWS": "*"}]
    assert [s["Sid"] for s in open_to_all] == ["TableDataThroughDynamoDB"]
    assert open_to_all[0]["Condition"]["StringEquals"]["kms:CallerAccount"] == "111122223333"
    assert "kms:CreateGrant" not in open_to_all[0]["Action"]


def test_what_tells_the_users_apart_is_the_use_of_keys() -> None:
    full, limited = STACK.users
    assert set(full.policies) - set(limited.policies) == {
        "demo-kms-client-full",
        "demo-kms-storage-via-service",
    }
    assert set(limited.policies) == {"demo-items"}
