"""Exchanges key stores: one library creates branch keys, the other versions and reads them."""

from __future__ import annotations

from interop.environment import REGION, Environment
from interop.key_stores import CONTEXT, MAKERS, Key, Store, both, describe
from interop.results import Result

KEYS_PER_EXCHANGE = 3


def exchange_key_stores(environment: Environment, count: int) -> Result:
    """Create `count` branch keys with each library, and version and read them with the other."""
    result = Result("key store", "branch and beacon keys", KEYS_PER_EXCHANGE * count)
    by_java = _differences(environment, "dynaseal", "Java", count)
    by_us = _differences(environment, "Java", "dynaseal", count)
    result.by_java, result.by_dynaseal = result.tried - len(by_java), result.tried - len(by_us)
    result.failures += by_java + by_us
    return result


def _differences(environment: Environment, maker: str, reader: str, count: int) -> list[str]:
    """Describe each key that the two libraries see differently."""
    assert {maker, reader} == set(MAKERS)
    differences: list[str] = []
    for number in range(count):
        description = describe(f"created-by-{maker}", f"{maker} {number}", environment.keys["kms-a"]["arn"])
        stores = both(environment.java, environment.clients[REGION], description)
        for name, (makers_key, readers_key) in _keys(stores[maker], stores[reader]).items():
            if makers_key != readers_key:
                branch_key_id = description["branch_key_id"]
                differences.append(
                    f"the {name} of {branch_key_id!r}: {reader} read {readers_key}, {maker} read {makers_key}"
                )
    return differences


def _keys(maker: Store, reader: Store) -> dict[str, tuple[Key, Key]]:
    """Create a branch key, version it with the other library, and return each of its keys as both read it."""
    maker.create_table()
    maker.create_key(CONTEXT)
    first = maker.active_key()
    assert first.version is not None
    reader.version_key()
    assert maker.active_key().version != first.version, "the other library's version is not active"
    return {
        "active version": (maker.active_key(), reader.active_key()),
        "first version": (first, reader.key_version(first.version)),
        "beacon key": (maker.beacon_key(), reader.beacon_key()),
    }
