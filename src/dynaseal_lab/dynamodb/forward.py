"""Send a request that has been allowed to the engine, and judge the engine's failures.

The body goes on as it was signed, unless it may name tables by ARN or an operation has changed it.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dynaseal_lab.dynamodb.engine import TARGET, Engine, EngineReply
from dynaseal_lab.dynamodb.table_arns import NamedTables, with_table_names
from dynaseal_lab.model import Call, Fault
from dynaseal_lab.wire import json_rpc
from dynaseal_lab.wire.validate import validate

_STREAMS = frozenset({"DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"})


async def forward(
    engine: Engine, call: Call, account: str, params: Mapping[str, Any] | None = None
) -> EngineReply:
    """The engine's answer to a call.

    Args:
        engine: the engine.
        call: the call, allowed.
        account: who owns the tables.
        params: what to send in place of the call's own parameters.

    Raises:
        Fault: where the engine failed on it, which DynamoDB would not.
    """
    renamed = NamedTables({})
    body = call.raw_body
    if params is not None or not body or b"arn:" in body or b"\\u" in body:
        renamed = with_table_names(call.params if params is None else params)
        body = _encoded(renamed.params)
    prefix = "DynamoDBStreams_20120810." if call.operation in _STREAMS else TARGET
    reply = await engine.request(account, call.region, prefix + call.operation, body)
    if reply.status >= 500:
        raise _explained(call)
    if renamed.arns and reply.status == 200:
        return replace(reply, body=_encoded(renamed.restore(reply.content)))
    return reply


def _encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _explained(call: Call) -> Fault:
    """What was wrong with a request that the engine stumbled over: most often a value of the wrong type.

    DynamoDB has no failures of its own to show: what no rule of the model explains is called invalid too.
    """
    service = "dynamodbstreams" if call.operation in _STREAMS else "dynamodb"
    try:
        read = json_rpc.decoded(service, call.operation, call.params)
        validate(service, call.operation, read, "ValidationException")
    except Fault as fault:
        return fault
    return Fault(
        "ValidationException", "One or more parameter values were invalid: the request has no meaning"
    )
