"""The native engine's errors in the words that AWS's recorded answers have.

During 2026 AWS has put a preamble before several errors of the single-item writes, and dropped details of
others. Recorded answers of different months disagree. Where they do, the lab answers as in the earlier ones,
so that a program that was written against either finds the message that it looks for.
"""

import json
import re

from dynaseal_lab.dynamodb.engine import EngineReply

_PREAMBLE = "1 validation error detected: "
WITHOUT_PREAMBLE_ON_PUT = (
    "One or more parameter values were invalid: ",
    "Can not use both expression and non-expression parameters",
    "ExpressionAttributeValues can only be specified when using expressions",
)
WITHOUT_PREAMBLE_ON_UPDATE = (
    "Invalid UpdateExpression: Syntax error",
    "Invalid UpdateExpression: An expression attribute value used in expression is not defined",
    "Invalid UpdateExpression: The expression can not be empty",
    "Value provided in ExpressionAttribute",
    "Can not use both expression and non-expression parameters",
)
WITHOUT_PREAMBLE_ON_SCAN = (
    "ALL_PROJECTED_ATTRIBUTES can be used only",
    "Must specify the ",
    "Cannot specify the ",
)
_EMPTY_SET = re.compile(
    r"ExpressionAttributeValues contains invalid value: "
    r"(One or more parameter values were invalid: An \w+ set  may not be empty) for key :\w+"
)
_SEGMENT = "The Segment parameter is zero-based and must be less than parameter TotalSegments"
_NO_ITEMS = "Value at 'RequestItems' failed to satisfy constraint: Member must have length greater than"
_QUOTED = re.compile(r"(?<=Input collection \[).*(?=\] contains duplicates)")
_NO_EXPRESSION = "ExpressionAttributeValues can only be specified when using expressions"


def recorded_wording(
    operation: str, request: bytes, reply: EngineReply, without_preamble: tuple[str, ...]
) -> EngineReply:
    """Return an error reply with the message as it was recorded on AWS.

    Args:
        operation: The operation's name.
        request: The request's body.
        reply: The engine's reply.
        without_preamble: How the operation's messages begin that have no preamble.
    """
    content = reply.content
    member = "message" if "message" in content else "Message"
    message = str(content.get(member, ""))
    worded = _worded(operation, request, message, without_preamble)
    if worded == message:
        return reply
    return EngineReply(reply.status, json.dumps({**content, member: worded}).encode())


def _worded(operation: str, request: bytes, message: str, without_preamble: tuple[str, ...]) -> str:
    rest = message.removeprefix(_PREAMBLE)
    if rest != message and rest.startswith(without_preamble):
        if rest == _NO_EXPRESSION:
            return f"{_NO_EXPRESSION}: ConditionExpression is null"
        return _QUOTED.sub(lambda values: values[0].replace('"', ""), rest)
    if message == _SEGMENT:
        params = json.loads(request)
        segment, total = params.get("Segment"), params.get("TotalSegments")
        return f"{_SEGMENT}: Segment: {segment} is not less than TotalSegments: {total}"
    if rest.startswith(_NO_ITEMS):
        return f"The requestItems parameter is required for {operation}"
    return _EMPTY_SET.sub(r"\1", message)
