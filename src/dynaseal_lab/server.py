"""Serve a lab over loopback: in the foreground for a person, in a thread for tests and demonstrations.

The socket is bound before the server starts, so a port that is taken is known at once and a free one has its
number. Nobody but this machine can connect, unless another address is asked for.
"""

import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from errno import EADDRNOTAVAIL
from ipaddress import ip_address
from threading import Event, Thread
from types import FrameType

import uvicorn

from dynaseal_lab.app import App
from dynaseal_lab.assembly import Setup, assembled

LOOPBACK = "127.0.0.1"
_KEEP_ALIVE = 75


class PortTakenError(Exception):
    """Another program listens on the port that was asked for."""

    def __init__(self, port: int, host: str = LOOPBACK) -> None:
        super().__init__(f"Port {port} of {host} is taken; choose another, or 0 for a free one")


class AddressError(Exception):
    """The address that was asked for is none of this machine's."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is no address of this machine")


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


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def serve(setup: Setup, port: int, when_ready: Callable[[RunningLab], None], *, host: str = LOOPBACK) -> None:
    """Serve in the foreground until SIGTERM or SIGINT, then return.

    Args:
        setup: What the lab is to be.
        port: 0 for a free one.
        when_ready: Called once requests are accepted.
        host: The address to listen on.

    Raises:
        PortTakenError: Another program has the port.
        AddressError: The address is not this machine's.
        StateError: The state folder cannot be used.
        EngineError: The engine cannot be started.
    """
    with _bound(port, host) as listener, assembled(setup) as lab:
        running_lab = RunningLab(_endpoint(listener), lab.root_secret)
        server = _Server(lab.app, lambda: when_ready(running_lab))
        # uvicorn stops on these signals and raises them again afterwards: what was asked for is done by then.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _already_stopped)
        server.run(sockets=[listener])


@contextmanager
def running(
    *, root_secret: str | None = None, port: int = 0, setup: Setup | None = None
) -> Generator[RunningLab]:
    """A lab in a thread of this process, for the time of a `with` block.

    Args:
        root_secret: Signs for the root of every account; random unless given.
        port: 0 for a free one.
        setup: What the lab is to be, in place of one in memory with this secret.

    Example:
        >>> with running() as lab:
        ...     lab.endpoint.startswith("http://127.0.0.1:")
        True
    """
    ready = Event()
    with _bound(port) as listener, assembled(setup or Setup(root_secret)) as lab:
        server = _Server(lab.app, ready.set)
        thread = Thread(target=server.run, args=([listener],), name="dynaseal-lab", daemon=True)
        thread.start()
        try:
            ready.wait()
            yield RunningLab(_endpoint(listener), lab.root_secret)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _bound(port: int, host: str = LOOPBACK) -> Generator[socket.socket]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise AddressError(host) from error
    family, kind, protocol, _, address = found[0]
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
            listener.listen()
        except OSError as error:
            raise (
                AddressError(host) if error.errno == EADDRNOTAVAIL else PortTakenError(port, host)
            ) from error
        yield listener


def _endpoint(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if ip_address(host).is_unspecified:
        host = LOOPBACK
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _already_stopped(_number: int, _frame: FrameType | None) -> None:
    return None
