"""README's figures about speed, written from `results.json`, the figures of a whole run.

`python -m benchmarks.readme` writes them; with `--check` it only says whether they are the same.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.rows import Column, Row

_ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")
README = _ROOT / "README.md"
_BEGIN, _END = "<!-- written by make bench -->", "<!-- end of what make bench writes -->"
_BLOCK = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
_SUITES = ("0x6700", "0x6701")
_PEERS = (
    (Column.OLDER, "older Python library"),
    (Column.RUST, "AWS's Rust crate"),
    (Column.JAVA, "AWS's Java library, compiled"),
    (Column.NATIVE, "dynaseal's native engine"),
)


def speed(results: Mapping[str, Any]) -> str:
    """Return README's tables about speed."""
    rows = {row["what"]: Row.from_json(row) for row in results["rows"]}
    one_item = rows["0x6700 344 B encrypt"].figures
    lines = [
        "| one item, times as long as dynaseal's Python engine: encrypt, decrypt | `0x6700` | `0x6701` |",
        "|---|---:|---:|",
        *(
            _line(who, [_item(rows, suite, column) for suite in _SUITES])
            for column, who in _PEERS
            if column in one_item
        ),
    ]
    if Column.NATIVE in one_item:
        lines += [
            "",
            "| whole calls with the native engine, times as long as plain boto3 | `0x6700` | `0x6701` |",
            "|---|---:|---:|",
            *(
                _line(what, [_call(rows, suite, what) for suite in _SUITES])
                for what in ("put", "get", "query of 100")
            ),
        ]
    return "\n".join([_BEGIN, *lines, _END])


def _line(what: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join([what, *cells])} |"


def _item(rows: Mapping[str, Row], suite: str, column: Column) -> str:
    directions = [rows[f"{suite} 344 B {direction}"] for direction in ("encrypt", "decrypt")]
    return ", ".join(_ratio(row, column) for row in directions)


def _call(rows: Mapping[str, Row], suite: str, what: str) -> str:
    return _ratio(rows[f"{suite} {what}, 1 KB"], Column.NATIVE, Column.FLOOR)


def _ratio(row: Row, slower: Column, faster: Column = Column.PURE) -> str:
    ratio = row.ratio(slower, faster)
    if ratio is None:
        raise ValueError(f"{row.what} lacks a figure")
    return f"{ratio:.2f}" if ratio < 1 else f"{ratio:.1f}"


def written(readme: str, results: Mapping[str, Any]) -> str:
    """Return README with the tables about speed."""
    text, count = _BLOCK.subn(lambda _: speed(results), readme)
    if count != 1:
        raise ValueError("README.md has no place for the tables about speed, or several")
    return text


def write() -> None:
    """Write README's tables about speed."""
    README.write_text(written(README.read_text(), json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    if "--check" not in sys.argv:
        write()
    elif README.read_text() != written(README.read_text(), json.loads(RESULTS.read_text())):
        raise SystemExit("README's figures are not those of results.json: run python -m benchmarks.readme")
