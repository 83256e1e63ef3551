"""The engine that runs inside the lab's process."""

import importlib
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Generator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from dynaseal_lab.dynamodb.engine import EngineReply, engine_headers
from dynaseal_lab.dynamodb.ministack_requests import corrected
from dynaseal_lab.dynamodb.operations import has_return_values, holds_items

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


@dataclass(frozen=True, slots=True)
class InProcessEngine:
    """The `ministack` package's ASGI application, called directly.

    The package keeps its tables in the process, not in the application. So that labs in one process do not
    see one another's tables, each engine has its own random account numbers. They replace the real ones in
    the ARNs of requests (never inside items), and the real ones replace them in replies.
    """

    app: AsgiApp = field(repr=False)
    _hidden: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    @classmethod
    def load(cls) -> "InProcessEngine":
        """Import the package, which takes a third of a second, and silence its log."""
        with _import_environment():
            app: AsgiApp = importlib.import_module("ministack.app").app
        for name in ("ministack", "dynamodb"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        return cls(app)

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Answer one request, without a socket."""
        hidden = self._hidden.setdefault(account, _random_account())
        real_part, hidden_part = (f":{region}:{number}:".encode() for number in (account, hidden))
        if holds_items(target):
            body = corrected(body, single_write=has_return_values(target))
        else:
            body = body.replace(real_part, hidden_part)
        reply = await _call(self.app, engine_headers(hidden, region, target), body)
        return EngineReply(reply.status, reply.body.replace(hidden_part, real_part))


def _random_account() -> str:
    return f"{secrets.randbelow(9 * 10**11) + 10**11}"


async def _call(app: AsgiApp, headers: list[tuple[bytes, bytes]], body: bytes) -> EngineReply:
    status = 500
    chunks: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            chunks.append(message.get("body", b""))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [*headers, (b"content-length", str(len(body)).encode())],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
    await app(scope, receive, send)
    return EngineReply(status, b"".join(chunks))


@contextmanager
def _import_environment() -> Generator[None]:
    """Set what the package reads at its import, and keep it from adding a handler to the root logger."""
    settings: Mapping[str, str] = {
        "AUTH": "false",
        "PERSIST_STATE": "0",
        "LOG_LEVEL": "ERROR",
        "SERVICES": "",
    }
    before = {name: os.environ.get(name) for name in settings}
    root, silence = logging.getLogger(), logging.NullHandler()
    level = root.level
    root.addHandler(silence)
    os.environ.update(settings)
    try:
        yield
    finally:
        root.removeHandler(silence)
        root.setLevel(level)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
