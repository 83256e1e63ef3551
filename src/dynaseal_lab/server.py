"""Serve a lab over loopback: in the foreground for a person, in a thread for tests and demonstrations.

The socket is bound before the server starts, so a port that is taken is known at once and a free one has its
number; nobody but this machine can connect.
"""

import secrets
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from types import FrameType

import uvicorn

from dynaseal_lab.app import App, build

LOOPBACK = "127.0.0.1"
_KEEP_ALIVE = 75


class PortTakenError(Exception):
    """Another program listens on the port that was asked for."""

    def __init__(self, port: int) -> None:
        super().__init__(f"Port {port} of {LOOPBACK} is taken; choose another, or 0 for a free one")


@dataclass(frozen=True, slots=True)
class RunningLab:
    """A lab that accepts requests: where it is, and the secret of every account's root."""

    endpoint: str
    root_secret: str = field(repr=False)


class _Server(uvicorn.Server):
    """A server that says when it accepts requests."""

    def __init__(self, app: App, when_ready: Callable[[], None]) -> None:
        # The trail is the lab's log. Connections are kept as long as clients keep theirs in their pools.
        config = uvicorn.Config(
            app, ws="none", access_log=False, log_level="warning", timeout_keep_alive=_KEEP_ALIVE
        )
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_ready()


def new_root_secret() -> str:
    """A fresh secret for the roots of all accounts."""
    return secrets.token_urlsafe(30)


def serve(port: int, root_secret: str, when_ready: Callable[[str], None]) -> None:
    """Serve in the foreground until SIGTERM or SIGINT, then return.

    Args:
        port: 0 for a free one.
        root_secret: Signs for the root of every account.
        when_ready: Called with the endpoint once requests are accepted.

    Raises:
        PortTakenError: Another program has the port.
    """
    with _bound(port) as listener:
        endpoint = _endpoint(listener)
        server = _Server(build(root_secret), lambda: when_ready(endpoint))
        # uvicorn stops on these signals and raises them again afterwards: what was asked for is done by then.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _already_stopped)
        server.run(sockets=[listener])


@contextmanager
def running(*, root_secret: str | None = None, port: int = 0) -> Generator[RunningLab]:
    """A lab in a thread of this process, for the time of a `with` block.

    Example:
        >>> with running() as lab:
        ...     lab.endpoint.startswith("http://127.0.0.1:")
        True
    """
    secret = root_secret or new_root_secret()
    ready = Event()
    with _bound(port) as listener:
        server = _Server(build(secret), ready.set)
        thread = Thread(target=server.run, args=([listener],), name="dynaseal-lab", daemon=True)
        thread.start()
        try:
            ready.wait()
            yield RunningLab(_endpoint(listener), secret)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _bound(port: int) -> Generator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen()
        except OSError as error:
            raise PortTakenError(port) from error
        yield listener


def _endpoint(listener: socket.socket) -> str:
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}"


def _already_stopped(_number: int, _frame: FrameType | None) -> None:
    return None
