"""Threads and one table: 200 items in one and two threads, and items per second if a KMS call takes 5 ms.

With KMS, each run begins cold: a new keyring with an empty cache.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from time import perf_counter
from typing import Any

from benchmarks.encryptors import engine, with_each_engine
from benchmarks.measure import Figure, figure, in_turn
from benchmarks.rows import Column, Row
from benchmarks.samples import Sample, samples
from benchmarks.slow_kms import KEY_ARN, SlowKeyStore, SlowKms
from dynaseal import (
    AlgorithmSuite,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    ItemEncryptor,
    Keyring,
    TableConfig,
)

THREADS = (1, 2, 4, 8)
ITEMS = 200


def _kms_keyring() -> Keyring:
    client: Any = SlowKms()  # it has the two operations that this keyring calls
    return AwsKmsKeyring(KEY_ARN, client=client)


def _hierarchical_keyring() -> Keyring:
    return AwsKmsHierarchicalKeyring(SlowKeyStore(), branch_key_id="bench", ttl_seconds=600)


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure items without KMS in one and two threads, then keyrings over a slow KMS."""
    sample = samples()[0]
    for suite in AlgorithmSuite:
        yield from _item_rows(sample, suite, quick=quick)
    yield from _kms_rows(sample, quick=quick)


def _item_rows(sample: Sample, suite: AlgorithmSuite, *, quick: bool) -> Iterator[Row]:
    """Measure how long one item takes by the clock, in lists of 100 items: one list per thread."""
    encryptors = with_each_engine(lambda: sample.encryptor(suite))
    item = sample.item
    stored = [encryptors[Column.PURE].encrypt_item(item)] * (ITEMS // 2)
    lists: Mapping[str, Callable[[ItemEncryptor], object]] = {
        "encrypt": lambda encryptor: encryptor.encrypt_many([item] * (ITEMS // 2)),
        "decrypt": lambda encryptor: encryptor.decrypt_many(stored),
    }
    for direction, work in lists.items():
        for threads in (1, 2):
            calls: dict[str, Callable[[], float]] = {
                column: partial(_microseconds, threads, partial(work, encryptor))
                for column, encryptor in encryptors.items()
            }
            seen = in_turn(calls, rounds=3 if quick else 25)
            yield Row(
                section="threads",
                what=f"{suite.value:#x} lists of {ITEMS // 2}, {direction}, threads: {threads}",
                unit="us",
                floor="",
                figures={Column(column): each for column, each in seen.items()},
            )


def _microseconds(threads: int, work: Callable[[], object]) -> float:
    """Do the work twice, one after the other or side by side; return the time per item by the clock."""
    with ThreadPoolExecutor(threads) as pool:
        start = perf_counter()
        for done in [pool.submit(work) for _ in range(2)]:
            done.result()
        return (perf_counter() - start) / ITEMS * 1e6


def _kms_rows(sample: Sample, *, quick: bool) -> Iterator[Row]:
    """Measure the hierarchical keyring beside the KMS keyring, under several numbers of threads."""
    # Ten calls of KMS for ten items bring a hint to the log: here that is the point.
    logging.getLogger("dynaseal").addHandler(logging.NullHandler())
    rounds, items_per_thread = (1, 20) if quick else (5, 100)
    for threads in THREADS:
        seen: dict[Column, list[tuple[float, float]]] = {Column.FLOOR: [], Column.PURE: []}
        for _ in range(rounds):
            for column, make in ((Column.FLOOR, _kms_keyring), (Column.PURE, _hierarchical_keyring)):
                with engine("python"):
                    encryptor = _encryptor(sample, make())
                seen[column].append(_run(encryptor, sample.item, threads, items_per_thread))
        for which, direction in enumerate(("encrypt", "decrypt")):
            figures: dict[Column, Figure] = {
                column: figure([run[which] for run in runs]) for column, runs in seen.items()
            }
            yield Row(
                section="threads",
                what=f"hierarchical, KMS at 5 ms, {direction}, threads: {threads}",
                unit="/s",
                floor="KMS keyring",
                figures=figures,
            )


def _encryptor(sample: Sample, keyring: Keyring) -> ItemEncryptor:
    config = sample.config(AlgorithmSuite.COMMIT_KEY_ECDSA_P384_SYMSIG)
    return ItemEncryptor(
        TableConfig(
            config.logical_table_name,
            config.partition_key_name,
            config.sort_key_name,
            attribute_actions=config.attribute_actions,
            keyring=keyring,
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
