"""The lab's control API: paths of its own, which no AWS service has.

* `GET /_lab/health`: the lab runs; the only request that needs no signature.
* `GET /_lab/trail`: the decisions in the caller's account; with `?after=N`, those after event N.
* `GET /_lab/clock`: the lab's time; `POST /_lab/clock` with `{"advance_seconds": N}` moves it forward.

All but the first must be signed by an account's root, with any service name in the scope.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast
from urllib.parse import parse_qsl

from dynaseal_lab.aws_api import AwsApi
from dynaseal_lab.clock import LabClock
from dynaseal_lab.model import Fault, Principal, Reply
from dynaseal_lab.record_store import RecordStore
from dynaseal_lab.trail import Trail
from dynaseal_lab.wire.http import Request, Response

Handler = Callable[[Principal, Request], Reply]


def json_response(content: object, status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(status, json.dumps(content).encode(), {"content-type": "application/json"})


@dataclass(frozen=True, slots=True)
class ControlApi:
    """Answers requests about the lab itself."""

    aws_api: AwsApi = field(repr=False)
    trail: Trail
    clock: LabClock
    record_store: RecordStore

    async def answer(self, request: Request) -> Response:
        """Return the response to a request under `/_lab/`."""
        route = (request.method, request.path.removeprefix("/_lab/"))
        if route == ("GET", "health"):
            return json_response({"status": "ok"})
        handlers: Mapping[tuple[str, str], Handler] = {
            ("GET", "trail"): self._show_trail,
            ("GET", "clock"): self._show_clock,
            ("POST", "clock"): self._advance_clock,
        }
        handler = handlers.get(route)
        if handler is None:
            return json_response({"message": "The lab has no such path"}, 404)
        try:
            reply = handler(self._root(request, _PURPOSES[route]), request)
            await self.record_store.settled()
        except Fault as fault:
            return json_response({"__type": fault.code, "message": fault.message}, fault.status)
        return json_response(reply)

    def _root(self, request: Request, purpose: str) -> Principal:
        principal = self.aws_api.verify_signature(request).principal
        if principal.kind != "root":
            raise Fault("AccessDenied", f"Only an account's root may {purpose}", status=403)
        return principal

    def _show_trail(self, principal: Principal, request: Request) -> Reply:
        after = dict(parse_qsl(request.query)).get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            raise Fault("ValidationError", "after must be the number of an event: ?after=N")
        return {"events": [event.as_json() for event in self.trail.events(principal.account, int(after))]}

    def _show_clock(self, _principal: Principal, _request: Request) -> Reply:
        return {
            "now": self.clock.now().isoformat(timespec="seconds"),
            "seconds_ahead": self.clock.ahead.total_seconds(),
        }

    def _advance_clock(self, principal: Principal, request: Request) -> Reply:
        try:
            self.clock.advance(timedelta(seconds=_seconds(request.body)))
        except (ValueError, OverflowError, RecursionError) as error:
            raise Fault("ValidationError", str(error)) from error
        return self._show_clock(principal, request)


_PURPOSES = {
    ("GET", "trail"): "read its trail",
    ("GET", "clock"): "read the lab's clock",
    ("POST", "clock"): "move the lab's clock",
}


def _seconds(body: bytes) -> float:
    content: object = json.loads(body)
    seconds = cast("dict[str, object]", content).get("advance_seconds") if isinstance(content, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError('The body must be {"advance_seconds": N}, with a number N')  # noqa: TRY004 - a wrong request, not a wrong call
    return seconds
