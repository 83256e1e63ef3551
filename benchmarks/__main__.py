"""Run the benchmarks and print one table: every figure beside its floor and its peers, from the same run."""

import argparse
import json
import platform
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import beacons, calls, cold, exports, items, lab, memory, pages, peers, threads
from benchmarks.measure import Figure
from benchmarks.rows import Column, Row
from dynaseal.core import signatures
from dynaseal.native import engine_name

SECTIONS: Mapping[str, Callable[..., Iterator[Row]]] = {
    "items": items.rows,
    "calls": calls.rows,
    "cold": cold.rows,
    "threads": threads.rows,
    "memory": memory.rows,
    "beacons": beacons.rows,
    "exports": exports.rows,
    "lab": lab.rows,
}


def machine() -> dict[str, str]:
    """Return what a reader must know of the machine to judge the figures, and nothing that names it."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "engine": engine_name(),
        "p384": signatures.backend().name,
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _cell(row: Row, column: Column) -> str:
    found = row.figures.get(column)
    if found is None:
        return ""
    ratio = row.ratio(column)
    parts = [_number(found)]
    if column is Column.FLOOR:
        parts.append(row.floor)
    elif ratio is not None:
        parts.append(f"x{ratio:.2f}" if ratio < 10 else f"x{ratio:.0f}")
    parts.append(f"±{found.spread:.0%}")
    return " ".join(parts)


def _number(found: Figure) -> str:
    return f"{found.median:,.2f}" if found.median < 10 else f"{found.median:,.0f}"


def _print(rows: Sequence[Row], about: Mapping[str, str]) -> None:
    table = Table(
        "measured",
        "unit",
        *Column,
        caption="Medians, measured in turn in one run; x: times the floor in the same line; ±: half the "
        "distance between the quartiles. Processor time; threads and lab by the clock. "
        + ", ".join(about.values()),
    )
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        table.add_row(row.what, row.unit, *(_cell(row, column) for column in Column))
        if following is not None and following.section != row.section:
            table.add_section()
    # A pipe has no width: the table is as wide as its figures.
    Console(width=None if Console().is_terminal else 200).print(table)


def _write(path: Path, rows: Iterable[Row], about: Mapping[str, str]) -> None:
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": dict(about),
        "rows": [row.as_json() for row in rows],
    }
    path.write_text(json.dumps(results, indent=1) + "\n")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few rounds: to see that it runs")
    parser.add_argument(
        "--only", metavar="NAME", action="append", choices=SECTIONS, help="measure only this; may be repeated"
    )
    parser.add_argument("--peers", action="store_true", help="build AWS's libraries for Rust and Java first")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write the figures to a file")
    parser.add_argument(
        "--pages",
        action="store_true",
        help="also write benchmarks/results.json, and from it the figures of README and docs/comparison.md",
    )
    arguments = parser.parse_args()
    if arguments.peers:
        for missing in peers.build():
            print(missing)
    about = machine()
    rows = [row for name in arguments.only or SECTIONS for row in SECTIONS[name](quick=bool(arguments.quick))]
    _print(rows, about)
    if arguments.json is not None:
        _write(arguments.json, rows, about)
    if arguments.pages:
        _write(pages.RESULTS, rows, about)
        pages.write()


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"{error}\n{error.stderr or ''}") from None
