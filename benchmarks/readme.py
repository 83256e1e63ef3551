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
    sentences = [
        f"`make bench`, {results['date']}: an item of 344 bytes, encrypted and decrypted in turn in one run",
        f"Under suite 0x6700, {_peers(rows, '0x6700')}",
        f"Under 0x6701, the default, which adds a signature, {_peers(rows, '0x6701')}",
    ]
    if Column.NATIVE in rows["0x6700 344 B encrypt"].figures:
        sentences.append(
            f"The native engine is {_native(rows, '0x6700')} times as fast (under 0x6701, "
            f"{_native(rows, '0x6701')}); a query of 100 items then takes {_query(rows, '0x6700')} times the "
            f"processor time of plain boto3 (under 0x6701, {_query(rows, '0x6701')} times)"
        )
    beacons = rows["0x6700 344 B encrypt, four beacons"].figures
    added = beacons[Column.PURE].median - beacons[Column.FLOOR].median
    sentences.append(f"Four beacons add {added:.0f} us to an item")
    return f"| speed | {'. '.join(sentences)} |"


def _peers(rows: Mapping[str, Row], suite: str) -> str:
    encrypt, decrypt = rows[f"{suite} 344 B encrypt"], rows[f"{suite} 344 B decrypt"]
    peers = [
        f"{who} {_ratio(encrypt, column)} and {_ratio(decrypt, column)}"
        for column, who in (
            (Column.OLDER, "the older Python library takes"),
            (Column.RUST, "AWS's Rust crate"),
            (Column.JAVA, "AWS's Java library"),
        )
        if column in encrypt.figures
    ]
    return f"{', '.join(peers)} times as long as dynaseal"


def _native(rows: Mapping[str, Row], suite: str) -> str:
    encrypt, decrypt = rows[f"{suite} 344 B encrypt"], rows[f"{suite} 344 B decrypt"]
    return " and ".join(_ratio(row, Column.PURE, Column.NATIVE) for row in (encrypt, decrypt))


def _query(rows: Mapping[str, Row], suite: str) -> str:
    return _ratio(rows[f"{suite} query of 100, 1 KB"], Column.NATIVE, Column.FLOOR)


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
