"""AWS's API: verify a request's signature, parse the call, pass it to its service, write the reply.

Rules:
- No request is answered without a valid signature.
- The signed scope and the target must name the same service.
- Errors have the shape of the protocol that the request uses: JSON or the Query protocol's XML.
- A service that the lab does not have is named in the error; its requests are not verified.
- Every call of a known caller is in the trail, even one that failed before the evaluator decided anything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dynaseal_lab.clock import machine_time
from dynaseal_lab.model import Call, Clock, Fault, RawReply, Reply, Service
from dynaseal_lab.record_store import RecordStore
from dynaseal_lab.trail import Trail
from dynaseal_lab.wire import json_rpc, query
from dynaseal_lab.wire.compression import decompressed
from dynaseal_lab.wire.faults import json_fault, not_a_call, query_fault
from dynaseal_lab.wire.http import MAX_BODY, Request, Response, VerifiedSignature
from dynaseal_lab.wire.models import QUERY_SERVICES
from dynaseal_lab.wire.sigv4 import SigningKeys, claimed_service, verify
from dynaseal_lab.wire.unsupported_services import unsupported
from dynaseal_lab.wire.validate import validate

_SIGNING_NAMES = {"dynamodbstreams": "dynamodb"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsApi:
    """Answers requests to AWS's API.

    Args:
        services: The services by botocore's names.
        keys: The access keys with which requests are signed.
        clock: The lab's time.
        record_store: Where the services store their records; settled before each reply is sent.
        trail: Records the calls that fail.
    """

    services: Mapping[str, Service]
    keys: SigningKeys = field(repr=False)
    clock: Clock
    record_store: RecordStore
    trail: Trail

    async def answer(self, request: Request, request_id: str) -> Response:
        """Return the response to a request, success or error."""
        refusal = unsupported(request, request_id)
        if refusal is not None:
            return refusal
        if request.method == "POST" and "x-amz-target" in request.headers:
            return await self._answer_json(request, request_id)
        if _is_form(request):
            return await self._answer_query(request, request_id)
        return not_a_call(request_id)

    def verify_signature(self, request: Request) -> VerifiedSignature:
        """Verify who signed a request, and note the use of the access key.

        Raises:
            Fault: The request is not signed, or its signature is not valid.
        """
        now = self.clock.now()
        signature = verify(request, self.keys, wall=machine_time(), now=now)
        self.keys.note_use(signature, now)
        return signature

    async def _answer_json(self, request: Request, request_id: str) -> Response:
        service = None
        try:
            service, operation = json_rpc.target(request)
            signature = self.verify_signature(request)
            _check_scope(signature, service)
            call = self._call(signature, service, operation, request, request_id)
            reply = await self._handle(call, lambda: _read_json(call, request))
            return json_rpc.write(service, reply, request_id)
        except Fault as fault:
            return json_fault(fault, request_id, json_rpc.json_version(service))

    async def _answer_query(self, request: Request, request_id: str) -> Response:
        claimed = claimed_service(request)
        service = claimed if claimed in QUERY_SERVICES else "iam"
        try:
            signature = self.verify_signature(request)
            _check_scope(signature, service)
            fields = query.form(request)
            operation = query.operation_of(service, fields)
            call = self._call(signature, service, operation, request, request_id)
            reply = await self._handle(call, lambda: _read_form(call, fields))
        except Fault as fault:
            return query_fault(fault, request_id, query.namespace(service))
        return query.write(service, operation, _dictionary(reply), request_id)

    def _call(
        self, signature: VerifiedSignature, service: str, operation: str, request: Request, request_id: str
    ) -> Call:
        return Call(
            principal=signature.principal,
            access_key_id=signature.access_key_id,
            service=service,
            operation=operation,
            region=signature.region,
            params={},
            request_id=request_id,
            time=self.clock.now(),
            source_ip=request.source_ip,
            user_agent=request.headers.get("user-agent", ""),
        )

    async def _handle(self, call: Call, read: Callable[[], Call]) -> Reply | RawReply:
        try:
            call = read()
            return await self._reply(call)
        except Fault as fault:
            self.trail.add_failure(call, fault)
            raise

    async def _reply(self, call: Call) -> Reply | RawReply:
        service = self.services.get(_SIGNING_NAMES.get(call.service, call.service))
        if service is None:
            raise Fault("UnknownOperationException", f"This lab has no {call.service}")
        try:
            return await service.handle(call)
        finally:
            # Also where the call was refused: the refusal may depend on a change that is not safe yet.
            await self.record_store.settled()


def _read_json(call: Call, request: Request) -> Call:
    body = decompressed(request.body, request.headers.get("content-encoding", ""), MAX_BODY)
    return replace(call, params=json_rpc.read(call.service, call.operation, body), raw_body=body)


def _read_form(call: Call, fields: Mapping[str, str]) -> Call:
    params = query.read(call.service, call.operation, fields)
    validate(call.service, call.operation, params, "ValidationError")
    return replace(call, params=params)


def _is_form(request: Request) -> bool:
    if request.method == "GET":
        return "Action=" in request.query
    content_type = request.headers.get("content-type", "")
    return request.method == "POST" and content_type.startswith("application/x-www-form-urlencoded")


def _check_scope(signature: VerifiedSignature, service: str) -> None:
    expected = _SIGNING_NAMES.get(service, service)
    if signature.service != expected:
        raise Fault(
            "InvalidSignatureException", f"Credential should be scoped to correct service: '{expected}'."
        )


def _dictionary(reply: Reply | RawReply) -> Mapping[str, Any]:
    if isinstance(reply, RawReply):
        raise TypeError("The query protocol has no raw reply")
    return reply
