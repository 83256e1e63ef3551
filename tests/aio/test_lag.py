"""An event loop stays responsive while many items are encrypted, and KMS is waited for by all at once."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from aiobotocore.awsrequest import AioAWSResponse
from aiobotocore.session import get_session

from dynaseal import AwsKmsKeyring
from dynaseal.aio import EncryptedClient
from support.aio_stubs import KEY_ARN, AsyncKms
from support.on_loop import Raw
from support.people import people, person

PUTS = 200
KMS_SECONDS = 0.1
THREADS = 32
"""How many would wait at once in a pool of threads of the usual size."""


class Ticker:
    """Wakes up again and again, and notes how much later than it wanted to that was.

    Args:
        seconds: How long it sleeps; 0 to run in each iteration of the loop.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.lags: list[float] = []

    async def run(self) -> None:
        while True:
            due = time.perf_counter() + self._seconds
            await asyncio.sleep(self._seconds)
            self.lags.append(time.perf_counter() - due)

    @property
    def percentile_99(self) -> float:
        return sorted(self.lags)[int(0.99 * len(self.lags))]


async def puts_at_once(ticker: Ticker) -> tuple[AsyncKms, float]:
    """Put many items at once through a KMS keyring; return KMS and how many seconds it took."""
    kms = AsyncKms(KMS_SECONDS)
    credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    async with get_session().create_client("dynamodb", region_name="us-west-2", **credentials) as plain:

        def reply(request: Any, **_: Any) -> Any:
            headers: Any = {"content-type": "application/x-amz-json-1.0"}
            return AioAWSResponse(request.url, 200, headers, Raw(b"{}"))

        plain.meta.events.register("before-send.dynamodb", reply)
        client = EncryptedClient(
            plain, configs={"people": people(keyring=AwsKmsKeyring(KEY_ARN, client=kms))}
        )
        await client.put_item(TableName="people", Item=person())  # loads what a first call needs
        ticking = asyncio.create_task(ticker.run())
        start = time.perf_counter()
        await asyncio.gather(
            *(client.put_item(TableName="people", Item=person(str(number))) for number in range(PUTS))
        )
        seconds = time.perf_counter() - start
        ticking.cancel()
    return kms, seconds


def test_many_puts_wait_for_kms_at_once_and_other_tasks_run_between_any_two() -> None:
    ticker = Ticker(0)
    kms, _ = asyncio.run(puts_at_once(ticker))
    assert kms.calls == PUTS + 1
    assert kms.most_at_once > THREADS
    assert len(ticker.lags) > PUTS


if __name__ == "__main__":
    measured = Ticker(0.001)
    _, taken = asyncio.run(puts_at_once(measured))
    lag = 1000 * measured.percentile_99
    print(f"{PUTS / taken:.0f} puts per second; lag at the 99th percentile {lag:.1f} ms")  # noqa: T201
