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


class Meanwhile(RawAesKeyring):
    """A keyring during whose work somebody changes the item."""

    change: Callable[[], object] | None = None

    def on_encrypt(self, materials: Any) -> Any:
        self._change()
        return super().on_encrypt(materials)

    def on_decrypt(self, materials: Any, encrypted_data_keys: Any) -> Any:
        self._change()
        return super().on_decrypt(materials, encrypted_data_keys)

    def _change(self) -> None:
        if self.change is not None:
            self.change()


def changes_of(item: dict[str, Any]) -> list[Callable[[], object]]:
    return [
        lambda: item.update(secret={"S": "added"}),
        lambda: item.update(clear={"S": "replaced"}, own1={"S": "replaced"}),
        lambda: item.pop("clear"),
        item.clear,
    ]


@pytest.mark.parametrize("number", range(4))
def test_an_item_that_changes_meanwhile_is_written_and_read_as_it_was(number: int) -> None:
    keyring = Meanwhile("tests", "one", bytes(32))
    encryptor = encryptor_of(keyring, AlgorithmSuite.COMMIT_KEY_SYMSIG)
    item = item_of(1)
    keyring.change = changes_of(item)[number]
    stored = encryptor.encrypt_item(item)
    assert item != item_of(1)
    keyring.change = None
    assert encryptor.decrypt_item(stored) == item_of(1)

    changing = dict(stored)
    keyring.change = changes_of(changing)[number]
    assert encryptor.decrypt_item(changing) == item_of(1)
    assert changing != stored


@pytest.mark.parametrize("suite", AlgorithmSuite)
def test_no_attribute_that_another_thread_adds_is_written_in_the_clear(suite: AlgorithmSuite) -> None:
    encryptor = encryptor_of(RawAesKeyring("tests", "one", bytes(32)), suite)
    item = item_of(1)
    is_over = False

    def change() -> None:
        while not is_over:
            if "secret" in item:
                del item["secret"]
            else:
                item["secret"] = {"S": "added"}

    with ThreadPoolExecutor(1) as pool:
        changing = pool.submit(change)
        try:
            written = [encryptor.encrypt_item(item) for _ in range(300)]
            written += encryptor.encrypt_many([item] * 100)
        finally:
            is_over = True
        changing.result()
    assert all(list(stored.get("secret", {"B": b""})) == ["B"] for stored in written)
    assert all(encryptor.decrypt_item(stored).keys() >= item_of(1).keys() for stored in written)
