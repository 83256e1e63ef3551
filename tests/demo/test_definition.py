"""The stack as data: what each policy allows."""

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
    """Iterate over the statements of a policy."""
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


def test_the_client_key_can_be_used_only_for_data_keys_of_items() -> None:
    administration, use = statements(STACK.client_key.policy)
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert not {"kms:Decrypt", "kms:GenerateDataKey", "kms:CreateGrant"} & set(administration["Action"])


def test_the_storage_key_can_be_used_only_through_dynamodb() -> None:
    _administration, *uses = statements(STACK.storage_key.policy)
    for use in uses:
        assert use["Condition"]["StringEquals"]["kms:ViaService"] == "dynamodb.eu-west-1.amazonaws.com"


def test_a_statement_for_everybody_is_limited_to_the_account_and_allows_no_grants() -> None:
    documents = [json.loads(json.dumps(document)) for document in DOCUMENTS.values()]
    open_to_all = [
        statement
        for document in documents
        for statement in statements(document)
        if statement.get("Principal") == {"AWS": "*"}
    ]
    assert [statement["Sid"] for statement in open_to_all] == ["TableDataThroughDynamoDB"]
    assert open_to_all[0]["Condition"]["StringEquals"]["kms:CallerAccount"] == "111122223333"
    assert "kms:CreateGrant" not in open_to_all[0]["Action"]


def test_the_users_differ_only_in_the_keys_they_may_use() -> None:
    full, limited = STACK.users
    assert set(full.policies) - set(limited.policies) == {
        "demo-kms-client-full",
        "demo-kms-storage-via-service",
    }
    assert set(limited.policies) == {"demo-items"}
