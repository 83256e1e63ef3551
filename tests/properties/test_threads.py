"""One encryptor in many threads at once: every caller gets its own item."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from dynaseal import (
    AlgorithmSuite,
    AttributeActions,
    AwsKmsHierarchicalKeyring,
    AwsKmsKeyring,
    BranchKeyCache,
    CryptoAction,
    ItemEncryptor,
    Keyring,
    MultiKeyring,
    RawAesKeyring,
    SignatureError,
    TableConfig,
)
from support.branch_keys import Clock
from support.fake_aws import ARN, FakeAws

THREADS = 8
SHAPES = 400
"""More shapes than an encryptor caches."""


@pytest.fixture(autouse=True)
def _threads_change_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def item_of(number: int) -> dict[str, Any]:
    """An item whose shape and values depend on its number."""
    names = [f"a{at}" for at in range(number % 7)] + [f"own{number}", "clear", ":note"]
    random.Random(number).shuffle(names)
    values = {name: {"L": [{"S": f"{name} of {number}"}, {"N": str(number)}]} for name in names}
    return {"pk": {"S": f"item {number}"}, **values}


def raw() -> Keyring:
    return MultiKeyring(RawAesKeyring("tests", "a", bytes(32)), [RawAesKeyring("tests", "b", bytes(32))])


def kms() -> Keyring:
    return AwsKmsKeyring(ARN, client=FakeAws().kms.client("us-west-2"))


def hierarchical() -> Keyring:
    """A keyring for four tenants with a cache for two, so that keys are dropped and loaded again."""
    store = FakeAws().key_store()
    for tenant in range(4):
        store.create_key(f"tenant {tenant}", {"kind": "test"})

    def supply(attributes: Any) -> str:
        return f"tenant {int(attributes['pk']['S'].split()[1]) % 4}"

    return AwsKmsHierarchicalKeyring(
        store, branch_key_id_supplier=supply, ttl_seconds=600, cache=BranchKeyCache(2, clock=Clock())
    )


def encryptor_of(keyring: Keyring, suite: AlgorithmSuite) -> ItemEncryptor:
    return ItemEncryptor(
        TableConfig(
            "people",
            "pk",
            attribute_actions=AttributeActions(attribute_actions={"clear": CryptoAction.SIGN_ONLY}),
            keyring=keyring,
            allowed_unsigned_attribute_prefix=":",
            algorithm_suite=suite,
        )
    )


def in_threads(work: Callable[[int], None]) -> None:
    """Do the work once in each thread, starting all at once, and raise the first failure."""
    together = Barrier(THREADS)

    def one(thread: int) -> None:
        together.wait(30)
        work(thread)

    with ThreadPoolExecutor(THREADS) as pool:
        for running in [pool.submit(one, thread) for thread in range(THREADS)]:
            running.result()


@pytest.mark.parametrize("suite", AlgorithmSuite)
@pytest.mark.parametrize("make", [raw, kms, hierarchical])
def test_every_thread_gets_its_own_items_back_whatever_their_shapes(
    make: Callable[[], Keyring], suite: AlgorithmSuite
) -> None:
    encryptor = encryptor_of(make(), suite)
    written: dict[int, dict[str, Any]] = {}

    def write(thread: int) -> None:
        for number in range(thread, SHAPES, THREADS):
            written[number] = encryptor.encrypt_item(item_of(number))

    def read(thread: int) -> None:
        numbers = list(range(0, SHAPES, 4))
        random.Random(thread).shuffle(numbers)
        for number in numbers:
            assert encryptor.decrypt_item(written[number]) == item_of(number)

    in_threads(write)
    assert len(written) == SHAPES
    in_threads(read)


def test_every_thread_gets_the_error_of_its_own_damaged_item() -> None:
    encryptor = encryptor_of(raw(), AlgorithmSuite.COMMIT_KEY_SYMSIG)

    def read_damaged(thread: int) -> None:
        for number in range(thread, SHAPES, THREADS):
            stored = encryptor.encrypt_item(item_of(number))
            assert encryptor.decrypt_item(stored) == item_of(number)
            with pytest.raises(SignatureError, match=rf"item pk='item {number}'\)"):
                encryptor.decrypt_item({**stored, "clear": {"S": "changed"}})

    in_threads(read_damaged)


def test_calls_of_kms_are_counted_for_the_encryptor_that_made_them() -> None:
    keyring = kms()
    encryptors = [encryptor_of(keyring, AlgorithmSuite.COMMIT_KEY_SYMSIG) for _ in range(THREADS)]

    def write(thread: int) -> None:
        for number in range(thread + 1):
            encryptors[thread].encrypt_item(item_of(number))

    in_threads(write)

    counted = [encryptor.kms_calls for encryptor in encryptors]
    assert counted == [{("GenerateDataKey", ARN): thread + 1} for thread in range(THREADS)]
