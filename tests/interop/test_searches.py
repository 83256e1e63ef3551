"""Beacons: both sides write the same, and each finds what either wrote."""

from __future__ import annotations

from interop.scene import scenes
from interop.searches import search_both_ways
from interop.world import World


def test_each_side_finds_what_either_wrote_by_equal_beacons(world: World) -> None:
    tallies = [search_both_ways(scene, seed=1, count=4) for scene in scenes(world)]
    assert [failure for tally in tallies for failure in tally.failures] == []
    assert all(tally.tried == tally.by_java == tally.by_dynaseal > 0 for tally in tallies)
