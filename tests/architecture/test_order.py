"""The order of the tests in several processes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.longest_first import LONGEST, TESTS, longest_first


@dataclass(frozen=True)
class CollectedTest:
    """A collected test, of which only the path counts."""

    path: Path
    number: int


def module_of(name: str, count: int) -> list[Any]:
    return [CollectedTest(TESTS / name, number) for number in range(count)]


def parts(items: list[Any], workers: int) -> list[list[Any]]:
    """Divide the tests as pytest-xdist does."""
    divided: list[list[Any]] = []
    for left in range(workers, 0, -1):
        size = len(items) // left
        divided.append(items[:size])
        items = items[size:]
    return divided


@pytest.mark.parametrize("workers", [2, 3, 4])
def test_each_worker_begins_with_one_of_the_longest_modules(workers: int) -> None:
    quick = module_of("core/test_numbers.py", 50)
    long = [test for name in LONGEST for test in module_of(name, 3)]
    found = longest_first([*quick, *long], workers)
    first = [part[0].path for part in parts(found, workers)]
    assert first == [TESTS / name for name in LONGEST[:workers]]


@pytest.mark.parametrize("workers", [2, 3, 5, 40])
def test_every_test_is_run_once_and_a_module_stays_together(workers: int) -> None:
    items = [test for name in (*LONGEST, "core/test_numbers.py") for test in module_of(name, 7)]
    found: list[Any] = list(longest_first(items, workers))
    assert sorted(map(repr, found)) == sorted(map(repr, items))
    for name in LONGEST:
        at = found.index(CollectedTest(TESTS / name, 0))
        assert found[at : at + 7] == module_of(name, 7)


def test_each_of_the_longest_modules_exists() -> None:
    assert [name for name in LONGEST if not (TESTS / name).exists()] == []
