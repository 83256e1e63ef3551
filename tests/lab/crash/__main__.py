"""`make lab-crash`: the long form of the crash test."""

import argparse
from pathlib import Path
from tempfile import TemporaryDirectory

from lab.crash.run import crash_test

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--kills", type=int, default=40)
parser.add_argument("--writers", type=int, default=3)
parser.add_argument("--seconds", type=float, default=4)
parser.add_argument("--seed", type=int, default=None)
arguments = parser.parse_args()
with TemporaryDirectory() as folder:
    outcome = crash_test(Path(folder) / "state", **vars(arguments))
print(outcome.summary())  # noqa: T201
