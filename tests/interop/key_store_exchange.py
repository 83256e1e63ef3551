"""Key stores across the two libraries: one makes a branch key, the other goes on with it."""

from __future__ import annotations

from interop.stores import CONTEXT, MAKERS, Key, Store, both, describe
from interop.tally import Tally
from interop.world import REGION, World

KEYS_OF_A_HANDOVER = 3


def hand_over(world: World, count: int) -> Tally:
    """Make `count` branch keys by each side; the other versions and reads them."""
    tally = Tally("key store", "branch and beacon keys", KEYS_OF_A_HANDOVER * count)
    by_java = _hand_over(world, "dynaseal", "Java", count)
    by_us = _hand_over(world, "Java", "dynaseal", count)
    tally.by_java, tally.by_dynaseal = tally.tried - len(by_java), tally.tried - len(by_us)
    tally.failures += by_java + by_us
    return tally


def _hand_over(world: World, maker: str, reader: str, count: int) -> list[str]:
    """What differs between the keys as their maker and as the other side sees them."""
    assert {maker, reader} == set(MAKERS)
    wrong: list[str] = []
    for at in range(count):
        key = describe(f"handed-over-by-{maker}", f"{maker} {at}", world.keys["kms-a"]["arn"])
        stores = both(world.java, world.clients[REGION], key)
        for what, (made, read) in _keys(stores[maker], stores[reader]).items():
            if made != read:
                wrong.append(f"the {what} of {key['branch_key_id']!r} is {read} to {reader}, not {made}")
    return wrong


def _keys(maker: Store, reader: Store) -> dict[str, tuple[Key, Key]]:
    maker.create_table()
    maker.create_key(CONTEXT)
    first = maker.active_key()
    assert first.version is not None
    reader.version_key()
    assert maker.active_key().version != first.version, "the other side's version is not in use"
    return {
        "version in use": (maker.active_key(), reader.active_key()),
        "first version": (first, reader.key_version(first.version)),
        "beacon key": (maker.beacon_key(), reader.beacon_key()),
    }
