"""Limits of capacity, with a clock that only moves when something sleeps."""

from __future__ import annotations

import io
import json
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from dynaseal.migrate.limits import UnitLimit
from dynaseal.migrate.table_access import TableAccess


class Body(io.BytesIO):
    """A response's body as botocore's HTTP session gives it."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def spent(limit: UnitLimit, requests: int, units: float) -> None:
    for _ in range(requests):
        limit.wait()
        limit.spend(units)


@pytest.mark.parametrize("units", [0.5, 1, 7, 400])
def test_the_average_is_the_limit(time: Time, units: float) -> None:
    limit = UnitLimit(50, time.clock, time.sleep)
    spent(limit, 100, units)
    limit.wait()
    assert time.now - 100 == pytest.approx(100 * units / 50, rel=0.02, abs=0.1)
    assert limit.consumed == 100 * units


def test_a_pause_saves_up_one_second_at_most(time: Time) -> None:
    limit = UnitLimit(50, time.clock, time.sleep)
    time.sleep(1000)
    spent(limit, 100, 1)
    limit.wait()
    assert time.now - 1100 == pytest.approx(1, abs=0.1)


def test_without_a_limit_nothing_waits(time: Time) -> None:
    limit = UnitLimit(None, time.clock, time.sleep)
    spent(limit, 1000, 100)
    assert time.now == 100
    assert limit.rate is None


def test_throttling_halves_the_rate_and_it_grows_again(time: Time) -> None:
    limit = UnitLimit(80, time.clock, time.sleep)
    limit.slow_down()
    limit.slow_down()
    assert limit.rate == 40
    time.sleep(2)
    limit.slow_down()
    assert limit.rate == 20
    for _ in range(200):
        time.sleep(1)
        limit.spend(1)
    assert limit.rate == 80


def test_without_a_limit_throttling_sets_one_from_what_was_consumed(time: Time) -> None:
    limit = UnitLimit(None, time.clock, time.sleep)
    for _ in range(10):
        limit.spend(60)
        time.sleep(1)
    limit.slow_down()
    assert limit.rate == 30


def test_a_throttled_request_is_repeated_more_slowly(time: Time) -> None:
    client: Any = boto3.client(
        "dynamodb",
        region_name="us-west-2",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )
    replies: list[dict[str, Any]] = [{"__type": "x#ThrottlingException"}] * 12
    replies.append({"Item": {"pk": {"S": "a"}}})

    def answer(request: Any, **_: Any) -> AWSResponse:
        body = replies.pop(0)
        raw: Any = Body(json.dumps(body).encode())
        headers: Any = {}
        return AWSResponse(request.url, 400 if "__type" in body else 200, headers, raw)

    client.meta.events.register("before-send.dynamodb", answer)
    limits = [UnitLimit(100, time.clock, time.sleep) for _ in range(2)]
    table = TableAccess(client, "people", reads=limits[0], writes=limits[1], sleep=time.sleep)

    assert table.get({"pk": {"S": "a"}}) == {"pk": {"S": "a"}}

    assert limits[0].rate is not None
    assert limits[0].rate < 100
    assert limits[1].rate == 100
