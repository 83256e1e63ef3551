"""A DynamoDB client whose requests are recorded and not sent, and whose replies a test provides."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse


class _Body(io.BytesIO):
    def stream(self, **_: Any) -> Any:
        yield self.read()


Reply = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]
"""A reply's body, or a function from the request's body to it."""


@dataclass
class StubbedDynamoDb:
    """Records what clients send; returns `replies` one after the other, and then empty ones."""

    sent_requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    replies: list[tuple[int, Reply]] = field(default_factory=list)

    def client(self) -> Any:
        client: Any = boto3.client("dynamodb", region_name="us-west-2", **_CREDENTIALS)
        client.meta.events.register("before-send.dynamodb", self.reply_to)
        client.stubbed_dynamodb = self  # for the twin on an event loop
        return client

    def resource(self) -> Any:
        resource = boto3.resource("dynamodb", region_name="us-west-2", **_CREDENTIALS)
        resource.meta.client.meta.events.register("before-send.dynamodb", self.reply_to)
        return resource

    def reply(self, body: Reply, status: int = 200) -> None:
        self.replies.append((status, body))

    def refuse(self, code: str, **members: Any) -> None:
        """Reply to a request with one of DynamoDB's errors."""
        self.reply({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", **members}, 400)

    def reply_to(self, request: Any, **_: Any) -> Any:
        """Record a request, and return the next reply; a handler of botocore's `before-send`."""
        operation = request.headers["X-Amz-Target"].decode().partition(".")[2]
        request_body = json.loads(request.body)
        self.sent_requests.append((operation, request_body))
        status, reply = self.replies.pop(0) if self.replies else (200, {})
        body = reply(request_body) if callable(reply) else reply
        headers: Any = {"content-type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, status, headers, _Body(json.dumps(body).encode()))


_CREDENTIALS: Any = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
