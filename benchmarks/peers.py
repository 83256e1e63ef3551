"""AWS's libraries for Rust and Java: programs in `interop/` that time themselves, asked in JSON lines.

A program that is built already takes part in every run; `--peers` builds them first, where cargo is, and
Java 17 with Maven. The crate takes half an hour to build on two cores.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from benchmarks.rows import Column
from benchmarks.samples import KEY, KEY_NAME, NAMESPACE, Sample
from dynaseal import AlgorithmSuite

_INTEROP = Path(__file__).parents[1] / "interop"


class Program(NamedTuple):
    """How one program is built and started."""

    folder: Path
    needs: tuple[str, ...]
    build: tuple[str, ...]
    built: Path
    start: tuple[str, ...]


_RUST, _JAVA = _INTEROP / "rust", _INTEROP / "java"
_PROGRAMS = {
    Column.RUST: Program(
        _RUST,
        ("cargo",),
        ("cargo", "build", "--release", "--locked"),
        _RUST / "target" / "release" / "interop",
        (str(_RUST / "target" / "release" / "interop"),),
    ),
    Column.JAVA: Program(
        _JAVA,
        ("java", "mvn"),
        ("mvn", "-q", "-B", "package"),
        _JAVA / "target" / "interop.jar",
        ("java", "-jar", str(_JAVA / "target" / "interop.jar")),
    ),
}


class Peer:
    """A running program."""

    def __init__(self, requests: IO[str], replies: IO[str]) -> None:
        self._requests = requests
        self._replies = replies

    def measure(self, sample: Sample, suite: AlgorithmSuite, repeat: int) -> tuple[float, float]:
        """Return the microseconds of processor time to encrypt the item and to decrypt it."""
        key = {"namespace": NAMESPACE, "name": KEY_NAME, "material": KEY.hex()}
        request = {
            "do": "measure",
            "table": {
                "name": "bench",
                "partition_key": "pk",
                "sort_key": "sk",
                "suite": f"{suite.value:#x}",
                "actions": sample.actions,
                "unsigned": [],
                "unsigned_prefix": None,
            },
            "keyring": {"kind": "raw-aes", "key": KEY_NAME},
            "keys": {KEY_NAME: key},
            "item": sample.json_item,
            "repeat": repeat,
        }
        self._requests.write(json.dumps(request) + "\n")
        self._requests.flush()
        reply = json.loads(self._replies.readline())
        if "done" not in reply:
            raise RuntimeError(reply)
        return reply["done"]["encrypt"], reply["done"]["decrypt"]


def build() -> list[str]:
    """Build the programs; return what was left out, and why."""
    missing: list[str] = []
    for column, program in _PROGRAMS.items():
        absent = [need for need in program.needs if shutil.which(need) is None]
        if absent:
            missing.append(f"{column}: {' and '.join(absent)} not installed")
        else:
            subprocess.run(program.build, cwd=program.folder, check=True)
    return missing


@contextmanager
def running() -> Iterator[dict[Column, Peer]]:
    """Run the programs that are built, and end them after a `with` block."""
    with ExitStack() as stack:
        peers: dict[Column, Peer] = {}
        for column, program in _PROGRAMS.items():
            if program.built.exists() and shutil.which(program.start[0]):
                process = stack.enter_context(
                    subprocess.Popen(
                        program.start, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
                    )
                )
                if process.stdin is None or process.stdout is None:
                    raise AssertionError("the program has no pipes")
                stack.callback(process.stdin.close)
                peers[column] = Peer(process.stdin, process.stdout)
        yield peers
