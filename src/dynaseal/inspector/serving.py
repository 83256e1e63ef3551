"""Serves the inspector on a loopback port: in the foreground for a person, in a thread for tests."""

import signal
import socket
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

import uvicorn

from dynaseal.config import TableConfig
from dynaseal.inspector.accounts import Account
from dynaseal.inspector.application import application
from dynaseal.inspector.guard import Guard, Keys

LOOPBACK = "127.0.0.1"
_START_SECONDS = 10


class PortTakenError(Exception):
    """Another program listens on the port."""


class _Server(uvicorn.Server):
    """A server that calls `when_ready` once it accepts requests."""

    def __init__(self, app: Guard, when_ready: Callable[[], None]) -> None:
        # There is no access log: the first address has the token.
        config = uvicorn.Config(
            app, ws="none", access_log=False, log_level="error", server_header=False, lifespan="off"
        )
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_ready()


def serve(configs: Sequence[TableConfig], port: int, when_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then return.

    Args:
        configs: Configurations of tables.
        port: The port; 0 for a free one.
        when_ready: Called with the URL, token included, once requests are accepted.

    Raises:
        PortTakenError: another program has the port.
        ConfigError: no Region is set.
    """
    with _listener(port) as listener, _account() as account:
        url, guard = _guarded(account, configs, listener)
        server = _Server(guard, lambda: when_ready(url))
        # uvicorn stops on these signals and raises them again when it has stopped; they are ignored then.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: None)
        server.run(sockets=[listener])


@contextmanager
def running(configs: Sequence[TableConfig] = ()) -> Generator[str]:
    """Serve in a thread of this process during a `with` block; yields the URL with its token.

    Raises:
        TimeoutError: the inspector did not start.
    """
    ready = Event()
    with _listener(0) as listener, _account() as account:
        url, guard = _guarded(account, configs, listener)
        server = _Server(guard, ready.set)
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        if not ready.wait(_START_SECONDS):
            raise TimeoutError("the inspector did not start")
        try:
            yield url
        finally:
            server.should_exit = True
            thread.join(_START_SECONDS)


def _guarded(account: Account, configs: Sequence[TableConfig], listener: socket.socket) -> tuple[str, Guard]:
    port: int = listener.getsockname()[1]
    keys = Keys()
    app = application(account, configs, keys.path)
    hosts = frozenset({f"{LOOPBACK}:{port}", f"localhost:{port}"})
    return f"http://{LOOPBACK}:{port}/?token={keys.token}", Guard(app, keys, hosts)


@contextmanager
def _account() -> Generator[Account]:
    account = Account()
    try:
        yield account
    finally:
        account.close()


@contextmanager
def _listener(port: int) -> Generator[socket.socket]:
    """Bind before the server starts, so that a taken port is reported at once."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        # On Windows SO_REUSEADDR would let two programs have the port at the same time.
        exclusive: int | None = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR if exclusive is None else exclusive, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError:
            raise PortTakenError(f"Port {port} of {LOOPBACK} is taken; choose another, or 0") from None
        yield listener
