"""The lab as one ASGI application, and how its parts are wired.

Besides AWS's API there are two paths of its own: `GET /_lab/health`, the one that needs no signature, and
`GET /_lab/trail`, signed by an account's root for any service's name.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, cast

from dynaseal_lab.clock import LabClock
from dynaseal_lab.dynamodb.api import DynamoDbService
from dynaseal_lab.dynamodb.engine import InProcessEngine
from dynaseal_lab.frontdoor import FrontDoor
from dynaseal_lab.iam.api import IamService
from dynaseal_lab.iam.authorizer import PolicyAuthorizer
from dynaseal_lab.iam.credentials import Credentials
from dynaseal_lab.iam.desk import Desk
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.iam.sts import StsService
from dynaseal_lab.kms.api import KmsService
from dynaseal_lab.model import Fault, Service
from dynaseal_lab.trail import Trail
from dynaseal_lab.wire.cors import cors_headers, is_preflight, preflight
from dynaseal_lab.wire.http import MAX_BODY, Request, Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class App:
    """An ASGI application over the front door."""

    def __init__(self, door: FrontDoor, trail: Trail) -> None:
        self._door = door
        self._trail = trail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"The lab speaks HTTP, not {scope['type']}")
        body = await _body(receive)
        request = _request(scope, body or b"")
        response = _TOO_LARGE if body is None else await self._answer(request)
        await _send(response, cors_headers(request), send)

    async def _answer(self, request: Request) -> Response:
        if is_preflight(request):
            return preflight(request)
        if not request.path.startswith("/_lab/"):
            return await self._door.answer(request)
        if request.method == "GET" and request.path == "/_lab/health":
            return json_response({"status": "ok"})
        if request.method == "GET" and request.path == "/_lab/trail":
            return self._show_trail(request)
        return json_response({"message": "The lab has no such path"}, 404)

    def _show_trail(self, request: Request) -> Response:
        """What was decided in the caller's account; for its root alone."""
        try:
            principal = self._door.signed(request).principal
        except Fault as fault:
            return json_response({"__type": fault.code, "message": fault.message}, fault.status)
        if principal.kind != "root":
            return json_response({"message": "Only an account's root may read its trail"}, 403)
        return json_response({"events": [event.as_json() for event in self._trail.events(principal.account)]})


def json_response(content: object, status: int = 200) -> Response:
    """A response of the lab's own, which is no AWS API."""
    return Response(status, json.dumps(content).encode(), {"content-type": "application/json"})


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
    """The whole body, or None where it is larger than any service accepts (the rest is read and dropped)."""
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


async def _send(response: Response, extra: Mapping[str, str], send: Send) -> None:
    headers: Mapping[str, str] = {**response.headers, **extra, "content-length": str(len(response.body))}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": response.body})


def build(root_secret: str, clock: LabClock | None = None) -> App:
    """A lab, empty.

    Args:
        root_secret: The secret access key of every account's root.
        clock: The lab's time; the wall clock, where it is left out.
    """
    clock = clock or LabClock()
    store, trail = IamStore(), Trail()
    authorizer = PolicyAuthorizer(store, trail)
    desk = Desk(store, authorizer, clock)
    kms = KmsService(authorizer, clock)
    services: Mapping[str, Service] = {
        "iam": IamService(desk),
        "sts": StsService(desk),
        "kms": kms,
        "dynamodb": DynamoDbService(authorizer, kms, clock, InProcessEngine.load()),
    }
    return App(FrontDoor(services, Credentials(store, root_secret), clock), trail)
