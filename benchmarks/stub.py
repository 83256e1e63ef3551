"""boto3 with DynamoDB's replies made here: everything that a call costs but the network."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse


class _Reply(BytesIO):
    """The body of a reply, as urllib3 would return it."""

    def stream(self) -> Any:
        yield self.read()


def table(answer: Callable[[str], bytes]) -> Any:
    """Return a boto3 Table whose requests are answered by a function of the operation's name."""
    resource: Any = boto3.resource(
        "dynamodb", region_name="eu-west-1", aws_access_key_id="bench", aws_secret_access_key="bench"
    )
    found = resource.Table("bench")

    def send(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        headers: Any = {"Content-Type": "application/x-amz-json-1.0"}
        raw: Any = _Reply(answer(operation))
        return AWSResponse(request.url, 200, headers, raw)

    found.meta.client.meta.events.register("before-send.dynamodb", send)
    return found


def reply(**members: Any) -> bytes:
    """Return the body of a reply; binary values become base64."""
    return json.dumps(members, default=_base64).encode()


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def replies(items: Sequence[Mapping[str, Any]]) -> Callable[[str], bytes]:
    """Return a function that answers PutItem, GetItem, Query and Scan with stored items."""
    bodies = {
        "PutItem": reply(),
        "GetItem": reply(Item=items[0]),
        "Query": reply(Items=items, Count=len(items), ScannedCount=len(items)),
        "Scan": reply(Items=items, Count=len(items), ScannedCount=len(items)),
    }
    return bodies.__getitem__
