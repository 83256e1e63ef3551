"""`make migrate-crash`: the long form of the crash test."""

import argparse

from migrate.crash.run import crash_test
from support.dynamodb import running_engine

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--items", type=int, default=5000)
parser.add_argument("--kills", type=int, default=25)
parser.add_argument("--writers", type=int, default=4)
parser.add_argument("--seed", type=int, default=None)
arguments = parser.parse_args()
with running_engine() as endpoint:
    result = crash_test(endpoint, **vars(arguments))
print(result.summary())  # noqa: T201
