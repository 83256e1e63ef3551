"""The memory of a scan whose 10,000 items a program keeps, in processes of their own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.encryptors import is_native_installed
from benchmarks.measure import in_turn
from benchmarks.rows import Column, Row
from dynaseal.native import VARIABLE

ITEMS, PAGE = 10_000, 100
_ROOT = Path(__file__).parents[1]


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure how much the peak of a process's memory grows, for 10,000 items of 344 B."""
    engines = {Column.FLOOR: "python", Column.PURE: "python"}
    if is_native_installed():
        engines[Column.NATIVE] = "native"
    calls: dict[str, Callable[[], float]] = {
        column: partial(_megabytes, encrypted=column is not Column.FLOOR, engine=engine)
        for column, engine in engines.items()
    }
    seen = in_turn(calls, rounds=1 if quick else 5)
    yield Row(
        section="memory",
        what=f"scan of {ITEMS:,} items, 344 B, all kept",
        unit="MB",
        floor="boto3 alone",
        figures={Column(column): figure for column, figure in seen.items()},
    )


def _megabytes(*, encrypted: bool, engine: str) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.memory", *(["encrypted"] if encrypted else [])],
        cwd=_ROOT,
        env={**os.environ, VARIABLE: engine},
        capture_output=True,
        check=True,
        text=True,
    )
    return float(done.stdout)


def _scan(*, encrypted: bool) -> None:
    """Scan in pages of 100 items, keep them all, and print how many megabytes the peak has grown."""
    from benchmarks import stub  # noqa: PLC0415 only this process needs boto3
    from benchmarks.samples import samples  # noqa: PLC0415
    from dynaseal import AlgorithmSuite, EncryptedTable  # noqa: PLC0415

    sample, suite = samples()[0], AlgorithmSuite.COMMIT_KEY_SYMSIG
    items = [{**sample.item, "sk": {"S": f"order#{number:04}"}} for number in range(PAGE)]
    if encrypted:
        encryptor = sample.encryptor(suite)
        items = [encryptor.encrypt_item(item) for item in items]
    table = stub.table(stub.replies(items))
    if encrypted:
        table = EncryptedTable(table, config=sample.config(suite))
    kept = table.scan()["Items"]
    before = _peak()
    kept = [item for _ in range(ITEMS // PAGE) for item in table.scan()["Items"]]
    if len(kept) != ITEMS:
        raise AssertionError(len(kept))
    print(_peak() - before)


def _peak() -> float:
    """Return the most memory that this process has had, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux's getrusage counts the parent process too
        _, _, peak = status.read_text().partition("VmHWM:")
        return int(peak.split()[0]) / 1024
    from resource import RUSAGE_SELF, getrusage  # noqa: PLC0415 Windows does not have it

    return getrusage(RUSAGE_SELF).ru_maxrss / 1024 / 1024


if __name__ == "__main__":
    _scan(encrypted="encrypted" in sys.argv)
