"""A child process after a fork: nothing that another thread of the parent held or had begun blocks it."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from dynaseal import BranchKeyCache
from dynaseal.boto.keys.clients import Clients
from dynaseal.materials.kms_calls import KmsCall, KmsCalls
from support.keyrings import fake_kms

TTL = 60.0
PATIENCE_SECONDS = 20

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def exit_code_in_child(work: Callable[[], bool]) -> int:
    """Fork, do some work in the child, and return its exit code: 0 if the work returned True."""
    with warnings.catch_warnings():
        # Python 3.12 warns that a process with threads forks, which is what is tested here.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE_SECONDS)  # ends a child that hangs
        code = 2
        try:
            code = 0 if work() else 1
        finally:
            os._exit(code)  # even after an exception, or the child would run the rest of the tests
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@contextmanager
def load_in_progress(cache: BranchKeyCache, key: str) -> Iterator[None]:
    """Have another thread load a key for as long as the block runs."""
    started, may_end = Event(), Event()

    def load() -> str:
        started.set()
        may_end.wait()
        return "parent"

    thread = Thread(target=cache.get, args=(key, TTL, load))
    thread.start()
    started.wait()
    try:
        yield
    finally:
        may_end.set()
        thread.join()


def test_a_child_loads_a_key_that_the_parent_was_loading() -> None:
    cache = BranchKeyCache()
    with load_in_progress(cache, "key"):
        assert exit_code_in_child(lambda: cache.get("key", TTL, lambda: "child") == "child") == 0
    assert cache.get("key", TTL, lambda: "again") == "parent"


def test_a_child_has_the_keys_that_the_parent_had_cached() -> None:
    cache = BranchKeyCache()
    cache.get("key", TTL, lambda: "parent")
    assert exit_code_in_child(lambda: cache.get("key", TTL, lambda: "child") == "parent") == 0


@pytest.mark.parametrize("name", ["cache", "calls", "clients"])
def test_a_lock_that_another_thread_holds_does_not_block_a_child(name: str) -> None:
    cache, calls = BranchKeyCache(), KmsCalls("table people")
    clients = Clients("kms", make_client=fake_kms().client)
    work: dict[str, tuple[object, Callable[[], bool]]] = {
        "cache": (cache, lambda: cache.get("key", TTL, lambda: "child") == "child"),
        "calls": (calls, lambda: calls.add(KmsCall("Decrypt", "key"), per_item=True) is None),
        "clients": (clients, lambda: clients("us-west-2").region == "us-west-2"),
    }
    subject, use = work[name]
    with vars(subject)["_lock"]:
        assert exit_code_in_child(use) == 0


def test_a_child_makes_clients_of_its_own() -> None:
    kms = fake_kms()
    regions = kms.clients_made
    own_client = object()
    clients = Clients("kms", clients={"eu-west-1": own_client}, make_client=kms.client)
    parents = clients("us-west-2")
    assert exit_code_in_child(lambda: clients("us-west-2") is not parents and len(regions) == 2) == 0
    assert exit_code_in_child(lambda: clients("eu-west-1") is own_client) == 0
    assert clients("us-west-2") is parents
