"""A migration that is killed at random moments; `make migrate-crash` runs the long form."""

from __future__ import annotations

from migrate.crash.run import crash_test


def test_a_killed_migration_loses_nothing_and_marks_nothing_done_that_is_not(endpoint: str) -> None:
    result = crash_test(endpoint, items=300, kills=4, writers=2)
    assert result.kills == 4
    assert sum(result.writes.values()) > 20
