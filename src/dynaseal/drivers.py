"""Who waits for replies, for other callers and for pauses: the thread that needs them, or an event loop.

Keyrings, key stores, caches and plans are written once. Where they need a reply of KMS or DynamoDB, they pass
the call to `call`; where they need another caller's load, to `wait`. The driver of the running code decides
how: by default the thread makes the call itself and waits. `dynaseal.aio` has a driver that hands it to an
event loop.

A driver is set for a piece of code by `driven_by`, in one thread, and never seen by another one.
"""

from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from functools import partial
from inspect import iscoroutine, iscoroutinefunction
from threading import get_ident, local
from time import sleep as block
from typing import Any, Protocol, TypeVar

from dynaseal.errors import ConfigError

_T = TypeVar("_T")
_LIBRARY = __name__.partition(".")[0]
SECONDS_BETWEEN_LOOKS = 0.5
"""How often a waiting caller looks whether the event loop is still running that it waits for."""


class Driver(Protocol):
    """How code that has to wait does so."""

    suspends: bool
    """Whether the code is suspended where it waits, and its thread goes on with other code."""
    thread: int | None
    """The thread that has to go on before the code can, if the code is suspended there."""

    def is_running(self) -> bool:
        """Return whether the event loop runs that the code may wait for, if there is one."""
        ...

    def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Make a call that waits for a reply, and return its result."""
        ...

    def wait(self, future: Future[_T], setter: "Driver", /) -> _T:
        """Return the result of a future that another caller will set, while its event loop runs."""
        ...

    def sleep(self, seconds: float, /) -> None:
        """Wait for a number of seconds."""
        ...

    def let_others_run(self) -> None:
        """Let other tasks run, between two items."""
        ...


class _Blocking:
    """The thread itself makes calls and waits."""

    suspends = False
    thread: int | None = None

    def is_running(self) -> bool:
        return True

    def call(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        if iscoroutine(result):
            result.close()
            raise ConfigError(
                "A client, key store or keyring that is asynchronous is used by code that blocks",
                hint="Use dynaseal.aio, or pass one that is not asynchronous",
            )
        return result

    def wait(self, future: Future[_T], setter: Driver, /) -> _T:
        return result_while(future, setter.is_running)

    def sleep(self, seconds: float, /) -> None:
        block(seconds)

    def let_others_run(self) -> None:
        pass


class _Current(local):
    driver: Driver = _Blocking()


_current = _Current()


@contextmanager
def driven_by(driver: Driver) -> Generator[None]:
    """Make a driver the one of the code that this thread runs in the block."""
    outer = _current.driver
    _current.driver = driver
    try:
        yield
    finally:
        _current.driver = outer


def call(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Make a call that waits for a reply, such as a method of a boto3 client, and return its result."""
    return _current.driver.call(function, *args, **kwargs)


def driven(owner: Any) -> Any:
    """Return a keyring, materials manager or key store whose methods this library's code can call.

    This library's own objects wait by the driver, and are returned as they are. The driver calls the methods
    of those that have coroutine functions, and of those that users have written, which may block.

    Each call looks its method up: a test or an instrumentation may replace it at any time.
    """
    is_own = type(owner).__module__.partition(".")[0] == _LIBRARY
    return owner if is_own and not _has_coroutines(owner) else _Driven(owner)


def _has_coroutines(owner: object) -> bool:
    return any(map(iscoroutinefunction, vars(type(owner)).values()))


class _Driven:
    """An object whose methods are called by the driver."""

    __slots__ = ("_owner",)

    def __init__(self, owner: object) -> None:
        self._owner = owner

    def __repr__(self) -> str:
        return repr(self._owner)

    def __getattr__(self, name: str) -> Any:
        return partial(call, getattr(self._owner, name))


def wait(future: Future[_T], setter: Driver) -> _T:
    """Return the result of a future that another caller will set.

    Args:
        future: The future.
        setter: The driver of the other caller's code.

    Raises:
        CancelledError: that caller ended without setting it, or its event loop was left
            (`concurrent.futures.CancelledError`).
    """
    return _current.driver.wait(future, setter)


def result_while(future: Future[_T], is_running: Callable[[], bool]) -> _T:
    """Block until a future is done, and return its result.

    Args:
        future: The future.
        is_running: Whether what sets it still runs.

    Raises:
        CancelledError: that does not run any more (`concurrent.futures.CancelledError`).
    """
    # `concurrent.futures.wait` would not return when the future is cancelled.
    while True:
        try:
            return future.result(SECONDS_BETWEEN_LOOKS)
        except TimeoutError:
            if future.done():
                return future.result()
            if not is_running():
                raise CancelledError from None


def sleep(seconds: float) -> None:
    """Wait for a number of seconds."""
    _current.driver.sleep(seconds)


def let_others_run() -> None:
    """Let other tasks of an event loop run, between two items of a request or a reply."""
    _current.driver.let_others_run()


def current() -> Driver:
    """Return the driver of the running code."""
    return _current.driver


def would_never_end(driver: Driver) -> bool:
    """Return whether this thread would wait for code that is suspended in this same thread.

    Args:
        driver: The driver of that code.
    """
    return driver.thread == get_ident() and not _current.driver.suspends
