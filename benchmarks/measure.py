"""Timing of several calls side by side, so that a busy machine slows all of them alike."""

from collections.abc import Callable, Mapping
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import NamedTuple


class Figure(NamedTuple):
    """The median of several rounds, and the quarter and three quarters of them that are below the others."""

    median: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """Half the distance between the quartiles, as a part of the median."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0


def figure(values: list[float]) -> Figure:
    """Return the figure of the values of all rounds."""
    if len(values) == 1:
        return Figure(values[0], values[0], values[0])
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Figure(median(values), low, high)


def timed(call: Callable[[], object], repeat: int, clock: Callable[[], float] = process_time) -> float:
    """Return the microseconds of processor time that one call takes, made that many times."""
    start = clock()
    for _ in range(repeat):
        call()
    return (clock() - start) / repeat * 1e6


def in_turn(calls: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Figure]:
    """Make every call once in each round, and return the figures of what they return, by name.

    One round before the others warms up and is not counted.
    """
    seen: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(1 + rounds):
        for name, call in calls.items():
            seen[name].append(call())
    return {name: figure(values[1:]) for name, values in seen.items()}


def microseconds(
    calls: Mapping[str, Callable[[], object]],
    *,
    rounds: int,
    repeat: int,
    clock: Callable[[], float] = perf_counter,
) -> dict[str, Figure]:
    """Time calls in turn, and return the microseconds per call.

    Args:
        calls: What to time, by name.
        rounds: How many rounds; in each every call is timed once.
        repeat: How often a call is made in one round.
        clock: What to time with, in seconds.
    """

    def timing(call: Callable[[], object]) -> Callable[[], float]:
        return lambda: timed(call, repeat, clock)

    return in_turn({name: timing(call) for name, call in calls.items()}, rounds)
