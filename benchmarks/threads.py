"""Many threads and one table: items per second if a KMS call takes 5 ms, for several keyrings.

Each run begins cold: a new keyring with an empty cache.
"""

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from threading import Barrier
from time import perf_counter
from typing import Any, NamedTuple

from benchmarks.items import ITEM_FILE
from benchmarks.slow_kms import KEY_ARN, SlowKeyStore, SlowKms
from benchmarks.wire import wire_item
from dynaseal import (
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    CryptoAction,
    ItemEncryptor,
    Keyring,
    RawAesKeyring,
    TableConfig,
)

THREADS = (1, 2, 4, 8)


def _kms_keyring() -> Keyring:
    client: Any = SlowKms()  # it has the two operations that this keyring calls
    return AwsKmsKeyring(KEY_ARN, client=client)


KEYRINGS: Mapping[str, Callable[[], Keyring]] = {
    "AwsKmsKeyring": _kms_keyring,
    "AwsKmsHierarchicalKeyring": lambda: AwsKmsHierarchicalKeyring(
        SlowKeyStore(), branch_key_id="bench", ttl_seconds=600
    ),
    "RawAesKeyring (no KMS)": lambda: RawAesKeyring("bench", "one", bytes(range(32))),
}


class Throughput(NamedTuple):
    """Items per second of one keyring, by the number of threads."""

    keyring: str
    encrypted: dict[int, float]
    decrypted: dict[int, float]


def rows(*, quick: bool) -> list[Throughput]:
    """Measure every keyring under every number of threads; medians, interleaved."""
    # Ten calls of KMS for ten items bring a hint to the log: here that is the point.
    logging.getLogger("dynaseal").addHandler(logging.NullHandler())
    spec = json.loads(ITEM_FILE.read_text())
    rounds, items_per_thread = (1, 20) if quick else (5, 100)
    seen: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for threads in THREADS:
            for name, make in KEYRINGS.items():
                run = _run(_encryptor(spec, make()), wire_item(spec["item"]), threads, items_per_thread)
                seen.setdefault((name, threads), []).append(run)
    return [
        Throughput(
            name,
            {threads: median(run[0] for run in seen[name, threads]) for threads in THREADS},
            {threads: median(run[1] for run in seen[name, threads]) for threads in THREADS},
        )
        for name in KEYRINGS
    ]


def _encryptor(spec: Mapping[str, Any], keyring: Keyring) -> ItemEncryptor:
    actions = {name: CryptoAction[action] for name, action in spec["actions"].items()}
    return ItemEncryptor(
        TableConfig(
            "bench", spec["partition_key"], spec["sort_key"], attribute_actions=actions, keyring=keyring
        )
    )


def _run(
    encryptor: ItemEncryptor, item: dict[str, Any], threads: int, items_per_thread: int
) -> tuple[float, float]:
    """Encrypt, then decrypt; return items per second for both."""
    stored, encrypted = _together(threads, items_per_thread, lambda _: encryptor.encrypt_item(item))
    opened, decrypted = _together(threads, items_per_thread, lambda at: encryptor.decrypt_item(stored[at]))
    if any(each != item for each in opened):
        raise AssertionError("an item was decrypted to something else")
    return encrypted, decrypted


def _together(
    threads: int, items_per_thread: int, work: Callable[[int], dict[str, Any]]
) -> tuple[list[dict[str, Any]], float]:
    """Do the work for each number, in that many threads; return the results and items per second."""
    ready = Barrier(threads + 1)

    def many(first: int) -> list[dict[str, Any]]:
        ready.wait()
        return [work(at) for at in range(first, first + items_per_thread)]

    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(many, at * items_per_thread) for at in range(threads)]
        ready.wait()
        start = perf_counter()
        done = [each for one in running for each in one.result()]
        seconds = perf_counter() - start
    return done, len(done) / seconds
