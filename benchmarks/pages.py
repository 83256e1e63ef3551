"""The figures about speed on the pages, written from `results.json`, the figures of a whole run.

`python -m benchmarks.pages` writes them; with `--check` it only says whether they are the same.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.rows import Column, Row

_ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")
_BEGIN, _END = "<!-- written by make bench -->", "<!-- end of what make bench writes -->"
_BLOCK = re.compile(f"{re.escape(_BEGIN)}.*?{re.escape(_END)}", re.DOTALL)
_SUITES = ("0x6700", "0x6701")
_PEERS: Mapping[Column, str] = {
    Column.OLDER: "older Python library",
    Column.RUST: "AWS's Rust crate",
    Column.JAVA: "AWS's Java library, compiled",
    Column.NATIVE: "dynaseal's native engine",
}
_EACH: Mapping[Column, str] = {Column.PURE: "dynaseal's Python engine", **_PEERS}


def ratios(results: Mapping[str, Any]) -> Iterator[str]:
    """Return README's tables: dynaseal beside other libraries, and beside boto3 alone."""
    rows = _rows(results)
    one_item = rows["0x6700 344 B encrypt"].figures
    yield "| one item, times as long as dynaseal's Python engine: encrypt, decrypt | `0x6700` | `0x6701` |"
    yield "|---|---:|---:|"
    for column, who in _PEERS.items():
        if column in one_item:
            yield _line(
                who, [_both(rows, suite, lambda row, column=column: _ratio(row, column)) for suite in _SUITES]
            )
    if Column.NATIVE in one_item:
        yield ""
        yield "| whole calls with the native engine, times as long as plain boto3 | `0x6700` | `0x6701` |"
        yield "|---|---:|---:|"
        for what in ("put", "get", "query of 100"):
            calls = [rows[f"{suite} {what}, 1 KB"] for suite in _SUITES]
            yield _line(what, [_ratio(row, Column.NATIVE, Column.FLOOR) for row in calls])


def times(results: Mapping[str, Any]) -> Iterator[str]:
    """Return the tables of docs/comparison.md: how long one item takes, and items per second with KMS."""
    rows = _rows(results)
    one_item = rows["0x6700 344 B encrypt"].figures
    yield f"| one item: encrypt, decrypt ({results['date']}) | `0x6700` | `0x6701`, the default |"
    yield "|---|---:|---:|"
    for column, who in _EACH.items():
        if column in one_item:
            yield _line(
                who, [_both(rows, suite, lambda row, column=column: _time(row, column)) for suite in _SUITES]
            )
    with_kms = rows["hierarchical, KMS at 5 ms, encrypt, threads: 1"].figures
    yield ""
    yield "| items encrypted per second in one thread, if a call of KMS takes 5 ms | |"
    yield "|---|---:|"
    yield _line("KMS keyring", [f"{with_kms[Column.FLOOR].median:,.0f}"])
    yield _line("hierarchical keyring", [f"{with_kms[Column.PURE].median:,.0f}"])


PAGES: Mapping[Path, Callable[[Mapping[str, Any]], Iterable[str]]] = {
    _ROOT / "README.md": ratios,
    _ROOT / "docs" / "comparison.md": times,
}
"""The pages, and what writes the lines of the tables of each."""


def _rows(results: Mapping[str, Any]) -> Mapping[str, Row]:
    return {row["what"]: Row.from_json(row) for row in results["rows"]}


def _line(what: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join([what, *cells])} |"


def _both(rows: Mapping[str, Row], suite: str, cell: Callable[[Row], str]) -> str:
    return ", ".join(cell(rows[f"{suite} 344 B {direction}"]) for direction in ("encrypt", "decrypt"))


def _time(row: Row, column: Column) -> str:
    return f"{row.figures[column].median:,.0f} {row.unit}"


def _ratio(row: Row, slower: Column, faster: Column = Column.PURE) -> str:
    ratio = row.ratio(slower, faster)
    if ratio is None:
        raise ValueError(f"{row.what} lacks a figure")
    return f"{ratio:.2f}" if ratio < 1 else f"{ratio:.1f}"


def _written(page: Path, results: Mapping[str, Any]) -> str:
    """Return a page with the tables about speed."""
    tables = "\n".join([_BEGIN, *PAGES[page](results), _END])
    text, count = _BLOCK.subn(lambda _: tables, page.read_text())
    if count != 1:
        raise ValueError(f"{page.name} has no place for the tables about speed, or several")
    return text


def write() -> None:
    """Write the tables about speed on each page."""
    results = json.loads(RESULTS.read_text())
    for page in PAGES:
        page.write_text(_written(page, results))


def _check() -> None:
    results = json.loads(RESULTS.read_text())
    if differing := [page.name for page in PAGES if page.read_text() != _written(page, results)]:
        names = " and ".join(differing)
        raise SystemExit(
            f"The figures of {names} are not those of results.json: run python -m benchmarks.pages"
        )


if __name__ == "__main__":
    if "--check" in sys.argv:
        _check()
    else:
        write()
