"""README's figures about speed, written from `results.json`, the figures of a whole run.

`python -m benchmarks.readme` writes them; with `--check` it only says whether they are the same.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.rows import Column, Row

_ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")
README = _ROOT / "README.md"
_ROW = re.compile(r"^\| speed \|.*$", re.MULTILINE)


def speed(results: Mapping[str, Any]) -> str:
    """Return README's line about speed."""
    rows = {row["what"]: Row.from_json(row) for row in results["rows"]}
    encrypt, decrypt = rows["0x6700 344 B encrypt"], rows["0x6700 344 B decrypt"]
    peers = [
        f"{who} {_ratio(encrypt, column)} and {_ratio(decrypt, column)}"
        for column, who in (
            (Column.OLDER, "the older Python library takes"),
            (Column.RUST, "AWS's Rust crate"),
            (Column.JAVA, "AWS's Java library"),
        )
        if column in encrypt.figures
    ]
    measured = f"`make bench`, {results['date']}, an item of 344 bytes under suite 0x6700 in turn in one run"
    compared = f"to encrypt and to decrypt it, {', '.join(peers)} times as long as dynaseal"
    parts = [f"{measured}: {compared}"]
    if Column.NATIVE in encrypt.figures:
        query = rows["0x6700 query of 100, 1 KB"]
        parts.append(
            f"its native engine is {_ratio(encrypt, Column.PURE, Column.NATIVE)} and "
            f"{_ratio(decrypt, Column.PURE, Column.NATIVE)} times as fast, and a query of 100 items then "
            f"takes {query.ratio(Column.NATIVE):.1f} times the processor time of plain boto3"
        )
    beacons = rows["0x6700 344 B encrypt, four beacons"].figures
    added = beacons[Column.PURE].median - beacons[Column.FLOOR].median
    parts.append(f"four beacons add {added:.0f} us to an item")
    return f"| speed | {'; '.join(parts)} |"


def _ratio(row: Row, slower: Column, faster: Column = Column.PURE) -> str:
    ratio = row.ratio(slower, faster)
    if ratio is None:
        raise ValueError(f"{row.what} lacks a figure")
    return f"{ratio:.1f}"


def written(readme: str, results: Mapping[str, Any]) -> str:
    """Return README with the line about speed."""
    text, count = _ROW.subn(lambda _: speed(results), readme)
    if count != 1:
        raise ValueError("README.md has no line about speed, or several")
    return text


def write() -> None:
    """Write README's line about speed."""
    README.write_text(written(README.read_text(), json.loads(RESULTS.read_text())))


if __name__ == "__main__":
    if "--check" not in sys.argv:
        write()
    elif README.read_text() != written(README.read_text(), json.loads(RESULTS.read_text())):
        raise SystemExit("README's figures are not those of results.json: run python -m benchmarks.readme")
