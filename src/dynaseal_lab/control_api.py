"""The lab's control API: paths under `/_lab/`, which no AWS service has.

- `GET /_lab/health`: the lab runs, and which engine keeps tables and items; the only request that needs no
  signature.
- `GET /_lab/trail`: the decisions in the caller's account; with `?after=N`, those after event N.
- `GET /_lab/who-can?action=A&resource=R`: what the evaluator decides about A on R for every principal;
  further parameters `context=KEY=VALUE` are condition keys.
- `GET /_lab/scp`: the service control policies of the caller's account; `POST /_lab/scp` with
  `{"policies": {NAME: DOCUMENT}}` replaces them, and with `{"policies": null}` removes them.
- `GET /_lab/clock`: the lab's time; `POST /_lab/clock` with `{"advance_seconds": N}` moves it forward.

All but the first must be signed by an account's root, with any service name in the scope.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast
from urllib.parse import parse_qsl

from dynaseal_lab.aws_api import AwsApi
from dynaseal_lab.clock import LabClock
from dynaseal_lab.dynamodb.expiry import Expiry
from dynaseal_lab.iam.policy import PolicyError, PolicyKind, parse
from dynaseal_lab.model import Call, Fault, Reply
from dynaseal_lab.record_store import RecordStore
from dynaseal_lab.trail import Trail
from dynaseal_lab.who_can import WhoCan
from dynaseal_lab.wire.http import Request, Response, VerifiedSignature

Handler = Callable[[VerifiedSignature, Request], Reply | Awaitable[Reply]]


def json_response(content: object, status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(status, json.dumps(content).encode(), {"content-type": "application/json"})


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Which engine keeps tables and items, and what its users should know about it."""

    name: str
    note: str | None = None

    def as_json(self) -> Reply:
        """Return what `GET /_lab/health` says of the engine."""
        engine = {"engine": self.name}
        return engine if self.note is None else {**engine, "engine_note": self.note}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlApi:
    """Answers requests about the lab itself."""

    aws_api: AwsApi = field(repr=False)
    trail: Trail
    clock: LabClock
    record_store: RecordStore
    who_can: WhoCan
    engine: EngineStatus
    expiry: Expiry

    async def answer(self, request: Request) -> Response:
        """Return the response to a request under `/_lab/`."""
        route = (request.method, request.path.removeprefix("/_lab/"))
        if route == ("GET", "health"):
            return json_response({"status": "ok", **self.engine.as_json()})
        routes = self._routes()
        if route not in routes:
            return json_response({"message": "The lab has no such path"}, 404)
        handler, purpose = routes[route]
        try:
            answer = handler(self._root_signature(request, purpose), request)
            reply = answer if isinstance(answer, Mapping) else await answer
            await self.record_store.settled()
        except Fault as fault:
            return json_response({"__type": fault.code, "message": fault.message}, fault.status)
        return json_response(reply)

    def _routes(self) -> Mapping[tuple[str, str], tuple[Handler, str]]:
        """Return what answers each method and path, and what only an account's root may do by it."""
        return {
            ("GET", "trail"): (self._show_trail, "read its trail"),
            ("GET", "who-can"): (self._decide_for_everybody, "see what its principals may do"),
            ("GET", "scp"): (self._show_control_policies, "read its service control policies"),
            ("POST", "scp"): (self._set_control_policies, "set its service control policies"),
            ("GET", "clock"): (self._show_clock, "read the lab's clock"),
            ("POST", "clock"): (self._advance_clock, "move the lab's clock"),
        }

    def _root_signature(self, request: Request, purpose: str) -> VerifiedSignature:
        signature = self.aws_api.verify_signature(request)
        if signature.principal.kind != "root":
            raise Fault("AccessDenied", f"Only an account's root may {purpose}", status=403)
        return signature

    async def _decide_for_everybody(self, signature: VerifiedSignature, request: Request) -> Reply:
        parameters = parse_qsl(request.query)
        named = dict(parameters)
        for name in ("action", "resource"):
            if not named.get(name):
                raise Fault("ValidationError", f"The request needs the parameter {name}")
        action = named["action"]
        owner = Call(
            principal=signature.principal,
            access_key_id=signature.access_key_id,
            service=action.partition(":")[0],
            operation=action.partition(":")[2],
            region=signature.region,
            params={},
            request_id="",
            time=self.clock.now(),
            source_ip=request.source_ip,
        )
        condition_keys = _condition_keys(value for name, value in parameters if name == "context")
        resource, accesses = await self.who_can.decide(owner, action, named["resource"], condition_keys)
        principals = [access.as_json() for access in accesses]
        return {"action": action, "resource": resource, "principals": principals}

    def _show_control_policies(self, signature: VerifiedSignature, _request: Request) -> Reply:
        return {"policies": self.who_can.store.control_policies(signature.principal.account)}

    def _set_control_policies(self, signature: VerifiedSignature, request: Request) -> Reply:
        documents = _policy_documents(request.body)
        for name, document in (documents or {}).items():
            try:
                parse(document, PolicyKind.IDENTITY)
            except PolicyError as error:
                raise Fault("MalformedPolicyDocument", f"{name}: {error}") from error
        self.who_can.store.set_control_policies(signature.principal.account, documents)
        return self._show_control_policies(signature, request)

    def _show_trail(self, signature: VerifiedSignature, request: Request) -> Reply:
        after = dict(parse_qsl(request.query)).get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            raise Fault("ValidationError", "after must be the number of an event: ?after=N")
        return {
            "events": [
                event.as_json() for event in self.trail.events(signature.principal.account, int(after))
            ]
        }

    def _show_clock(self, _signature: VerifiedSignature, _request: Request) -> Reply:
        return {
            "now": self.clock.now().isoformat(timespec="seconds"),
            "seconds_ahead": self.clock.ahead.total_seconds(),
        }

    async def _advance_clock(self, signature: VerifiedSignature, request: Request) -> Reply:
        try:
            self.clock.advance(timedelta(seconds=_seconds(request.body)))
        except (ValueError, OverflowError, RecursionError) as error:
            raise Fault("ValidationError", str(error)) from error
        await self.expiry.expire()
        return self._show_clock(signature, request)


def _condition_keys(pairs: Iterable[str]) -> dict[str, list[str]]:
    """Return condition keys written `KEY=VALUE`; a key that is repeated has several values."""
    condition_keys: dict[str, list[str]] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not name or not separator:
            raise Fault("ValidationError", f"A condition key is written KEY=VALUE, not {pair}")
        condition_keys.setdefault(name, []).append(value)
    return condition_keys


def _policy_documents(body: bytes) -> Mapping[str, str] | None:
    """Return the documents by name in the body of a request that sets policies.

    Raises:
        Fault: The body has another form.
    """
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Fault("ValidationError", "The body is not JSON") from error
    policies = cast("dict[str, object]", content).get("policies", "") if isinstance(content, dict) else ""
    if policies is None:
        return None
    if isinstance(policies, dict):
        documents = cast("dict[str, object]", policies)
        if documents and all(isinstance(document, str) for document in documents.values()):
            return cast("dict[str, str]", documents)
    raise Fault("ValidationError", 'The body must be {"policies": {NAME: DOCUMENT}} or {"policies": null}')


def _seconds(body: bytes) -> float:
    content: object = json.loads(body)
    seconds = cast("dict[str, object]", content).get("advance_seconds") if isinstance(content, dict) else None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError('The body must be {"advance_seconds": N}, with a number N')  # noqa: TRY004 - a wrong request, not a wrong call
    return seconds
