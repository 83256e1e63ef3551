"""The interface of what keeps tables and items.

* An engine speaks DynamoDB's protocol and knows neither permissions nor storage keys: whoever reaches it may
  do everything.
* It keeps accounts and Regions apart. Names and ARNs are the lab's, in requests and in replies.
"""

import json
from dataclasses import dataclass
from typing import Any, Protocol

TARGET = "DynamoDB_20120810."
"""What comes before the operation in the header X-Amz-Target."""


@dataclass(frozen=True, slots=True)
class EngineReply:
    """An answer as DynamoDB gives it: 200 and a result, or 400 and up with `__type` and a message."""

    status: int
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The body's JSON object."""
        return json.loads(self.body or b"{}")


class Engine(Protocol):
    """A DynamoDB without permissions."""

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Answer one request.

        Args:
            account: the account that owns the tables, 12 digits.
            region: the Region, `us-west-2`.
            target: `DynamoDB_20120810.GetItem`, as X-Amz-Target has it.
            body: the request's JSON.
        """
        ...


def engine_headers(account: str, region: str, target: str) -> list[tuple[bytes, bytes]]:
    """Headers that tell an engine account and Region: both read them off the scope and verify nothing."""
    scope = f"{account}/20200101/{region}/dynamodb/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    return [
        (b"host", f"dynamodb.{region}.amazonaws.com".encode()),
        (b"content-type", b"application/x-amz-json-1.0"),
        (b"x-amz-target", target.encode()),
        (b"authorization", authorization.encode()),
    ]
