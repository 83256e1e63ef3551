"""Runs the library's own code on an event loop, without blocking the loop where that code has to wait.

The code runs in a greenlet: where it needs a reply, its driver suspends the greenlet and gives the task
something to await, so keyrings, caches and plans are the same code as without a loop. What takes long is run
in a thread.

- A method of an asynchronous client is called on the loop. A boto3 client's method, which blocks, is called
  in a thread.
- Cancelling the task raises CancelledError where the code waits, so its `finally` blocks run, and no load
  stays pending.
- The greenlet uses the task's context, so context variables work as in any coroutine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from concurrent.futures import CancelledError, Future
from contextvars import copy_context
from functools import partial
from inspect import iscoroutine, iscoroutinefunction
from threading import Thread, get_ident
from time import perf_counter, sleep
from typing import Any, TypeVar, cast

from dynaseal.drivers import SECONDS_BETWEEN_LOOKS, Driver, driven_by, result_while

try:
    from greenlet import getcurrent, greenlet
except ModuleNotFoundError as error:
    message = "dynaseal.aio needs the package greenlet: pip install 'dynaseal[aio]'"
    raise ModuleNotFoundError(message, name=error.name) from None

_T = TypeVar("_T")

MAX_SIZE_ON_LOOP = 64 * 1024
"""The most bytes of a request or a reply whose cryptography the loop's own thread does."""
MAX_SECONDS_BETWEEN_TASKS = 0.005
"""How long items are read or written one after the other before other tasks may run."""


class Turns:
    """Lets one task at a time go on, and all others of the loop run before the next one does.

    Otherwise, if KMS answers a hundred tasks at once, the loop would run all of them before anything else.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def take(self) -> None:
        """Wait until the running task may go on."""
        await self._lock.acquire()

    def give(self) -> None:
        """Let the next task go on, after the loop has run all that is ready now."""
        asyncio.get_running_loop().call_soon(self._lock.release)


async def run(function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> _T:
    """Run code of this library on the running event loop.

    Args:
        function: The code; it may wait by `dynaseal.drivers`.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
    """
    return await _LoopDriver(Turns()).run(partial(function, *args, **kwargs))


async def run_in_thread(function: Callable[..., _T], /, *args: Any, **kwargs: Any) -> _T:
    """Run code of this library in a thread; its calls of asynchronous clients are made on the loop."""
    loop = asyncio.get_running_loop()
    return await _threaded(partial(function, *args, **kwargs), lambda work: loop.run_in_executor(None, work))


async def _call_in_own_thread(function: Callable[[], _T]) -> _T:
    """Make a call that blocks in a thread of its own.

    Not in the loop's pool, all of whose threads may be waiting for what this call is part of.
    """

    def start(work: Callable[[], _T]) -> "asyncio.Future[_T]":
        result: Future[_T] = Future()
        Thread(target=_set_result, args=(result, work), name="dynaseal-call", daemon=True).start()
        return asyncio.wrap_future(result)

    return await _threaded(function, start)


def _set_result(future: Future[_T], work: Callable[[], _T]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 whatever it is, the task that waits for it gets it
        future.set_exception(error)
    else:
        future.set_result(result)


async def _threaded(
    function: Callable[[], _T], start: "Callable[[Callable[[], _T]], asyncio.Future[_T]]"
) -> _T:
    driver = _ThreadDriver(asyncio.get_running_loop())
    context = copy_context()
    work = start(lambda: context.run(driver.run, function))
    try:
        # Shielded: a thread cannot be cancelled, and its result is not wanted any more.
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        driver.cancel()
        work.add_done_callback(_forget_failure)
        raise


async def run_sized(
    turns: Turns, message: object, function: Callable[..., _T], /, *args: Any, **kwargs: Any
) -> _T:
    """Run code of this library on the running event loop, or in a thread if it has much to encrypt.

    Args:
        turns: The turns of the tasks that run such code on this loop.
        message: The item, request or reply: one of more than `MAX_SIZE_ON_LOOP` bytes goes to a thread.
        function: The code.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
    """
    if _is_large(message):
        return await run_in_thread(function, *args, **kwargs)
    return await _LoopDriver(turns).run(partial(function, *args, **kwargs))


class _LoopDriver:
    """Suspends the running greenlet, and awaits in its place what it needs."""

    suspends = True

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._resumed = perf_counter()
        self._loop = asyncio.get_running_loop()
        self.thread: int | None = get_ident()

    def is_running(self) -> bool:
        return self._loop.is_running()

    async def run(self, function: Callable[[], _T]) -> _T:
        await self._turns.take()
        worker: Any = greenlet(function)
        worker.gr_context = getcurrent().gr_context
        step = self._resume_in_turn(worker.switch)
        while not worker.dead:
            try:
                result = await step
                await self._turns.take()
            except BaseException as error:  # noqa: BLE001 whatever it is, the code that waits for it gets it
                step = self._resume(worker.throw, error)
            else:
                step = self._resume_in_turn(worker.switch, result)
        return step

    def _resume_in_turn(self, switch: Callable[..., Any], *args: Any) -> Any:
        try:
            return self._resume(switch, *args)
        finally:
            self._turns.give()

    def _resume(self, switch: Callable[..., Any], *args: Any) -> Any:
        self._resumed = perf_counter()
        with driven_by(self):
            return switch(*args)

    def _await(self, awaitable: Awaitable[_T]) -> _T:
        return cast("Any", getcurrent()).parent.switch(awaitable)

    def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if _is_asynchronous(function):
            return self._await(function(*args, **kwargs))
        result = self._await(_call_in_own_thread(partial(function, *args, **kwargs)))
        # A coroutine function that is wrapped in a function, by a decorator for instance.
        return self._await(result) if iscoroutine(result) else result

    def wait(self, future: Future[_T], setter: Driver, /) -> _T:
        self._await(_until_done(future, setter.is_running))
        return future.result()

    def sleep(self, seconds: float, /) -> None:
        self._await(asyncio.sleep(seconds))

    def let_others_run(self) -> None:
        if perf_counter() - self._resumed > MAX_SECONDS_BETWEEN_TASKS:
            self._await(asyncio.sleep(0))


class _ThreadDriver:
    """Waits in a thread of its own for what the loop does."""

    suspends = False
    thread: int | None = None

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._is_cancelled = False
        self._pending: Future[Any] | None = None

    def is_running(self) -> bool:
        return self._loop.is_running()

    def run(self, function: Callable[[], _T]) -> _T:
        with driven_by(self):
            try:
                return function()
            except StopIteration as error:
                # No future can hold it, so the task would wait for ever. Coroutines do the same.
                raise RuntimeError("code in a thread raised StopIteration") from error

    def cancel(self) -> None:
        """Make the code in the thread end at its next call on the loop, or at the one that it waits for."""
        self._is_cancelled = True
        if self._pending is not None:
            self._pending.cancel()

    def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if _is_asynchronous(function):
            return self._await(_awaited(function, args, kwargs))
        result = function(*args, **kwargs)
        return self._await(result) if iscoroutine(result) else result

    def _await(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        if self._is_cancelled:
            coroutine.close()
            raise asyncio.CancelledError
        self._pending = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        if self._is_cancelled:
            self._pending.cancel()
        # A loop that is closed meanwhile never sets the result, and the thread would keep the process alive.
        try:
            return result_while(self._pending, lambda: not self._loop.is_closed())
        except CancelledError:
            raise asyncio.CancelledError from None

    def wait(self, future: Future[_T], setter: Driver, /) -> _T:
        return result_while(future, setter.is_running)

    def sleep(self, seconds: float, /) -> None:
        sleep(seconds)

    def let_others_run(self) -> None:
        pass


async def _awaited(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    return await function(*args, **kwargs)


async def _until_done(future: Future[Any], is_running: Callable[[], bool]) -> None:
    """Wait until a future is done; cancelling this wait does not cancel the future, which others wait for.

    Args:
        future: The future.
        is_running: Whether what sets it still runs.

    Raises:
        CancelledError: that does not run any more (`concurrent.futures.CancelledError`).
    """
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def wake() -> None:
        if not done.done():
            done.set_result(None)

    def wake_loop(_: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(wake)

    future.add_done_callback(wake_loop)
    while not (await asyncio.wait([done], timeout=SECONDS_BETWEEN_LOOKS))[0]:
        if not is_running():
            raise CancelledError


def _is_asynchronous(function: Callable[..., Any]) -> bool:
    """Return whether calling a function, or a method of an aiobotocore client, returns something to await."""
    if iscoroutinefunction(function):
        return True
    # The methods of clients are made by botocore: all of them call this one.
    owner = getattr(function, "__self__", None)
    return iscoroutinefunction(getattr(owner, "_make_api_call", None))


def _forget_failure(work: "asyncio.Future[Any]") -> None:
    if not work.cancelled():
        work.exception()  # nobody waits for it any more; asyncio would log it


def _is_large(message: object) -> bool:
    try:
        return _size_up_to(message, MAX_SIZE_ON_LOOP) > MAX_SIZE_ON_LOOP
    except RecursionError:
        return False  # it contains itself, or is nested far too deep: it is refused before any cryptography


def _size_up_to(value: object, limit: int) -> int:
    """Return how many bytes and characters a value has; counting ends above the limit."""
    if isinstance(value, str | bytes | bytearray):
        return len(value)
    size = 0
    children: Iterable[object] = ()
    if isinstance(value, dict):
        entries = cast("dict[object, object]", value)
        size = sum(len(name) for name in entries if isinstance(name, str))
        children = entries.values()
    elif isinstance(value, list | tuple | set | frozenset):
        children = cast("Iterable[object]", value)
    for child in children:
        if size > limit:
            break
        size += _size_up_to(child, limit - size)
    return size
