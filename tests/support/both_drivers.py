"""Runs the tests of a module twice: over boto3, and over aiobotocore on an event loop."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from support.on_loop import LoopThread, running_loop

DRIVERS = ("blocking", "loop")


@pytest.fixture(scope="session")
def loop_thread() -> Iterator[LoopThread]:
    """An event loop in a thread; botocore loads its definitions once for all its clients."""
    with running_loop() as loop:
        yield loop


@pytest.fixture(autouse=True)
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The driver that a test's `EncryptedClient` runs over; `blocking` unless the module has both."""
    name: str = getattr(request, "param", "blocking")
    if name == "loop":
        module: ModuleType = request.module
        loop: LoopThread = request.getfixturevalue("loop_thread")
        monkeypatch.setattr(module, "EncryptedClient", loop.encrypted_client)
    return name


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test of a module that has `OVER_BOTH_DRIVERS` over both."""
    if getattr(metafunc.module, "OVER_BOTH_DRIVERS", False) and "driver" in metafunc.fixturenames:
        metafunc.parametrize("driver", DRIVERS, indirect=True)
