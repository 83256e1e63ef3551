"""Recommends a beacon's length: the longest at which values are still hidden among others.

Source: AWS Database Encryption SDK Developer Guide, "Choosing a beacon length": a longer beacon finds fewer
false positives and hides less.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dynaseal.beacons.length.plans import LengthPlan

DEFAULT_SHARED = 4.0
_MOST_ALONE = 0.05
_STANDS_OUT = 0.1


class Choice(NamedTuple):
    """A length, or None if no length hides the values, and the reason."""

    length: int | None
    reason: str


def recommend(lengths: Sequence[LengthPlan], values: int, most_frequent: float, shared: float) -> Choice:
    """Choose a length.

    Args:
        lengths: One plan per length, from 1 bit upwards.
        values: How many different values there are.
        most_frequent: The share of the items that have the most frequent value.
        shared: How many values must share a beacon on average, at least.
    """
    fitting = [plan for plan in lengths if plan.values_per_beacon >= shared and plan.alone <= _MOST_ALONE]
    if not fitting:
        return Choice(None, _no_beacon(lengths[0], values, shared))
    best = fitting[-1]
    reason = (
        f"{best.length} bits is the longest length at which at least {shared:g} values share a beacon on "
        f"average ({best.values_per_beacon:.1f} do) and at most {_MOST_ALONE:.0%} of them are alone "
        f"({best.alone:.1%} are). A search finds {best.false_positives:.1f} items with other values. An "
        f"observer who knows how frequent each value is guesses {best.guessed:.1%} of the items right, and "
        f"{most_frequent:.1%} without seeing a beacon"
    )
    if most_frequent >= _STANDS_OUT:
        reason += (
            f". The most frequent value is {most_frequent:.0%} of the items: its beacon stands out at every "
            "length, unless partitions spread it"
        )
    return Choice(best.length, reason)


def _no_beacon(shortest: LengthPlan, values: int, shared: float) -> str:
    return (
        f"There are only {values} different values: even a beacon of 1 bit is shared by "
        f"{shortest.values_per_beacon:.1f} of them on average, fewer than {shared:g}, and an observer who "
        f"knows how frequent each is guesses {shortest.guessed:.0%} of the items right. Use no beacon over "
        "it alone: filter the items that you have read, or combine it in a VirtualField with a value that "
        "varies more"
    )
