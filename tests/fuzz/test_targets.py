"""Every target passes with its seeds and thousands of simple changes of them; atheris tries more."""

from __future__ import annotations

import importlib.util
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fuzz.__main__ import outcome_of
from fuzz.encoding import Cursor, encoded, parts_of
from fuzz.targets import TARGETS

CHANGES = 600


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_accepts_seeds_and_holds_on_changed_ones(name: str) -> None:
    target = TARGETS[name]
    seeds = list(dict.fromkeys(target.seeds()))
    chance = random.Random(name)

    accepted = sum(target.run(seed) for seed in seeds)
    assert accepted > len(seeds) // 4
    for _ in range(CHANGES):
        target.run(changed(chance.choice(seeds), chance))


def changed(data: bytes, chance: random.Random) -> bytes:
    """Return the input with bytes removed, inserted, repeated or overwritten at a few places."""
    whole = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        start = chance.randint(0, len(whole))
        end = min(len(whole), start + chance.choice((0, 1, 1, 2, 4, 40)))
        new = chance.choice((b"", chance.randbytes(end - start), bytes(whole[start:end]) * 2, b"\xff\xff"))
        whole[start:end] = new
    return bytes(whole)


def test_an_item_comes_back_from_the_input_that_it_is_written_as() -> None:
    item = {
        "pk": {"S": "é"},
        "n": {"N": "5"},
        "b": {"B": b"\x00"},
        "m": {"M": {"l": {"L": [{"NULL": True}]}}},
    }

    parts = parts_of(Cursor(encoded(item)))

    assert {name: part.value for name, part in parts.items()} == item


def test_a_broken_rule_is_reported_with_its_exception_and_its_input_however_long_the_log_is() -> None:
    log = "#1 NEW\n" * 500 + "Test unit written to .fuzz/x-1\nstat::number_of_executed_units: 501\n"

    outcome = outcome_of("sealed", subprocess.CompletedProcess([], 77, "AssertionError: a rule\n", log))

    assert outcome.output[0] == "AssertionError: a rule"
    assert len(outcome.output) < 50
    assert (outcome.inputs, outcome.input_file, outcome.code) == (501, ".fuzz/x-1", 77)


def test_the_fuzzer_runs() -> None:
    if importlib.util.find_spec("atheris") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI must have atheris")
        pytest.skip("atheris is not installed")
    here = Path(__file__).parents[1]

    ended = subprocess.run(
        [sys.executable, "-m", "fuzz", "--seconds", "1", "--jobs", "1", "projection"],
        env={**os.environ, "PYTHONPATH": str(here)},
        cwd=here.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert re.fullmatch(r"projection: [1-9]\d* inputs, none breaks a rule\n", ended.stdout)
