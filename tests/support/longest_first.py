"""The order of the tests in several processes: those that take long come first in each of them.

pytest-xdist gives each process a run of consecutive tests, and later moves tests from the ends of long runs
to idle processes. A test of a minute that comes last would be run while all other processes are idle. And a
module whose tests share a slow fixture stays in one process, which makes the fixture once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LONGEST = (
    "terraform/test_module_style.py",
    "terraform/test_apply.py",
    "terraform/test_configuration.py",
    "demo/test_experiments.py",
    "terraform/test_cross_account.py",
    "terraform/test_key_store.py",
    "demo/test_command.py",
    "docs/test_examples.py",
    "docs/test_benchmarks.py",
    "interop",
    "migrate/test_crash.py",
    "lab/crash/test_crash.py",
    "lab/load/test_load.py",
)
"""The modules and folders that take longest, in this order: they wait for other programs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests for the processes that pytest-xdist started; one process keeps pytest's order."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        items[:] = longest_first(items, workers)


def longest_first(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return the tests so that each worker begins with some of the longest modules and folders."""
    long: list[list[pytest.Item]] = [[] for _ in LONGEST]
    others: list[pytest.Item] = []
    for item in items:
        at = _position(item.path)
        (others if at is None else long[at]).append(item)
    ordered: list[pytest.Item] = []
    for worker in range(workers):
        first = [item for module in long[worker::workers] for item in module]
        # xdist gives a worker its part of what is left for it and the workers after it.
        size = (len(items) - len(ordered)) // (workers - worker)
        more = max(0, size - len(first))
        ordered += first + others[:more]
        others = others[more:]
    return ordered + others


def _position(path: Path) -> int | None:
    return next((at for at, name in enumerate(LONGEST) if path.is_relative_to(TESTS / name)), None)
