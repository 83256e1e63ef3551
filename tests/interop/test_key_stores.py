"""Key stores: dynaseal uses those that AWS's Java library created, and the reverse."""

from __future__ import annotations

import pytest

from dynaseal import AwsKmsHierarchicalKeyring, DynasealError, ItemEncryptor
from interop.environment import REGION, Environment, wire_json
from interop.java import RefusedError
from interop.key_store_exchange import exchange_key_stores
from interop.key_stores import CONTEXT, MAKERS, both, describe, dynaseal_key_store
from support import vectors

TABLE = {
    "name": "people",
    "partition_key": "pk",
    "sort_key": None,
    "actions": {"pk": "SIGN_ONLY", "secret": "ENCRYPT_AND_SIGN"},
    "unsigned": [],
    "unsigned_prefix": None,
    "suite": "0x6700",
}
ITEM = {"pk": {"S": "a"}, "secret": {"S": "b"}}


def test_each_library_versions_and_reads_the_branch_keys_that_the_other_created(
    environment: Environment,
) -> None:
    result = exchange_key_stores(environment, 1)
    assert result.failures == []


@pytest.mark.parametrize("maker", MAKERS)
def test_a_library_does_not_create_a_branch_key_that_the_other_created(
    environment: Environment, maker: str
) -> None:
    (other,) = set(MAKERS) - {maker}
    stores = both(environment.java, environment.clients[REGION], environment.keys[f"{maker}-a"])
    before = stores[maker].active_key()
    with pytest.raises((RefusedError, DynasealError)):
        stores[other].create_key(CONTEXT)
    assert stores[maker].active_key() == before


def test_an_item_can_be_read_after_the_other_library_created_a_new_version(environment: Environment) -> None:
    clients = environment.clients[REGION]
    key = describe("versioned-by-both", "tenant", environment.keys["kms-a"]["arn"])
    stores = both(environment.java, clients, key)
    stores["Java"].create_table()
    stores["Java"].create_key(CONTEXT)
    settings = {"table": TABLE, "keyring": {"kind": "hierarchical", "branch_key": "t"}, "keys": {"t": key}}

    (by_java,) = environment.java.request("encrypt", items=[ITEM], **settings)
    stores["dynaseal"].version_key()
    by_dynaseal = _encryptor(key, environment).encrypt_item(ITEM)
    stores["Java"].version_key()

    assert _encryptor(key, environment).decrypt_item(vectors.wire_item(by_java["done"])) == ITEM
    assert environment.java.request("decrypt", items=[wire_json(by_dynaseal)], **settings) == [{"done": ITEM}]


def _encryptor(key: dict[str, str], environment: Environment) -> ItemEncryptor:
    """Return an encryptor whose cache is empty."""
    store = dynaseal_key_store(key, environment.clients[REGION])
    keyring = AwsKmsHierarchicalKeyring(store, branch_key_id=key["branch_key_id"], ttl_seconds=600)
    return ItemEncryptor(vectors.table_config(TABLE, keyring))
