"""Run the suites whose checkouts are named, on each engine, and print what passed.

Exit code 1 if a test fails that is not among the known differences.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from dynaseal_lab.assembly import EngineName, LabOptions
from dynaseal_lab.dynamodb.local import EngineError
from dynaseal_lab.server import running
from parity.known import KnownDifference, known_differences
from parity.suites import SECRET, SUITES, Outcomes, Suite

ENGINES = [name for name in get_args(EngineName) if name != "in-process"]


def _print(*words: str) -> None:
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run everything that can be run."""
    known, new = known_differences(), False
    if not any(suite.checkout for suite in SUITES):
        _print("No suite to run. Name checkouts by:", *(suite.variable for suite in SUITES))
        return 2
    _print(f"{'suite':<14}{'engine':<16}{'passed':>8}{'of':>8}{'new differences':>18}")
    for suite, engine, outcomes in results():
        failed = [test for test, passed in outcomes.items() if not passed]
        unknown = [test for test in failed if not is_known(known, suite.name, engine, test)]
        passed = len(outcomes) - len(failed)
        _print(f"{suite.name:<14}{engine:<16}{passed:>8}{len(outcomes):>8}{len(unknown):>18}")
        for test in unknown:
            _print(f"  new: {test}")
        new = new or bool(unknown)
    return 1 if new else 0


def is_known(known: list[KnownDifference], suite: str, engine: str, test: str) -> bool:
    """Return whether a failure is a known difference."""
    return any(difference.covers(suite, engine, test) for difference in known)


def results() -> Iterator[tuple[Suite, EngineName, Outcomes]]:
    """Yield the outcomes of each suite on each engine that this machine has."""
    chosen = os.environ.get("ENGINES", "").split() or ENGINES
    for engine in ENGINES:
        for suite in SUITES:
            if suite.checkout is None or engine not in chosen:
                continue
            work = Path(".parity") / engine / suite.name
            work.mkdir(parents=True, exist_ok=True)
            (work / "outcomes.json").unlink(missing_ok=True)
            try:
                with running(options=LabOptions(SECRET, engine=engine)) as lab:
                    yield suite, engine, suite.run(suite.checkout, lab.endpoint, work.absolute())
            except EngineError as error:
                _print(f"{suite.name:<14}{engine:<16} not run: {error}")


if __name__ == "__main__":
    sys.exit(main())
