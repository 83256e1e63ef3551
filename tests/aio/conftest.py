"""What the tests of the asyncio twin share: a DynamoDB engine, a KMS, and the event loops."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any

import pytest

from support.engine_fixtures import endpoint
from support.lab_arguments import arguments_of_environment, client_arguments

__all__ = ["endpoint"]

LOOPS = ["asyncio"] if sys.platform == "win32" else ["asyncio", "uvloop"]


@pytest.fixture
def aws(request: pytest.FixtureRequest) -> dict[str, str]:
    """Arguments of clients that sign as the root of a lab's account."""
    arguments = arguments_of_environment()
    return arguments or client_arguments(request.getfixturevalue("lab").root.settings)


@pytest.fixture(params=LOOPS)
def both_loops(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `asyncio.run` use asyncio's own loop, then uvloop's."""
    if request.param == "uvloop":
        import uvloop  # noqa: PLC0415 it is not installed on Windows

        def run(main: Coroutine[Any, Any, Any]) -> Any:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                return runner.run(main)

        monkeypatch.setattr(asyncio, "run", run)
