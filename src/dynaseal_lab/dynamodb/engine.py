"""What keeps tables and items: the seam to it, and the one engine that runs inside the lab's process.

* An engine knows DynamoDB's protocol and nothing of permissions or keys: who reaches it may do everything.
* Accounts and Regions are separate in it; names and ARNs are the lab's, in requests and in answers.
"""

import importlib
import json
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Generator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


@dataclass(frozen=True, slots=True)
class EngineReply:
    """An answer as DynamoDB gives it: 200 and a result, or 400 and up with `__type` and a message."""

    status: int
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The body's JSON object."""
        return json.loads(self.body or b"{}")


class Engine(Protocol):
    """A DynamoDB without permissions."""

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Answer one request.

        Args:
            account: the account that owns the tables, 12 digits.
            region: the Region, `us-west-2`.
            target: `DynamoDB_20120810.GetItem`, as X-Amz-Target has it.
            body: the request's JSON.
        """
        ...


ITEM_OPERATIONS = frozenset(
    {
        "BatchExecuteStatement",
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "ExecuteStatement",
        "ExecuteTransaction",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    }
)
"""Operations on items; the rest is about tables and what belongs to them."""


@dataclass(frozen=True, slots=True)
class InProcessEngine:
    """The `ministack` package's ASGI application, called directly.

    The package keeps its tables in the process, not in the application. So that labs in one process do not
    see one another's, each engine shows it account numbers of its own: random ones, put in place of the real
    ones in ARNs on the way in (never inside items) and back on the way out.
    """

    app: AsgiApp = field(repr=False)
    _hidden: dict[str, str] = field(default_factory=dict[str, str], repr=False)

    @classmethod
    def load(cls) -> "InProcessEngine":
        """Import the package, which takes a third of a second, and keep it quiet."""
        with _import_environment():
            app: AsgiApp = importlib.import_module("ministack.app").app
        for name in ("ministack", "dynamodb"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        return cls(app)

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Answer one request, without a socket."""
        hidden = self._hidden.setdefault(account, _random_account())
        ours, theirs = (f":{region}:{number}:".encode() for number in (account, hidden))
        if target.partition(".")[2] not in ITEM_OPERATIONS:
            body = body.replace(ours, theirs)
        reply = await _call(self.app, engine_headers(hidden, region, target), body)
        return EngineReply(reply.status, reply.body.replace(theirs, ours))


def _random_account() -> str:
    return f"{secrets.randbelow(9 * 10**11) + 10**11}"


def engine_headers(account: str, region: str, target: str) -> list[tuple[bytes, bytes]]:
    """Headers that tell an engine account and Region: both read them off the scope and verify nothing."""
    scope = f"{account}/20200101/{region}/dynamodb/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    return [
        (b"host", f"dynamodb.{region}.amazonaws.com".encode()),
        (b"content-type", b"application/x-amz-json-1.0"),
        (b"x-amz-target", target.encode()),
        (b"authorization", authorization.encode()),
    ]


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
    """Settings that the package reads when it is imported; and no log handler of its own at the root."""
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
