"""Searches by beacon: both libraries write the same beacons, and each finds what either wrote."""

from __future__ import annotations

from interop.environment import Environment
from interop.search_exchange import exchange_searches
from interop.searchable_tables import searchable_tables


def test_each_library_finds_what_either_wrote_by_equal_beacons(environment: Environment) -> None:
    results = [exchange_searches(table, seed=1, count=4) for table in searchable_tables(environment)]
    assert [failure for result in results for failure in result.failures] == []
    assert all(result.tried == result.by_java == result.by_dynaseal > 0 for result in results)
