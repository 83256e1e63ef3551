"""The lab as one ASGI application, put together from its parts.

It serves AWS's API, and under `/_lab/` the lab's control API.
"""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, cast
from uuid import uuid4

from dynaseal_lab.aws_api import AwsApi
from dynaseal_lab.clock import LabClock
from dynaseal_lab.control_api import ControlApi, EngineStatus, json_response
from dynaseal_lab.dynamodb.api import DynamoDbService
from dynaseal_lab.dynamodb.engine import Engine
from dynaseal_lab.dynamodb.expiry import ExpiringEngine, Expiry
from dynaseal_lab.iam.api import IamService
from dynaseal_lab.iam.authorizer import PolicyAuthorizer
from dynaseal_lab.iam.backend import IamBackend
from dynaseal_lab.iam.credentials import Credentials
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.iam.sts import StsService
from dynaseal_lab.kms.api import KmsService
from dynaseal_lab.record_store import InMemoryRecordStore, RecordStore
from dynaseal_lab.trail import Trail
from dynaseal_lab.who_can import WhoCan
from dynaseal_lab.wire.failure import internal_failure
from dynaseal_lab.wire.http import MAX_BODY, Request, Response, cors_headers, is_preflight, preflight

_LOG = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ShutdownHandler = Callable[[], Awaitable[None]]


class App:
    """An ASGI application for AWS's API and the lab's control API."""

    def __init__(
        self, aws_api: AwsApi, control_api: ControlApi, expiry: Expiry, on_shutdown: ShutdownHandler
    ) -> None:
        self._aws_api = aws_api
        self._control_api = control_api
        self._expiry = expiry
        self._on_shutdown = on_shutdown

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request, or the startup and shutdown events of the server (ASGI's `lifespan`)."""
        if scope["type"] == "lifespan":
            await self._serve_lifespan(receive, send)
            return
        if scope["type"] != "http":
            raise NotImplementedError(f"The lab serves HTTP requests, not {scope['type']}")
        body = await _body(receive)
        request = _request(scope, body or b"")
        response = _TOO_LARGE if body is None else await self._answer(request)
        await _send(response, cors_headers(request), send)

    async def _answer(self, request: Request) -> Response:
        if is_preflight(request):
            return preflight(request)
        request_id = str(uuid4())
        try:
            if request.path.startswith("/_lab/"):
                return await self._control_api.answer(request)
            return await self._aws_api.answer(request, request_id)
        except Exception as error:  # noqa: BLE001 - no code above knows the caller's protocol, and an SDK must get a defect of the lab as its service's internal error, which it can parse and retry
            _LOG.error("%s", _failure_report(error, request_id))
            return internal_failure(request, request_id)

    async def _serve_lifespan(self, receive: Receive, send: Send) -> None:
        expiry = asyncio.create_task(self._expiry.run())
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        expiry.cancel()
        await self._on_shutdown()
        await send({"type": "lifespan.shutdown.complete"})


def _failure_report(error: Exception, request_id: str) -> str:
    """Describe what failed and where, without the error's message, which could repeat data of the request."""
    traceback_lines = "".join(traceback.format_tb(error.__traceback__))
    return f"Request {request_id} failed inside the lab: {type(error).__name__}\n{traceback_lines}"


_TOO_LARGE = json_response(
    {"__type": "RequestEntityTooLargeException", "message": "The request is larger than the service accepts"},
    413,
)


def _request(scope: Scope, body: bytes) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in cast("list[tuple[bytes, bytes]]", scope["headers"]):
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    client = cast("tuple[str, int] | None", scope.get("client"))
    return Request(
        method=scope["method"],
        path=cast("bytes", scope.get("raw_path") or scope["path"].encode()).decode("latin-1"),
        query=cast("bytes", scope["query_string"]).decode("latin-1"),
        headers=headers,
        body=body,
        source_ip=client[0] if client else "127.0.0.1",
    )


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body, or None if it is larger than any service accepts; the excess is not kept."""
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            chunks.append(chunk)
        more = bool(message.get("more_body", False))
    return b"".join(chunks) if size <= MAX_BODY else None


async def _send(response: Response, more_headers: Mapping[str, str], send: Send) -> None:
    headers: Mapping[str, str] = {
        **response.headers,
        **more_headers,
        "content-length": str(len(response.body)),
    }
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": response.body})


async def _do_nothing() -> None:
    return None


def build_app(
    root_secret: str,
    engine: Engine,
    engine_status: EngineStatus,
    *,
    record_store: RecordStore | None = None,
    expiring_engine: ExpiringEngine | None = None,
    on_shutdown: ShutdownHandler = _do_nothing,
) -> App:
    """Return the application of a new lab.

    Args:
        root_secret: The secret access key of every account's root.
        engine: The DynamoDB engine that keeps tables and items.
        engine_status: What the control API says of the engine.
        record_store: Where the services store their records; by default in memory.
        expiring_engine: The engine, if the lab has to tell it when items expire.
        on_shutdown: Awaited after the last request.
    """
    record_store = record_store or InMemoryRecordStore()
    clock = LabClock(record_store)
    store, trail = IamStore(record_store), Trail(record_store=record_store)
    authorizer = PolicyAuthorizer(store, trail)
    iam = IamBackend(store, authorizer, clock)
    kms = KmsService(authorizer, clock, record_store, store)
    expiry = Expiry(expiring_engine, clock)
    dynamodb = DynamoDbService(authorizer, kms, clock, engine, record_store=record_store, directory=store)
    services = {
        "iam": IamService(iam),
        "sts": StsService(iam),
        "kms": kms,
        "dynamodb": dynamodb,
    }
    aws_api = AwsApi(
        services=services,
        keys=Credentials(store, root_secret),
        clock=clock,
        record_store=record_store,
        trail=trail,
    )
    who_can = WhoCan(store, kms, dynamodb)
    control_api = ControlApi(
        aws_api=aws_api,
        trail=trail,
        clock=clock,
        record_store=record_store,
        who_can=who_can,
        engine=engine_status,
        expiry=expiry,
    )
    return App(aws_api, control_api, expiry, on_shutdown)
