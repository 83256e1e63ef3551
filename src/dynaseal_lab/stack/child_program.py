"""Run another program that ends with this one: a signal that ends this program kills the other.

`subprocess` alone does so only once the other program runs. If a signal's handler raises an exception while
the program is being started, nobody knows of the new process, and it goes on. Here such a signal waits until
the process is known.
"""

import signal
import subprocess
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")
"""The signals that end a program; Windows has no SIGHUP."""


@contextmanager
def started(command: Sequence[str], **options: Any) -> Generator["subprocess.Popen[str]"]:
    """Run a program during a `with` block, and wait for its end; if the block raises, kill it first.

    Args:
        command: The program and its arguments.
        options: Further parameters of `subprocess.Popen`.

    Raises:
        OSError: The program cannot be started.
    """
    process = None
    try:
        with _signals_held():
            process = subprocess.Popen(command, text=True, **options)  # noqa: S603 - our callers' programs, and no shell
        yield process
    except BaseException:
        if process is not None:
            process.kill()
        raise
    finally:
        if process is not None:
            with process:  # closes its pipes and waits
                pass


@contextmanager
def _signals_held() -> Generator[None]:
    """Let the signals that end this program wait until the end of a `with` block."""
    held: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _heeded()}
    try:
        for number in handlers:
            signal.signal(number, lambda number, _frame: held.append(number))
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in held:
            signal.raise_signal(number)


def _heeded() -> list[signal.Signals]:
    """Return the signals whose handlers could interrupt this thread: Python runs them in the main thread.

    A signal that is ignored, as under `nohup`, must be ignored by the other program too.
    """
    if threading.current_thread() is not threading.main_thread():
        return []
    known = [signal.Signals[name] for name in _ENDING if name in signal.Signals.__members__]
    return [number for number in known if signal.getsignal(number) not in (signal.SIG_IGN, None)]
