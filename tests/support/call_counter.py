"""How much work a call is, without a clock: the calls of functions, Python's and C's, that it makes."""

from __future__ import annotations

import sys
from collections.abc import Callable


def call_count(work: Callable[[], object]) -> int:
    """Count the calls that `work` makes."""
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
