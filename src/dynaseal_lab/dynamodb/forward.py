"""Send calls that have been allowed to the engine, and explain the engine's failures.

The body goes on as the client signed it, unless an operation has changed it or it may name tables by ARN: the
engine knows tables by name alone, so names take the ARNs' places, and the ARNs come back in the reply.
Numbers go on in their shortest form, so that no engine takes one key for two.
"""

import json
from dataclasses import dataclass, field
from typing import Any, cast

from dynaseal_lab.dynamodb.engine import Engine, EngineReply
from dynaseal_lab.dynamodb.numbers import with_shortest_numbers
from dynaseal_lab.dynamodb.operations import OPERATIONS
from dynaseal_lab.model import Call, Fault, Params, Reply
from dynaseal_lab.wire import json_rpc
from dynaseal_lab.wire.models import TARGETS
from dynaseal_lab.wire.validate import validate

_TARGET_PREFIXES = {service: prefix for prefix, service in TARGETS.items()}
_REPLY_BY_TABLE = ("ItemCollectionMetrics", "Responses", "UnprocessedItems", "UnprocessedKeys")


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Sends calls to one engine."""

    engine: Engine

    async def __call__(self, call: Call, account: str, params: Params | None = None) -> EngineReply:
        """Return the engine's reply to a call.

        Args:
            call: The call, which must have been allowed.
            account: Who owns the tables.
            params: What to send in place of the call's own parameters.

        Raises:
            Fault: the engine failed on the request, which DynamoDB would not.
        """
        operation = OPERATIONS[call.operation]
        names = _TableNames()
        body = call.raw_body
        if params is not None or not body or b"arn:" in body or b"\\u" in body:
            changed_params = operation.form.renamed(call.params if params is None else params, names.name_of)
            body = _encoded(changed_params)
        if operation.items is not None:
            body = with_shortest_numbers(body)
        target = f"{_TARGET_PREFIXES[operation.service]}.{call.operation}"
        reply = await self.engine.request(account, call.region, target, body)
        if reply.status >= 500 or _is_misread(reply):
            raise _explained(call, operation.service)
        if names.arns and reply.status == 200:
            return EngineReply(200, _encoded(names.restored(reply.content)))
        return reply


@dataclass(frozen=True, slots=True)
class _TableNames:
    """The tables that one request names by ARN."""

    arns: dict[str, str] = field(default_factory=dict[str, str])

    def name_of(self, table: Any) -> Any:
        """Return the name of the table, and remember the ARN that it stands for."""
        if not isinstance(table, str) or not table.startswith("arn:"):
            return table
        name = table.partition("/")[2].partition("/")[0]
        self.arns[name] = table
        return name

    def restored(self, reply: dict[str, Any]) -> Reply:
        """Return the engine's reply with the ARNs that the request used."""
        for member in _REPLY_BY_TABLE:
            if isinstance(tables := reply.get(member), dict):
                named = cast("dict[str, Any]", tables)
                reply[member] = {self.arns.get(name, name): content for name, content in named.items()}
        consumed: Any = reply.get("ConsumedCapacity") or []
        for table in cast("list[dict[str, Any]]", consumed if isinstance(consumed, list) else [consumed]):
            if "TableName" in table:
                table["TableName"] = self.arns.get(table["TableName"], table["TableName"])
        return reply


def _encoded(content: Params) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _is_misread(reply: EngineReply) -> bool:
    return reply.status == 400 and b"#SerializationException" in reply.body


def _explained(call: Call, service: str) -> Fault:
    """Return what was wrong with a request that the engine failed on: most often a value of the wrong type.

    DynamoDB would not have failed. A request in which the model's rules find nothing is called invalid, too.
    """
    try:
        typed = json_rpc.decoded(service, call.operation, call.params)
        validate(service, call.operation, typed, "ValidationException")
    except Fault as fault:
        return fault
    return Fault(
        "ValidationException", "One or more parameter values were invalid: the request cannot be processed"
    )
