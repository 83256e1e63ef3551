"""Measuring work without a clock: how many functions a call calls, and how often in another module."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType


def call_count(work: Callable[[], object]) -> int:
    """Return how many calls `work` makes."""
    count = 0

    def observe(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(observe)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def module_changes(package: str, work: Callable[[], object]) -> int:
    """Count how often, from one called function of a package to the next, the module is another one."""
    modules: list[str] = []

    def observe(frame: FrameType, event: str, _argument: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.partition(".")[0] == package and module not in modules[-1:]:
            modules.append(module)

    before = sys.getprofile()
    sys.setprofile(observe)
    try:
        work()
    finally:
        sys.setprofile(before)
    return len(modules) - 1
