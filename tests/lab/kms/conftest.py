"""KMS without HTTP and without policies: callers, a clock, and an evaluator that a test writes itself."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dynaseal_lab.kms.api import KmsService
from dynaseal_lab.model import AccessRequest, Call, Decision, Principal

OWNER, STRANGER, REGION = "111122223333", "444455556666", "us-west-2"
Rule = Callable[[Call, AccessRequest], Decision]


def yes(_call: Call, _ask: AccessRequest) -> Decision:
    return Decision(True, "allowed")


@dataclass
class Authorizer:
    """Answers by `rule`, which a test may replace, and keeps what it was asked."""

    rule: Rule = yes
    asked: list[AccessRequest] = field(default_factory=list)

    def decide(self, call: Call, access_request: AccessRequest) -> Decision:
        self.asked.append(access_request)
        return self.rule(call, access_request)


@dataclass
class Clock:
    time: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def forward(self, **delta: float) -> None:
        self.time += timedelta(**delta)


def user(name: str, account: str = OWNER) -> Principal:
    arn = f"arn:aws:iam::{account}:user/{name}"
    return Principal("user", account, arn, arn, "AIDA" + name.upper(), name)


@dataclass
class KmsCaller:
    """`kms("Encrypt", KeyId=...)` as alice of the owner's account, unless another caller is given."""

    service: KmsService
    authorizer: Authorizer
    clock: Clock

    def __call__(
        self,
        operation: str,
        *,
        caller: Principal | None = None,
        region: str = REGION,
        via: str | None = None,
        **params: Any,
    ) -> Mapping[str, Any]:
        call = Call(
            principal=caller or user("alice"),
            access_key_id="AKIA",
            service="kms",
            operation=operation,
            region=region,
            params=params,
            request_id="r",
            time=self.clock.now(),
            via_service=via,
        )
        return asyncio.run(self.service.handle(call))

    def key(self, **params: Any) -> str:
        """The ARN of a fresh key."""
        return self("CreateKey", **params)["KeyMetadata"]["Arn"]


@pytest.fixture
def kms() -> KmsCaller:
    authorizer, clock = Authorizer(), Clock()
    return KmsCaller(KmsService(authorizer, clock), authorizer, clock)
