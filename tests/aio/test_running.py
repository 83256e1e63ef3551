"""The library's own code on an event loop: it waits without blocking the loop, and ends when cancelled."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from dynaseal import BranchKeyCache, ConfigError, drivers
from dynaseal.aio.running import MAX_SIZE_ON_LOOP, Turns, run, run_in_thread, run_sized

pytestmark = pytest.mark.usefixtures("both_loops")

RUNNERS = pytest.mark.parametrize("runner", [run, run_in_thread])


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def fail() -> None:
    await asyncio.sleep(0)
    raise LookupError("refused")


class Forever:
    """A call that never gets a reply, and what it learns of its end."""

    def __init__(self) -> None:
        self.is_waiting = asyncio.Event()
        self.is_cancelled = False

    async def call(self) -> None:
        self.is_waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise


@RUNNERS
def test_asynchronous_calls_are_awaited_one_after_the_other(runner: Any) -> None:
    def code(count: int) -> list[int]:
        return [drivers.call(double, number) for number in range(count)]

    assert asyncio.run(runner(code, 4)) == [0, 2, 4, 6]


@RUNNERS
def test_a_function_that_returns_a_coroutine_is_awaited(runner: Any) -> None:
    assert asyncio.run(runner(lambda: drivers.call(lambda: double(2)))) == 4


@RUNNERS
def test_a_failed_call_raises_where_the_code_waits(runner: Any) -> None:
    def code() -> str:
        try:
            drivers.call(fail)
        except LookupError as error:
            return str(error)
        return "not raised"

    assert asyncio.run(runner(code)) == "refused"


@RUNNERS
def test_what_the_code_raises_is_raised_to_the_task(runner: Any) -> None:
    def code() -> None:
        drivers.call(double, 1)
        raise ConfigError("wrong")

    with pytest.raises(ConfigError, match="wrong"):
        asyncio.run(runner(code))


def test_a_call_that_blocks_is_made_in_another_thread_and_the_loop_goes_on() -> None:
    async def main() -> tuple[set[int], int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.001)

        ticker = asyncio.create_task(tick())

        def blocks() -> int:
            time.sleep(0.1)
            return threading.get_ident()

        def code() -> set[int]:
            return {drivers.call(blocks), drivers.call(blocks)}

        threads = await run(code)
        ticker.cancel()
        return threads, ticks

    threads, ticks = asyncio.run(main())
    assert threading.get_ident() not in threads
    assert ticks > 10


def test_code_in_a_thread_makes_its_asynchronous_calls_on_the_loop() -> None:
    async def main() -> bool:
        loop = asyncio.get_running_loop()

        async def current() -> bool:
            return asyncio.get_running_loop() is loop

        return await run_in_thread(lambda: drivers.call(current))

    assert asyncio.run(main())


@RUNNERS
def test_the_code_and_its_calls_see_the_tasks_context(runner: Any) -> None:
    variable: ContextVar[str] = ContextVar("variable", default="")

    async def seen() -> str:
        return variable.get()

    def code() -> tuple[str, str]:
        before = variable.get()
        variable.set("code")
        return before, drivers.call(seen)

    async def main() -> tuple[str, str]:
        variable.set("task")
        return await runner(code)

    assert asyncio.run(main()) == ("task", "code")


@RUNNERS
def test_cancelling_the_task_cancels_the_call_and_runs_what_must_run(runner: Any) -> None:
    async def main() -> tuple[bool, list[str], int]:
        forever, ended = Forever(), list[str]()

        def code() -> None:
            try:
                drivers.call(forever.call)
            finally:
                ended.append("finally")

        task = asyncio.create_task(runner(code))
        await forever.is_waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5):
            while not ended or len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0.001)
        return forever.is_cancelled, ended, len(asyncio.all_tasks())

    assert asyncio.run(main()) == (True, ["finally"], 1)


def test_tasks_that_want_the_same_key_share_one_load() -> None:
    cache, loads = BranchKeyCache(), list[int]()

    async def fetch() -> str:
        loads.append(1)
        await asyncio.sleep(0.01)
        return "key"

    def code() -> str:
        return cache.get("id", 60, lambda: drivers.call(fetch))

    async def main() -> list[str]:
        return await asyncio.gather(*(run(code) for _ in range(50)), *(run_in_thread(code) for _ in range(3)))

    assert set(asyncio.run(main())) == {"key"}
    assert len(loads) == 1


def test_a_cancelled_load_is_done_by_another_task_that_waits_for_it() -> None:
    cache = BranchKeyCache()

    async def main() -> str:
        forever = Forever()

        async def fetch() -> str:
            return "key"

        loading = asyncio.create_task(run(cache.get, "id", 60, lambda: drivers.call(forever.call)))
        await forever.is_waiting.wait()
        waiting = asyncio.create_task(run(cache.get, "id", 60, lambda: drivers.call(fetch)))
        await asyncio.sleep(0.01)
        loading.cancel()
        return await asyncio.wait_for(waiting, 5)

    assert asyncio.run(main()) == "key"


def test_cancelling_a_task_that_waits_for_a_load_leaves_the_load_to_the_others() -> None:
    cache = BranchKeyCache()

    async def main() -> list[str]:
        reply = asyncio.Event()

        async def fetch() -> str:
            await reply.wait()
            return "key"

        def code() -> str:
            return cache.get("id", 60, lambda: drivers.call(fetch))

        tasks = [asyncio.create_task(run(code)) for _ in range(3)]
        await asyncio.sleep(0.01)
        tasks[1].cancel()
        await asyncio.sleep(0.01)
        reply.set()
        return [await tasks[0], await tasks[2]]

    assert asyncio.run(main()) == ["key", "key"]


@RUNNERS
@pytest.mark.parametrize("is_closed", [True, False])
def test_a_load_whose_loop_was_left_is_not_waited_for(runner: Any, is_closed: bool) -> None:
    cache = BranchKeyCache()
    loads: list[str] = []

    async def load(name: str) -> str:
        loads.append(name)
        if name == "left":
            await asyncio.sleep(60)
        return name

    def code(name: str) -> str:
        return cache.get("key", 60, lambda: drivers.call(load, name))

    async def leave() -> Any:
        task = asyncio.create_task(runner(code, "left"))
        while not loads:
            await asyncio.sleep(0.001)
        return task

    loop = asyncio.new_event_loop()
    task = loop.run_until_complete(leave())
    # uvloop closes a loop only when its threads have ended, and this one waits.
    if is_closed and runner is run:
        loop.close()

    async def others() -> list[str]:
        async with asyncio.timeout(10):
            return await asyncio.gather(*(run(code, name) for name in "abc"))

    assert asyncio.run(others()) == ["a"] * 3
    assert cache.get("key", 60, lambda: "nobody") == "a"
    assert loads == ["left", "a"]
    if not loop.is_closed():
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    assert cache.get("key", 60, lambda: "nobody") == "a"


@RUNNERS
@pytest.mark.parametrize("waits_by", ["thread", "loop", "thread of a loop"])
def test_whoever_waits_for_a_load_whose_loop_is_left_meanwhile_loads_for_itself(
    runner: Any, waits_by: str
) -> None:
    cache = BranchKeyCache()
    loading = threading.Event()

    async def forever() -> None:
        loading.set()
        await asyncio.Event().wait()

    async def leave(is_waiting: threading.Event) -> Any:
        task = asyncio.create_task(runner(cache.get, "key", 60, lambda: drivers.call(forever)))
        while not is_waiting.is_set():
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.05)
        return task

    def wait() -> str:
        def code() -> str:
            is_waiting.set()
            return cache.get("key", 60, lambda: "loaded again")

        if waits_by == "thread":
            return code()
        return asyncio.run(run(code) if waits_by == "loop" else run_in_thread(code))

    is_waiting = threading.Event()
    loop = asyncio.new_event_loop()
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(lambda: loading.wait(10) and wait())
        task = loop.run_until_complete(leave(is_waiting))
        try:
            assert found.result(10) == "loaded again"
        finally:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                loop.run_until_complete(task)
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def test_a_load_that_ends_after_a_waiting_loop_was_closed_has_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache = BranchKeyCache()
    begun, gate = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert gate.wait(10)
        return "key"

    async def wait_a_little() -> None:
        assert begun.wait(10)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run(cache.get, "key", 60, lambda: "another"), 0.01)

    with ThreadPoolExecutor(1) as pool:
        loaded = pool.submit(cache.get, "key", 60, slow)
        asyncio.run(wait_a_little())
        gate.set()
        assert loaded.result(10) == "key"
    assert caplog.records == []


@RUNNERS
def test_a_call_that_blocks_and_raises_stop_iteration_does_not_hang(runner: Any) -> None:
    async def code() -> None:
        async with asyncio.timeout(10):
            await runner(lambda: drivers.call(lambda: next(iter(()))))

    with pytest.raises(RuntimeError, match="StopIteration"):
        asyncio.run(code())


def test_code_in_a_thread_ends_when_its_loop_is_closed() -> None:
    ended = threading.Event()

    def code() -> None:
        try:
            drivers.call(asyncio.sleep, 60)
        finally:
            ended.set()

    async def leave() -> None:
        task = asyncio.create_task(run_in_thread(code))
        await asyncio.sleep(0.05)
        assert not task.done()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(leave())
    loop.close()
    assert ended.wait(10)


def test_code_that_blocks_the_loop_does_not_wait_for_a_task_of_that_loop() -> None:
    cache = BranchKeyCache()

    async def main() -> str:
        forever = Forever()
        loading = asyncio.create_task(run(cache.get, "id", 60, lambda: drivers.call(forever.call)))
        await forever.is_waiting.wait()
        found = cache.get("id", 60, lambda: "loaded again")
        loading.cancel()
        return found

    assert asyncio.run(main()) == "loaded again"


def test_a_load_in_a_thread_is_waited_for_by_a_task_and_the_other_way_round() -> None:
    cache = BranchKeyCache()
    gate: Future[None] = Future()

    def slow() -> str:
        gate.result()
        return "key"

    async def main() -> str:
        thread = threading.Thread(target=cache.get, args=("id", 60, slow))
        thread.start()
        waiting = asyncio.create_task(run(cache.get, "id", 60, lambda: "another"))
        await asyncio.sleep(0.02)
        gate.set_result(None)
        return await waiting

    assert asyncio.run(main()) == "key"


def test_code_that_takes_long_lets_other_tasks_run_between_two_items() -> None:
    async def main() -> int:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0)

        ticker = asyncio.create_task(tick())

        def code() -> None:
            for _ in range(10):
                end = time.perf_counter() + 0.006
                while time.perf_counter() < end:
                    pass
                drivers.let_others_run()

        await run(code)
        ticker.cancel()
        return ticks

    assert asyncio.run(main()) >= 10


def test_what_has_much_to_encrypt_is_run_in_a_thread() -> None:
    async def thread_for(size: int) -> int:
        message = {"Item": {"pk": {"S": "x" * size}, "list": {"L": [{"S": "y"}]}}}
        return await run_sized(Turns(), message, threading.get_ident)

    assert asyncio.run(thread_for(1000)) == threading.get_ident()
    assert asyncio.run(thread_for(MAX_SIZE_ON_LOOP)) != threading.get_ident()


def test_an_asynchronous_call_in_code_that_blocks_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"asynchronous is used by code that blocks.*dynaseal\.aio"):
        drivers.call(double, 1)
