"""The lab's KMS and DynamoDB called directly: no HTTP, and a test writes the decisions itself."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dynaseal_lab.dynamodb.api import DynamoDbService
from dynaseal_lab.kms.api import KmsService
from dynaseal_lab.model import AccessRequest, Call, Decision, Fault, Principal, Reply

OWNER, STRANGER, REGION = "111122223333", "444455556666", "us-west-2"
Rule = Callable[[Call, AccessRequest], Decision]


def allow_all(_call: Call, _access_request: AccessRequest) -> Decision:
    return Decision(True, "allowed")


@dataclass
class RuleAuthorizer:
    """Decides by a rule, which a test may replace, and records what it decided."""

    rule: Rule = allow_all
    calls: list[Call] = field(default_factory=list)
    access_requests: list[AccessRequest] = field(default_factory=list)

    def decide(self, call: Call, access_request: AccessRequest) -> Decision:
        self.calls.append(call)
        self.access_requests.append(access_request)
        return self.rule(call, access_request)

    def allow_if(self, condition: Callable[[Call, AccessRequest], bool]) -> None:
        """From now on, allow what satisfies the condition; refuse the rest for want of an identity policy."""
        refusal = Decision(False, "no-identity-policy")
        self.rule = lambda call, request: Decision(True, "allowed") if condition(call, request) else refusal

    def forget(self) -> None:
        """Forget what was recorded."""
        self.calls.clear()
        self.access_requests.clear()


@dataclass
class SettableClock:
    """A clock that stands still until it is moved."""

    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def forward(self, **delta: float) -> None:
        self.time += timedelta(**delta)


class EngineRefusalError(Exception):
    """An error reply of the engine: its code and message."""


def raises_fault(code_and_message: str) -> AbstractContextManager[pytest.ExceptionInfo[Fault]]:
    """Expect a Fault whose code and message start with this pattern."""
    return pytest.raises(Fault, match=f"^{code_and_message}")


def user(name: str, account: str = OWNER) -> Principal:
    arn = f"arn:aws:iam::{account}:user/{name}"
    return Principal(
        kind="user", account=account, arn=arn, caller_arn=arn, user_id="AIDA" + name.upper(), name=name
    )


@dataclass
class KmsCaller:
    """`kms("Encrypt", KeyId=...)` as alice of the owner's account, or as another caller."""

    service: KmsService
    authorizer: RuleAuthorizer
    clock: SettableClock

    def __call__(
        self,
        operation: str,
        *,
        caller: Principal | None = None,
        region: str = REGION,
        via: str | None = None,
        **params: Any,
    ) -> Reply:
        call = Call(
            principal=caller or user("alice"),
            access_key_id="AKIA",
            service="kms",
            operation=operation,
            region=region,
            params=params,
            request_id="request-1",
            time=self.clock.now(),
            via_service=via,
        )
        return asyncio.run(self.service.handle(call))

    def key(self, **params: Any) -> str:
        """Create a key and return its ARN."""
        return self("CreateKey", **params)["KeyMetadata"]["Arn"]


@dataclass
class DynamoDbCaller:
    """`dynamodb("GetItem", TableName=...)` as alice of the owner's account, or as another caller."""

    service: DynamoDbService
    kms: KmsCaller
    authorizer: RuleAuthorizer

    def __call__(self, operation: str, *, caller: Principal | None = None, **params: Any) -> Any:
        call = Call(
            principal=caller or user("alice"),
            access_key_id="AKIA",
            service="dynamodb",
            operation=operation,
            region=REGION,
            params=params,
            request_id="request-1",
            time=self.kms.clock.now(),
            raw_body=json.dumps(params, default=str).encode(),
        )
        reply = asyncio.run(self.service.handle(call))
        content = json.loads(reply.body or b"{}")
        if reply.status != 200:
            raise EngineRefusalError(f"{content['__type'].rpartition('#')[2]}: {content.get('message')}")
        return content

    def table(self, name: str = "items", **params: Any) -> str:
        """Create a table with partition key `pk`, and return its ARN."""
        default_params = {
            "TableName": name,
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "BillingMode": "PAY_PER_REQUEST",
        }
        return self("CreateTable", **(default_params | params))["TableDescription"]["TableArn"]

    def permissions_for(self, operation: str, **params: Any) -> list[tuple[str, str]]:
        """Return the actions and resources that a call needs, whether or not it then succeeds."""
        self.authorizer.forget()
        with suppress(EngineRefusalError, Fault):
            self(operation, **params)
        return [(request.action, request.resource) for request in self.authorizer.access_requests]
