"""Fuzz every target for its share of the time, several in parallel; exit 1 and keep the input if one fails.

python -m fuzz --seconds 60             all targets
python -m fuzz --seconds 3600 item      one of them
python -m fuzz --replay FILE item       run a kept input again, without atheris
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from fuzz.targets import TARGETS

FINDINGS = Path(".fuzz")
SLOWEST_SECONDS = 10
"""The time limit for one input of at most LONGEST bytes; work that grows faster than its input exceeds it."""

LONGEST = 32_768
LOG_LINES = 20
_EXECUTED = re.compile(r"stat::number_of_executed_units:\s+(\d+)")
_INPUT_FILE = re.compile(r"Test unit written to (\S+)")


class Outcome(NamedTuple):
    """How the fuzzing of one target ended."""

    name: str
    inputs: int
    input_file: str | None
    output: list[str]
    code: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse arguments, fuzz, report."""
    parser = argparse.ArgumentParser(
        prog="python -m fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"all, or some of: {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together (default: 60)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many run side by side")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run this one input and stop")
    options = parser.parse_args(arguments)
    names = options.targets or list(TARGETS)
    if unknown := sorted(set(names) - TARGETS.keys()):
        parser.error(f"no such target: {', '.join(unknown)}")
    if options.replay is not None:
        for name in names:
            accepted = TARGETS[name].run(options.replay.read_bytes())
            _say(f"{name}: {'accepted' if accepted else 'refused'}")
        return 0
    if importlib.util.find_spec("atheris") is None:
        parser.error("atheris is not installed: pip install atheris")
    seconds = max(1, options.seconds * options.jobs // len(names))
    broken = False
    with ThreadPoolExecutor(options.jobs) as pool:
        for outcome in pool.map(lambda name: _fuzz(name, seconds), names):
            _report(outcome)
            broken |= outcome.code != 0
    return int(broken)


def _fuzz(name: str, seconds: int) -> Outcome:
    FINDINGS.mkdir(exist_ok=True)
    (FINDINGS / ".gitignore").write_text("*\n")
    with tempfile.TemporaryDirectory() as corpus:
        for seed in TARGETS[name].seeds():
            (Path(corpus) / sha256(seed).hexdigest()[:16]).write_bytes(seed)
        command = [
            *(sys.executable, "-m", "fuzz.worker", name, corpus),
            f"-max_total_time={seconds}",
            f"-timeout={SLOWEST_SECONDS}",
            f"-max_len={LONGEST}",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            f"-artifact_prefix={FINDINGS}/{name}-",
        ]
        ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return outcome_of(name, ended)


def outcome_of(name: str, ended: subprocess.CompletedProcess[str]) -> Outcome:
    """Read what a worker printed: atheris writes exceptions to stdout, libFuzzer its long log to stderr."""
    executed, input_file = _EXECUTED.search(ended.stderr), _INPUT_FILE.search(ended.stderr)
    return Outcome(
        name,
        int(executed[1]) if executed else 0,
        input_file[1] if input_file else None,
        [*ended.stdout.splitlines(), *ended.stderr.splitlines()[-LOG_LINES:]],
        ended.returncode,
    )


def _report(outcome: Outcome) -> None:
    if not outcome.code:
        _say(f"{outcome.name}: {outcome.inputs} inputs, none breaks a rule")
        return
    _say(f"{outcome.name}: BROKEN (exit {outcome.code})")
    if outcome.input_file is not None:
        _say(f"  again: python -m fuzz --replay {outcome.input_file} {outcome.name}")
    _say("\n".join(f"  {line}" for line in outcome.output))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
