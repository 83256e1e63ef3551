"""Which beacon length to take: the longest at which values still hide among others.

Source: AWS Database Encryption SDK Developer Guide, "Choosing a beacon length": a longer beacon finds fewer
false positives and hides less.
"""

from collections.abc import Sequence
from typing import NamedTuple

from dynaseal.beacons.length.estimates import LengthPlan

DEFAULT_SHARED = 4.0
_MOST_ALONE = 0.05
_STANDS_OUT = 0.1


class Choice(NamedTuple):
    """A length, or None where no beacon hides anything, and why."""

    length: int | None
    reason: str


def recommend(lengths: Sequence[LengthPlan], values: int, most_frequent: float, shared: float) -> Choice:
    """Choose a length.

    Args:
        lengths: What each comes to, from 1 bit upwards.
        values: How many different values there are.
        most_frequent: Which part of the items has the most frequent one.
        shared: How many values are to share a beacon on average, at least.
    """
    fitting = [one for one in lengths if one.values_per_beacon >= shared and one.alone <= _MOST_ALONE]
    if not fitting:
        return Choice(None, _no_beacon(lengths[0], values, shared))
    best = fitting[-1]
    reason = (
        f"{best.length} bits is the longest length at which at least {shared:g} values share a beacon on "
        f"average ({best.values_per_beacon:.1f} do) and at most {_MOST_ALONE:.0%} of them are alone "
        f"({best.alone:.1%} are). A query finds {best.false_positives:.1f} items too many, and an observer "
        f"who knows how frequent each value is guesses {best.guessed:.1%} of the items right, where "
        f"{most_frequent:.1%} are right without seeing a beacon"
    )
    if most_frequent >= _STANDS_OUT:
        reason += (
            f". The most frequent value is {most_frequent:.0%} of the items: its beacon stands out at every "
            "length, unless partitions divide it"
        )
    return Choice(best.length, reason)


def _no_beacon(shortest: LengthPlan, values: int, shared: float) -> str:
    return (
        f"There are only {values} different values: even a beacon of 1 bit is shared by "
        f"{shortest.values_per_beacon:.1f} of them on average, fewer than {shared:g}, and an observer who "
        f"knows how frequent each is guesses {shortest.guessed:.0%} of the items right. Take no beacon over "
        "it alone: filter what you have read, or put it into a VirtualField with something that varies more"
    )
