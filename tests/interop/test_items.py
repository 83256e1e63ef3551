"""Items: AWS's Java library reads what dynaseal wrote, and the reverse."""

from __future__ import annotations

from random import Random

import pytest

from dynaseal import ItemEncryptor
from interop import random_items
from interop.environment import Environment, wire_json
from interop.item_exchange import exchange_items
from interop.java import RefusedError, result_of
from interop.keyring_kinds import KEYRING_KINDS, KeyringKind
from support import vectors

SEED = 1
ONE_OF_EACH_SUITE_AND_VERSION = 4


@pytest.mark.parametrize("kind", KEYRING_KINDS, ids=str)
def test_each_library_reads_what_the_other_wrote(environment: Environment, kind: KeyringKind) -> None:
    result = exchange_items(environment, kind, SEED, ONE_OF_EACH_SUITE_AND_VERSION)
    assert result.failures == []
    assert (result.by_java, result.by_dynaseal) == (result.tried, result.tried)


@pytest.mark.parametrize("attribute", ["aws_dbe_head", "aws_dbe_foot", "secret", "city"])
def test_java_refuses_an_item_of_dynaseal_that_was_changed(environment: Environment, attribute: str) -> None:
    spec = {"kind": "raw-aes", "key": "aes256"}
    table = {
        "name": "people",
        "partition_key": "pk",
        "sort_key": None,
        "actions": {"pk": "SIGN_ONLY", "secret": "ENCRYPT_AND_SIGN", "city": "SIGN_ONLY"},
        "unsigned": [],
        "unsigned_prefix": None,
        "suite": "0x6701",
    }
    encryptor = ItemEncryptor(vectors.table_config(table, environment.keyring(spec)))
    stored = encryptor.encrypt_item({"pk": {"S": "a"}, "secret": {"S": "b"}, "city": {"B": b"Lund"}})
    content: bytes = stored[attribute]["B"]
    changed = {**stored, attribute: {"B": content[:-1] + bytes([content[-1] ^ 1])}}
    unchanged_reply, changed_reply = environment.java.request(
        "decrypt",
        table=table,
        keyring=spec,
        keys=environment.keys_of(spec),
        items=wire_json([stored, changed]),
    )
    assert result_of(unchanged_reply)["secret"] == {"S": "b"}
    with pytest.raises(RefusedError):
        result_of(changed_reply)


def test_the_same_seed_gives_the_same_items() -> None:
    def table_and_items(seed: int) -> list[object]:
        rng = Random(seed)
        table = random_items.random_table(rng, "0x6700", 2, "people")
        return [table, *(random_items.random_item(rng, table) for _ in range(5))]

    assert table_and_items(1) == table_and_items(1)
    assert table_and_items(1) != table_and_items(2)
