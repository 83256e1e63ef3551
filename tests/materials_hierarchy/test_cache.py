"""The cache: how long it keeps keys, how often it loads them, and what it does if a load fails."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier, Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal import BranchKeyCache, ConfigError, KeyStoreError
from support.logs import log_fields

TTL = 60.0


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Loader:
    """Returns a new number at each load, and fails while `failure` is set."""

    loads: int = 0
    fails: bool = False
    failures: int = 0

    def __call__(self) -> int:
        if self.fails:
            self.failures += 1
            raise KeyStoreError("out of order")
        self.loads += 1
        return self.loads


@dataclass
class Bench:
    clock: Clock = field(default_factory=Clock)
    load: Loader = field(default_factory=Loader)

    def cache(self, **options: Any) -> BranchKeyCache:
        return BranchKeyCache(clock=self.clock, **options)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_key_is_loaded_once_until_its_ttl_ends(bench: Bench) -> None:
    cache = bench.cache()

    first = cache.get("a", TTL, bench.load)
    bench.clock.now += TTL - 0.001
    last = cache.get("a", TTL, bench.load)
    bench.clock.now += 0.001
    after = cache.get("a", TTL, bench.load)

    assert (first, last, after) == (1, 1, 2)


def test_a_caller_with_a_shorter_ttl_goes_by_its_own(bench: Bench) -> None:
    cache = bench.cache()
    cache.get("a", TTL, bench.load)
    bench.clock.now += TTL / 2

    assert cache.get("a", TTL / 2 + 0.001, bench.load) == 1
    assert cache.get("a", TTL / 2, bench.load) == 2


def test_a_caller_with_a_longer_ttl_goes_by_the_loaders(bench: Bench) -> None:
    cache = bench.cache()
    cache.get("a", TTL, bench.load)
    bench.clock.now += TTL

    assert cache.get("a", TTL * 4, bench.load) == 2


def test_a_key_is_loaded_again_if_the_clock_is_set_back(bench: Bench) -> None:
    cache = bench.cache()
    assert cache.get("a", TTL, bench.load) == 1
    bench.clock.now -= 1
    assert cache.find("a", TTL) is None
    assert cache.get("a", TTL, bench.load) == 2
    assert cache.get("a", TTL, bench.load) == 2


def test_a_failure_is_not_kept(bench: Bench) -> None:
    cache = bench.cache()
    bench.load.fails = True
    with pytest.raises(KeyStoreError):
        cache.get("a", TTL, bench.load)
    bench.load.fails = False

    assert cache.get("a", TTL, bench.load) == 1


def test_an_interrupted_load_leaves_nothing_behind(bench: Bench) -> None:
    cache = bench.cache()

    def interrupted() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get("a", TTL, interrupted)

    assert cache.get("a", TTL, bench.load) == 1


def test_the_one_not_used_for_longest_makes_room(bench: Bench) -> None:
    cache = bench.cache(capacity=2)
    cache.get("a", TTL, bench.load)
    cache.get("b", TTL, bench.load)
    cache.get("a", TTL, bench.load)

    cache.get("c", TTL, bench.load)

    assert [cache.get(key, TTL, bench.load) for key in ("a", "c", "b")] == [1, 3, 4]


def test_ended_entries_do_not_wait_for_the_cache_to_be_full(bench: Bench) -> None:
    cache = bench.cache(capacity=100)
    for key in range(10):
        cache.get(key, TTL, bench.load)
    bench.clock.now += TTL

    cache.get("another", TTL, bench.load)

    assert repr(cache) == "BranchKeyCache(1 of 100)"


@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(0, 50)), max_size=40),
    st.integers(1, 6),
    st.floats(0, 0.99),
    st.floats(0, 20),
)
def test_nothing_is_ever_older_than_its_ttl_nor_more_than_its_capacity(
    steps: list[tuple[int, float]], capacity: int, jitter: float, grace: float
) -> None:
    clock = Clock()
    cache = BranchKeyCache(capacity, jitter=jitter, grace_seconds=grace, clock=clock)
    for key, pause in steps:
        clock.now += pause
        owner, loaded = cache.get(key, TTL, lambda key=key: (key, clock.now))
        assert owner == key
        assert clock.now - loaded < TTL
        cached_count = int(repr(cache).removeprefix("BranchKeyCache(").split()[0])
        assert cached_count <= capacity


@pytest.mark.parametrize(("fraction", "lasts"), [(0.0, 60.0), (0.5, 45.0), (1.0, 30.0)])
def test_jitter_shortens_a_ttl_by_at_most_its_part(bench: Bench, fraction: float, lasts: float) -> None:
    cache = bench.cache(jitter=0.5, random=lambda: fraction)
    cache.get("a", TTL, bench.load)

    bench.clock.now += lasts - 0.001
    assert cache.get("a", TTL, bench.load) == 1
    bench.clock.now += 0.002
    assert cache.get("a", TTL, bench.load) == 2


def test_in_the_grace_period_a_key_is_loaded_anew_before_it_ends(bench: Bench) -> None:
    cache = bench.cache(grace_seconds=10)
    cache.get("a", TTL, bench.load)
    bench.clock.now += TTL - 10

    assert cache.get("a", TTL, bench.load) == 2


def test_a_failed_refresh_leaves_the_key_in_use_until_its_ttl_and_no_longer(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    cache = bench.cache(grace_seconds=10)
    cache.get("a", TTL, bench.load)
    bench.load.fails = True
    bench.clock.now += TTL - 10

    assert cache.get("a", TTL, bench.load) == 1
    assert caplog.messages == [
        "A key could not be loaded again; the cached one is used until its TTL ends: out of order"
    ]
    assert log_fields(caplog.records[0]) == {
        "dynaseal_event": "key-reload-failed",
        "dynaseal_error": KeyStoreError.code,
    }
    bench.clock.now += 10
    with pytest.raises(KeyStoreError):
        cache.get("a", TTL, bench.load)


def test_a_failed_refresh_is_tried_again_only_after_the_retry_interval(bench: Bench) -> None:
    cache = bench.cache(grace_seconds=10, retry_seconds=2)
    cache.get("a", TTL, bench.load)
    bench.load.fails = True
    bench.clock.now += TTL - 10

    for seconds, failures in [(0, 1), (1.9, 1), (0.1, 2), (1.9, 2), (0.1, 3)]:
        bench.clock.now += seconds
        assert cache.get("a", TTL, bench.load) == 1
        assert bench.load.failures == failures


def test_a_refresh_that_fails_after_the_end_is_a_failure(bench: Bench) -> None:
    cache = bench.cache(grace_seconds=10)
    cache.get("a", TTL, bench.load)
    bench.clock.now += TTL - 1

    def slow_and_failing() -> int:
        bench.clock.now += 1
        raise KeyStoreError("too late")

    with pytest.raises(KeyStoreError, match="too late"):
        cache.get("a", TTL, slow_and_failing)


THREADS = 8


class Slow:
    """A load that reports when it begins and ends only when the test lets it."""

    def __init__(self, result: Callable[[], int]) -> None:
        self.begun, self.let_go = Event(), Event()
        self.loads = 0
        self._result = result

    def __call__(self) -> int:
        self.loads += 1
        self.begun.set()
        assert self.let_go.wait(10)
        return self._result()


def failing() -> int:
    raise KeyStoreError("out of order")


def test_many_threads_make_one_load_and_share_it(bench: Bench) -> None:
    cache, together = bench.cache(), Barrier(THREADS)
    slow = Slow(lambda: 7)

    def get() -> int:
        together.wait(10)
        return cache.get("a", TTL, slow)

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [pool.submit(get) for _ in range(THREADS)]
        assert slow.begun.wait(10)
        slow.let_go.set()
        assert [answer.result(10) for answer in answers] == [7] * THREADS
    assert slow.loads == 1


def test_those_who_wait_for_a_failing_load_fail_with_it_and_the_next_loads_again(bench: Bench) -> None:
    cache = bench.cache()
    slow = Slow(failing)
    waiting = Barrier(2)

    def wait_for_it() -> int:
        waiting.wait(10)
        return cache.get("a", TTL, bench.load)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, "a", TTL, slow)
        assert slow.begun.wait(10)
        second = pool.submit(wait_for_it)
        waiting.wait(10)
        slow.let_go.set()
        assert isinstance(first.exception(10), KeyStoreError)
        # It waited and failed with the first, or came just after and loaded for itself.
        error = second.exception(10)
        assert (isinstance(error, KeyStoreError), bench.load.loads) in [(True, 0), (False, 1)]
    assert cache.get("a", TTL, bench.load) == 1


def test_those_who_wait_for_an_interrupted_load_load_for_themselves(bench: Bench) -> None:
    cache = bench.cache()

    def interrupted() -> int:
        raise KeyboardInterrupt

    slow = Slow(interrupted)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(cache.get, "a", TTL, slow)
        assert slow.begun.wait(10)
        second = pool.submit(cache.get, "a", TTL, bench.load)
        slow.let_go.set()
        assert isinstance(first.exception(10), KeyboardInterrupt)
        assert second.result(10) == 1


def test_while_one_refreshes_in_the_grace_period_the_others_go_on_with_the_old_key(bench: Bench) -> None:
    cache = bench.cache(grace_seconds=10)
    cache.get("a", TTL, bench.load)
    bench.clock.now += TTL - 5
    slow = Slow(lambda: 2)

    with ThreadPoolExecutor(1) as pool:
        refresh = pool.submit(cache.get, "a", TTL, slow)
        assert slow.begun.wait(10)
        assert [cache.get("a", TTL, bench.load) for _ in range(5)] == [1] * 5
        slow.let_go.set()
        assert refresh.result(10) == 2
    assert cache.get("a", TTL, bench.load) == 2


def test_a_slow_load_of_one_key_does_not_hold_up_another(bench: Bench) -> None:
    cache = bench.cache()
    slow = Slow(lambda: 7)

    with ThreadPoolExecutor(1) as pool:
        one = pool.submit(cache.get, "a", TTL, slow)
        assert slow.begun.wait(10)
        assert cache.get("b", TTL, bench.load) == 1
        slow.let_go.set()
        assert one.result(10) == 7


@pytest.mark.parametrize(
    "options",
    [{"capacity": 0}, {"jitter": 1.0}, {"jitter": -0.1}, {"grace_seconds": -1.0}, {"retry_seconds": 0.0}],
)
def test_a_cache_with_impossible_numbers_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        BranchKeyCache(**options)


@pytest.mark.parametrize("wrong", [None, "1", (1,), True, float("nan")])
@pytest.mark.parametrize("name", ["clock", "random"])
def test_a_clock_or_random_that_returns_no_number_is_named(name: str, wrong: Any) -> None:
    options: Any = {name: lambda: wrong}
    with pytest.raises(ConfigError, match=rf"A BranchKeyCache's {name}\(\) must be a number"):
        BranchKeyCache(**options).get("a", TTL, Loader())
