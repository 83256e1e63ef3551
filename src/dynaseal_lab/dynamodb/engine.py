"""The interface of what keeps tables and items.

* An engine speaks DynamoDB's protocol and knows neither permissions nor storage keys: whoever reaches it may
  do everything.
* It keeps accounts and Regions apart. Names and ARNs are the lab's, in requests and in replies.
"""

import json
from dataclasses import dataclass
from typing import Any, Protocol

from dynaseal_lab.dynamodb.table_names import Table
from dynaseal_lab.model import Reply

TARGET = "DynamoDB_20120810."
"""What comes before the operation in the header X-Amz-Target."""


@dataclass(frozen=True, slots=True)
class EngineReply:
    """A reply in DynamoDB's form: 200 and a result, or 400 and more with `__type` and a message."""

    status: int
    body: bytes

    @classmethod
    def success(cls, content: Reply) -> "EngineReply":
        """Return the reply to a successful request."""
        return cls(200, json.dumps(content).encode())

    @property
    def content(self) -> dict[str, Any]:
        """The body's JSON object."""
        return json.loads(self.body or b"{}")


class Engine(Protocol):
    """A DynamoDB that allows everything."""

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        """Answer one request.

        Args:
            account: The account that owns the tables, 12 digits.
            region: The Region, such as `us-west-2`.
            target: The target, such as `DynamoDB_20120810.GetItem`, as X-Amz-Target has it.
            body: The request's JSON.
        """
        ...


async def call_engine(engine: Engine, table: Table, operation: str, **params: Any) -> dict[str, Any] | None:
    """Call an operation on a table without any authorisation; None where the engine's reply is an error."""
    body = json.dumps(params).encode()
    reply = await engine.request(table.account, table.region, TARGET + operation, body)
    return reply.content if reply.status == 200 else None


def engine_headers(account: str, region: str, target: str) -> list[tuple[bytes, bytes]]:
    """Return headers with the account and Region for an engine; engines read the scope and verify nothing."""
    scope = f"{account}/20200101/{region}/dynamodb/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    return [
        (b"host", f"dynamodb.{region}.amazonaws.com".encode()),
        (b"content-type", b"application/x-amz-json-1.0"),
        (b"x-amz-target", target.encode()),
        (b"authorization", authorization.encode()),
    ]
