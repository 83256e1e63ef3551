"""Items: AWS's Java library reads what is written here, and the reverse."""

from __future__ import annotations

from random import Random

import pytest

from dynaseal import ItemEncryptor
from interop import items
from interop.exchange import exchange
from interop.java import RefusedError, done
from interop.kinds import KINDS, Kind
from interop.world import World, wire_json
from support import vectors

SEED = 1
ONE_OF_EACH_SUITE_AND_VERSION = 4


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_each_side_reads_what_the_other_wrote(world: World, kind: Kind) -> None:
    tally = exchange(world, kind, SEED, ONE_OF_EACH_SUITE_AND_VERSION)
    assert tally.failures == []
    assert (tally.by_java, tally.by_dynaseal) == (tally.tried, tally.tried)


@pytest.mark.parametrize("attribute", ["aws_dbe_head", "aws_dbe_foot", "secret", "city"])
def test_java_refuses_an_item_that_was_changed_after_it_was_written_here(
    world: World, attribute: str
) -> None:
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
    encryptor = ItemEncryptor(vectors.table_config(table, world.keyring(spec)))
    stored = encryptor.encrypt_item({"pk": {"S": "a"}, "secret": {"S": "b"}, "city": {"B": b"Lund"}})
    content: bytes = stored[attribute]["B"]
    changed = {**stored, attribute: {"B": content[:-1] + bytes([content[-1] ^ 1])}}
    right, wrong = world.java.ask(
        "decrypt", table=table, keyring=spec, keys=world.keys_of(spec), items=wire_json([stored, changed])
    )
    assert done(right)["secret"] == {"S": "b"}
    with pytest.raises(RefusedError):
        done(wrong)


def test_the_same_seed_gives_the_same_items() -> None:
    def some(seed: int) -> list[object]:
        rng = Random(seed)
        table = items.random_table(rng, "0x6700", 2, "people")
        return [table, *(items.random_item(rng, table) for _ in range(5))]

    assert some(1) == some(1)
    assert some(1) != some(2)
