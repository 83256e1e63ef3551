"""Compare the engines on random cases; exit 1 at the first difference, and print the item.

python -m native --cases 1000000 --seconds 3600      whichever ends first
python -m native --seed 7 --cases 1000               the same items again
"""

from __future__ import annotations

import argparse
import sys
import time
from random import SystemRandom

from dynaseal.native import engine_name, native_engine
from native.cases import Cases, DifferenceError

_REPORT_EVERY = 60.0


def main() -> int:
    """Compare, and print how many cases there were."""
    parser = argparse.ArgumentParser(prog="python -m native", description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000, help="how many cases at most")
    parser.add_argument("--seconds", type=float, default=3600, help="how long at most")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(2**32))
    arguments = parser.parse_args()
    if native_engine() is None:
        _say("The native engine is not installed, or refused: make native")
        return 1
    _say(f"Comparing Python with {engine_name()}, seed {arguments.seed}")
    started = time.monotonic()
    reported = started
    count = 0
    cases = Cases(arguments.seed)
    try:
        for compared in cases.run():
            count += compared
            now = time.monotonic()
            if count >= arguments.cases or now - started >= arguments.seconds:
                break
            if now - reported >= _REPORT_EVERY:
                reported = now
                _say(f"{count:,} cases in {now - started:,.0f} s")
    except DifferenceError as difference:
        _say(f"The engines differ after {count:,} cases.\n{difference}")
        return 1
    took = time.monotonic() - started
    _say(f"No difference in {count:,} cases in {took:,.0f} s; {cases.accepted:,} stored items were accepted")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
