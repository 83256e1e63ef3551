"""Timing of several calls side by side, so that a busy machine slows all of them alike."""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter


def microseconds(
    calls: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    repeat: int,
    clock: Callable[[], float] = perf_counter,
) -> dict[str, float]:
    """Time calls in turn, and return each one's median, in microseconds per call.

    Args:
        calls: What to time, by name.
        rounds: How many rounds; in each every call is timed once.
        repeat: How often a call is made in one round.
        clock: What to time with, in seconds; `time.thread_time` leaves out what other programs use.
    """
    seen: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            start = clock()
            for _ in range(repeat):
                call()
            seen[name].append((clock() - start) / repeat * 1e6)
    return {name: median(times) for name, times in seen.items()}
