"""DynamoDB and KMS without HTTP and without policies: callers, and an evaluator that a test writes itself."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from dynaseal_lab.dynamodb.api import DynamoDbService
from dynaseal_lab.dynamodb.engine import InProcessEngine
from dynaseal_lab.kms.api import KmsService
from dynaseal_lab.model import Ask, Call, Decision, Principal, RawReply

OWNER, REGION = "111122223333", "us-west-2"
Rule = Callable[[Call, Ask], bool]


@dataclass
class Authorizer:
    """Allows what `rule` says, which a test may replace, and keeps what it was asked."""

    rule: Rule = lambda _call, _ask: True
    asked: list[tuple[Call, Ask]] = field(default_factory=list)

    def decide(self, call: Call, ask: Ask) -> Decision:
        self.asked.append((call, ask))
        return Decision(True, "allowed") if self.rule(call, ask) else Decision(False, "no-identity-policy")


@dataclass
class Clock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class RefusedError(Exception):
    """An error in DynamoDB's JSON, from the engine."""


def user(name: str, account: str = OWNER) -> Principal:
    arn = f"arn:aws:iam::{account}:user/{name}"
    return Principal("user", account, arn, arn, "AIDA" + name.upper(), name)


@dataclass
class Lab:
    """`lab("GetItem", TableName=...)` as alice, unless another caller is given; `lab.kms(...)` alike."""

    dynamodb: DynamoDbService
    kms_service: KmsService
    authorizer: Authorizer

    def __call__(self, operation: str, *, caller: Principal | None = None, **params: Any) -> Any:
        reply = asyncio.run(self.dynamodb.handle(self._call("dynamodb", operation, caller, params)))
        if not isinstance(reply, RawReply):
            return reply
        content = json.loads(reply.body or b"{}")
        if reply.status != 200:
            raise RefusedError(f"{content['__type'].rpartition('#')[2]}: {content.get('message')}")
        return content

    def kms(self, operation: str, *, caller: Principal | None = None, **params: Any) -> Mapping[str, Any]:
        return asyncio.run(self.kms_service.handle(self._call("kms", operation, caller, params)))

    def table(self, name: str = "items", **changes: Any) -> str:
        """Create a table with partition key `pk`; the answer is its ARN."""
        wanted = {
            "TableName": name,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        return self("CreateTable", **(wanted | changes))["TableDescription"]["TableArn"]

    def asked_of(self, operation: str, **params: Any) -> list[tuple[str, str]]:
        """The actions and resources that an operation asks for, whether or not it then succeeds."""
        self.authorizer.asked.clear()
        with suppress(RefusedError):
            self(operation, **params)
        return [(ask.action, ask.resource) for _, ask in self.authorizer.asked]

    def _call(self, service: str, operation: str, caller: Principal | None, params: Any) -> Call:
        return Call(
            principal=caller or user("alice"),
            access_key_id="AKIA",
            service=service,
            operation=operation,
            region=REGION,
            params=params,
            request_id="request-1",
            time=Clock().now(),
            raw_body=json.dumps(params, default=str).encode() if service == "dynamodb" else b"",
        )


@pytest.fixture(scope="session")
def loaded_app() -> Any:
    """The package's application, imported once."""
    return InProcessEngine.load().app


@pytest.fixture
def lab(loaded_app: Any) -> Lab:
    authorizer, clock = Authorizer(), Clock()
    kms = KmsService(authorizer, clock)
    return Lab(DynamoDbService(authorizer, kms, clock, InProcessEngine(loaded_app)), kms, authorizer)
