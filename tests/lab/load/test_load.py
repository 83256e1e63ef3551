"""The short form of the load: many clients at once, each of which knows what every reply must be."""

from pathlib import Path

import pytest

from lab.load.run import load


@pytest.mark.parametrize("persistent", [False, True], ids=["in memory", "on a state folder"])
def test_clients_at_once_see_no_error_and_no_wrong_decision(tmp_path: Path, persistent: bool) -> None:
    arguments = ("--state", str(tmp_path / "state")) if persistent else ()
    outcome = load(clients=40, seconds=2, processes=2, arguments=arguments)
    assert outcome.examples == []
    assert (outcome.wrong, outcome.idle) == (0, 0)
    assert outcome.calls > 200
    assert max(outcome.memory) < 400
