"""DynamoDB and KMS without HTTP and without policies: callers, and an evaluator that a test writes itself."""

import asyncio
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from dynaseal_lab.dynamodb.api import DynamoDbService
from dynaseal_lab.dynamodb.engine import Engine, EngineReply
from dynaseal_lab.dynamodb.in_process import InProcessEngine
from dynaseal_lab.dynamodb.local import EngineError, LocalEngine, local_engine
from dynaseal_lab.kms.api import KmsService
from dynaseal_lab.model import AccessRequest, Call, Decision, Principal, RawReply

OWNER, REGION = "111122223333", "us-west-2"
Rule = Callable[[Call, AccessRequest], bool]


@dataclass
class Authorizer:
    """Allows what `rule` says, which a test may replace, and keeps what it was asked."""

    rule: Rule = lambda _call, _ask: True
    asked: list[tuple[Call, AccessRequest]] = field(default_factory=list)

    def decide(self, call: Call, access_request: AccessRequest) -> Decision:
        self.asked.append((call, access_request))
        return (
            Decision(True, "allowed")
            if self.rule(call, access_request)
            else Decision(False, "no-identity-policy")
        )


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
        return [
            (access_request.action, access_request.resource) for _, access_request in self.authorizer.asked
        ]

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
def in_process() -> InProcessEngine:
    """The package's application, imported once."""
    return InProcessEngine.load()


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[LocalEngine]:
    """AWS's own program, one for all tests; they have accounts of their own in it."""
    try:
        with local_engine(None, None) as engine:
            yield engine
    except EngineError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@dataclass(frozen=True)
class OwnAccounts:
    """An engine as one test sees it: its account numbers stand for others that no other test has."""

    engine: Engine
    numbers: dict[str, str] = field(default_factory=dict)

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        hidden = self.numbers.setdefault(account, f"{secrets.randbelow(9 * 10**11) + 10**11}")
        ours, theirs = account.encode(), hidden.encode()
        reply = await self.engine.request(hidden, region, target, body.replace(ours, theirs))
        return EngineReply(reply.status, reply.body.replace(theirs, ours))


@pytest.fixture(params=["in-process", "dynamodb-local"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn: what is said of the lab's DynamoDB holds over both."""
    if request.param == "in-process":
        return InProcessEngine(request.getfixturevalue("in_process").app)
    return OwnAccounts(request.getfixturevalue("dynamodb_local"))


@pytest.fixture
def lab(engine: Engine) -> Lab:
    authorizer, clock = Authorizer(), Clock()
    kms = KmsService(authorizer, clock)
    return Lab(DynamoDbService(authorizer, kms, clock, engine), kms, authorizer)


@pytest.fixture
def in_process_only(engine: Engine) -> None:
    """Skip over an engine that has no backups."""
    if not isinstance(engine, InProcessEngine):
        pytest.skip("DynamoDB Local has no backups")
