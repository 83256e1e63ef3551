"""The pages' figures about speed are those of a run of the benchmarks, and the benchmarks run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout


def test_the_pages_figures_are_those_of_the_recorded_run() -> None:
    run("benchmarks.pages", "--check")


def test_a_quick_run_prints_figures_and_writes_them_as_json(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    only = [argument for name in ("items", "calls", "beacons") for argument in ("--only", name)]

    printed = run("benchmarks", "--quick", "--json", str(file), *only)

    rows = {row["what"]: row for row in json.loads(file.read_text())["rows"]}
    assert len(rows) == 12 + 6 + 2
    assert all(figure["median"] > 0 for row in rows.values() for figure in row["figures"].values())
    assert {"floor", "python", "older library"} <= rows["0x6701 100 KB decrypt"]["figures"].keys()
    assert all(what in printed for what in rows)
