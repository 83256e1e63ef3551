"""What a cold process pays: imports, and the first encrypted put, in processes of their own.

The figures are the processor time of the whole process, the interpreter's start included. Endpoints are
stubs, so no time is spent on a network.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from benchmarks.encryptors import is_native_installed
from benchmarks.measure import in_turn
from benchmarks.rows import Column, Row
from dynaseal.native import VARIABLE

_ROOT = Path(__file__).parents[1]
_PUT = """
from benchmarks import stub
table = stub.table(stub.replies([{}]))
"""
_ENCRYPTED = """
from dynaseal import AttributeActions, EncryptedTable, RawAesKeyring, TableConfig
keyring = RawAesKeyring("bench", "one", bytes(32))
config = TableConfig("bench", "pk", attribute_actions=AttributeActions(), keyring=keyring)
table = EncryptedTable(table, config=config)
"""
_CALL = 'table.put_item(Item={"pk": "ann", "salary": 1000})'
_CLOCK = "\nimport time\nprint(time.process_time())"


def rows(*, quick: bool) -> Iterator[Row]:
    """Measure the import and the first put, beside boto3 alone."""
    rounds = 2 if quick else 15
    engines = {Column.PURE: "python"} | ({Column.NATIVE: "native"} if is_native_installed() else {})
    yield _row("import", {Column.FLOOR: "import boto3", Column.PURE: "import boto3, dynaseal"}, {}, rounds)
    encrypted = _PUT + _ENCRYPTED + _CALL
    programs = {Column.FLOOR: _PUT + _CALL, **dict.fromkeys(engines, encrypted)}
    yield _row("import and first put", programs, engines, rounds)


def _row(what: str, programs: Mapping[Column, str], engines: Mapping[Column, str], rounds: int) -> Row:
    calls: dict[str, Callable[[], float]] = {
        column: partial(_milliseconds, program + _CLOCK, engines.get(column, "python"))
        for column, program in programs.items()
    }
    seen = in_turn(calls, rounds)
    figures = {Column(column): figure for column, figure in seen.items()}
    return Row(section="cold", what=f"cold process: {what}", unit="ms", floor="boto3 alone", figures=figures)


def _milliseconds(program: str, engine: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=_ROOT,
        env={**os.environ, VARIABLE: engine},
        capture_output=True,
        check=True,
        text=True,
    )
    return float(done.stdout) * 1e3
