"""A lab that is killed under load, on the native engine; `make lab-crash` runs the long form."""

from pathlib import Path

import pytest

from lab.crash.journal import Journal, LostError
from lab.crash.run import crash_test
from lab.engines import require_native_engine


def test_a_killed_lab_loses_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    require_native_engine()
    outcome = crash_test(tmp_path / "state", kills=3, writers=1, seconds=1.5)
    assert outcome.kills == 3
    assert all(count > 3 for count in outcome.changes.values())
    assert len(outcome.changes) == 4


def test_what_was_acknowledged_must_be_there_and_what_is_in_doubt_may_be() -> None:
    journal = Journal({"a": "1", "b": "1"}, {"b": "2", "c": "1"})
    journal.check({"a": "1", "b": "2"})
    assert (journal.acknowledged, journal.doubtful) == ({"a": "1", "b": "2"}, {})
    for stored in ({"b": "2"}, {"a": "0", "b": "2"}, {"a": "1", "b": "2", "c": "1"}):
        with pytest.raises(LostError):
            journal.check(stored)


def test_a_change_is_in_doubt_until_it_was_acknowledged() -> None:
    journal = Journal({"a": "1"})
    with pytest.raises(ConnectionError), journal.change({"a": None}):
        raise ConnectionError
    assert journal.doubtful == {"a": None}
    journal.check({})
    with journal.change({"b": "1"}):
        assert journal.doubtful == {"b": "1"}
    assert (journal.acknowledged, journal.doubtful, journal.changes) == ({"b": "1"}, {}, 1)
