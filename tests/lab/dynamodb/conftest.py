"""DynamoDB and KMS called directly, over each engine, with decisions that a test writes itself."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from dynaseal_lab.dynamodb.api import DynamoDbService
from dynaseal_lab.dynamodb.engine import Engine, EngineReply
from dynaseal_lab.dynamodb.in_process import InProcessEngine
from dynaseal_lab.dynamodb.local import EngineError, LocalEngine, local_engine
from dynaseal_lab.dynamodb.native import NativeEngine
from dynaseal_lab.kms.api import KmsService
from lab.engines import require_native_engine
from lab.services import DynamoDbCaller, KmsCaller, RuleAuthorizer, SettableClock


@pytest.fixture(scope="session")
def in_process() -> InProcessEngine:
    """The engine in this process, imported once."""
    return InProcessEngine.load()


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[LocalEngine]:
    """One DynamoDB Local for all tests, in which each test has its own accounts."""
    try:
        with local_engine(None, None) as engine:
            yield engine
    except EngineError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@dataclass(frozen=True)
class EngineWithNewAccounts:
    """An engine in which each account number stands for a random one, so that tests do not share tables."""

    engine: Engine
    numbers: dict[str, str] = field(default_factory=dict)

    async def request(self, account: str, region: str, target: str, body: bytes) -> EngineReply:
        number = self.numbers.setdefault(account, f"{secrets.randbelow(9 * 10**11) + 10**11}")
        request = body.replace(account.encode(), number.encode())
        reply = await self.engine.request(number, region, target, request)
        return EngineReply(reply.status, reply.body.replace(number.encode(), account.encode()))


@pytest.fixture(params=["native", "ministack", "dynamodb-local"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn: what holds for the lab's DynamoDB holds over all of them."""
    if request.param == "native":
        require_native_engine()
        return NativeEngine.load()
    if request.param == "ministack":
        return InProcessEngine(request.getfixturevalue("in_process").app)
    return EngineWithNewAccounts(request.getfixturevalue("dynamodb_local"))


@pytest.fixture
def dynamodb(engine: Engine) -> DynamoDbCaller:
    """DynamoDB without any table; everything is allowed until the test replaces the rule."""
    authorizer, clock = RuleAuthorizer(), SettableClock()
    kms = KmsService(authorizer, clock)
    service = DynamoDbService(authorizer, kms, clock, engine)
    return DynamoDbCaller(service, KmsCaller(kms, authorizer, clock), authorizer)


@pytest.fixture
def engine_with_backups(engine: Engine) -> None:
    """Skip the test over an engine that has no backups."""
    if not isinstance(engine, InProcessEngine | NativeEngine):
        pytest.skip("DynamoDB Local has no backups")


@pytest.fixture
def ministack_only(engine: Engine) -> None:
    """Skip the test over an engine whose accounts are its own."""
    if not isinstance(engine, InProcessEngine):
        pytest.skip("only ministack's tables are global to the process")
