"""Serve a lab over the loopback address: in the foreground for a person, in a thread for tests and the demo.

The socket is bound before the server starts, so that a taken port is reported at once and the number of a
free one is known. Other machines can connect only if another address is given.
"""

import os
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
from dynaseal_lab.assembly import LabOptions, open_lab
from dynaseal_lab.wire.whole_replies import WholeReplies

LOOPBACK = "127.0.0.1"
_KEEP_ALIVE = 75


class PortTakenError(Exception):
    """Another program listens on the port."""

    def __init__(self, port: int, host: str = LOOPBACK) -> None:
        super().__init__(f"Port {port} of {host} is taken; choose another, or 0 for a free one")


class AddressError(Exception):
    """The address is not one of this machine's."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} is not an address of this machine")


@dataclass(frozen=True, slots=True)
class RunningLab:
    """A lab that accepts requests: its endpoint, the secret of every account's root, a note for its user."""

    endpoint: str
    root_secret: str = field(repr=False)
    note: str | None = None


class _Server(uvicorn.Server):
    """A server that calls `when_ready` once it accepts requests."""

    def __init__(self, app: App, when_ready: Callable[[], None]) -> None:
        # There is no access log because the trail is the lab's log. Connections stay open as long as SDKs
        # keep theirs in their pools.
        config = uvicorn.Config(
            app,
            http=WholeReplies,
            ws="none",
            access_log=False,
            log_level="warning",
            timeout_keep_alive=_KEEP_ALIVE,
            use_colors=False if os.environ.get("NO_COLOR") else None,
        )
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_ready()


def is_loopback(host: str) -> bool:
    """Return whether an address can only be reached from this machine.

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


def serve(
    options: LabOptions, port: int, when_ready: Callable[[RunningLab], None], *, host: str = LOOPBACK
) -> None:
    """Serve in the foreground until SIGTERM or SIGINT, then return.

    Args:
        options: The lab's options.
        port: The port; 0 for a free one.
        when_ready: Called once requests are accepted.
        host: The address to listen on.

    Raises:
        PortTakenError: Another program has the port.
        AddressError: The address is not one of this machine's.
        StateError: The state folder cannot be used.
        EngineError: The engine cannot be started.
    """
    with _bound(port, host) as listener, open_lab(options) as lab:
        running_lab = RunningLab(_endpoint(listener), lab.root_secret, lab.note)
        server = _Server(lab.app, lambda: when_ready(running_lab))
        # uvicorn stops on these signals and raises them again when it has stopped; they are ignored then.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _already_stopped)
        server.run(sockets=[listener])


@contextmanager
def running(
    *, root_secret: str | None = None, port: int = 0, options: LabOptions | None = None
) -> Generator[RunningLab]:
    """Run a lab in a thread of this process during a `with` block.

    Args:
        root_secret: The secret access key of every account's root; by default a random one.
        port: The port; 0 for a free one.
        options: All the lab's options, in place of `root_secret`.

    Example:
        >>> with running() as lab:
        ...     lab.endpoint.startswith("http://127.0.0.1:")
        True
    """
    ready = Event()
    with _bound(port) as listener, open_lab(options or LabOptions(root_secret)) as lab:
        server = _Server(lab.app, ready.set)
        thread = Thread(target=server.run, args=([listener],), name="dynaseal-lab", daemon=True)
        thread.start()
        try:
            ready.wait()
            yield RunningLab(_endpoint(listener), lab.root_secret, lab.note)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _bound(port: int, host: str = LOOPBACK) -> Generator[socket.socket]:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise AddressError(host) from error
    family, kind, protocol, _, address = addresses[0]
    with socket.socket(family, kind, protocol) as listener:
        # On Windows SO_REUSEADDR would let two programs have the port at the same time.
        exclusive: int | None = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)
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
