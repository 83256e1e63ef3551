"""A pytest plugin for the suites' processes: writes each test's outcome, and signs as an account of a lab.

It imports nothing of this project, because the suites run in an environment of their own.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

_outcomes: dict[str, str] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> Any:
    """Let Alternator's tests sign as the lab's root, not as a role that they would read from ScyllaDB."""
    if fixturedef.argname != "get_valid_alternator_role":
        return None

    def role(_url: str, role: str = "") -> tuple[str, str]:
        del role
        return os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]

    fixturedef.cached_result = (role, fixturedef.cache_key(request), None)
    return role


def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Count tests that are expected to fail elsewhere like all others."""
    for item in items:
        item.own_markers = [marker for marker in item.own_markers if marker.name != "xfail"]


def pytest_runtest_logreport(report: Any) -> None:
    """Note the outcome of a test; an error in its setup or teardown is a failure."""
    if report.outcome == "failed" or (report.when == "call" and report.nodeid not in _outcomes):
        _outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish() -> None:
    """Write all outcomes."""
    Path(os.environ["PARITY_OUTCOMES"]).write_text(json.dumps(_outcomes))
