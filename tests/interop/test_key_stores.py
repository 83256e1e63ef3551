"""Key stores: one made by AWS's Java library is used here, and the reverse."""

from __future__ import annotations

import pytest

from dynaseal import AwsKmsHierarchicalKeyring, DynasealError, ItemEncryptor
from interop.handover import hand_over
from interop.java import RefusedError
from interop.stores import CONTEXT, MAKERS, both, describe, our_key_store
from interop.world import REGION, World, wire_json
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


def test_each_side_versions_and_reads_the_branch_keys_that_the_other_made(world: World) -> None:
    tally = hand_over(world, 1)
    assert tally.failures == []


@pytest.mark.parametrize("maker", MAKERS)
def test_a_branch_key_is_not_made_again_by_the_other_side(world: World, maker: str) -> None:
    (other,) = set(MAKERS) - {maker}
    stores = both(world.java, world.clients[REGION], world.keys[f"{maker}-a"])
    before = stores[maker].active_key()
    with pytest.raises((RefusedError, DynasealError)):
        stores[other].create_key(CONTEXT)
    assert stores[maker].active_key() == before


def test_an_item_outlives_a_new_version_made_by_the_other_side(world: World) -> None:
    clients = world.clients[REGION]
    key = describe("outlived", "tenant", world.keys["kms-a"]["arn"])
    stores = both(world.java, clients, key)
    stores["Java"].create_table()
    stores["Java"].create_key(CONTEXT)
    asked = {"table": TABLE, "keyring": {"kind": "hierarchical", "branch_key": "t"}, "keys": {"t": key}}

    (by_java,) = world.java.ask("encrypt", items=[ITEM], **asked)
    stores["dynaseal"].version_key()
    by_us = _encryptor(key, world).encrypt_item(ITEM)
    stores["Java"].version_key()

    assert _encryptor(key, world).decrypt_item(vectors.wire_item(by_java["done"])) == ITEM
    assert world.java.ask("decrypt", items=[wire_json(by_us)], **asked) == [{"done": ITEM}]


def _encryptor(key: dict[str, str], world: World) -> ItemEncryptor:
    """One that has nothing in its cache."""
    store = our_key_store(key, world.clients[REGION])
    keyring = AwsKmsHierarchicalKeyring(store, branch_key_id=key["branch_key_id"], ttl_seconds=600)
    return ItemEncryptor(vectors.table_config(TABLE, keyring))
