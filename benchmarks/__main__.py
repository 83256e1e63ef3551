"""Run the benchmarks and print one table: each figure beside one to compare with, from the same run."""

import argparse
import platform
from collections.abc import Iterator
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks import beacons, exports, items, lab, threads
from dynaseal.core import signatures


class Row(NamedTuple):
    """One line: what was measured, its figure, the figure to compare with, and how they compare."""

    what: str
    figure: str
    beside: str
    compared: str


def item_rows(*, quick: bool) -> Iterator[Row]:
    """One item of 12 attributes, 344 bytes, under a raw AES-256 key, beside the older library."""
    *ours, (older, *peer) = items.rows(quick=quick)
    for name, *mine in ours:
        for direction, figure, other in zip(("encrypt", "decrypt"), mine, peer, strict=True):
            yield Row(
                f"{name} {direction}",
                f"{figure:.0f} us",
                f"{older} {other:.0f} us",
                f"{other / figure:.1f} x",
            )


def beacon_rows(*, quick: bool) -> Iterator[Row]:
    """What beacons add to that item and rewriting adds to a query, beside the most that they may add."""
    for what, added, limit in beacons.rows(quick=quick):
        yield Row(what, f"{added:+.0f} us", f"at most +{limit:.0f} us", "" if added <= limit else "over")


def thread_rows(*, quick: bool) -> Iterator[Row]:
    """Items per second by threads, with KMS at 5 ms per call: hierarchical keyring beside KMS keyring."""
    by_name = {each.keyring: each for each in threads.rows(quick=quick)}
    plain, hierarchical = by_name["AwsKmsKeyring"], by_name["AwsKmsHierarchicalKeyring"]
    for direction, mine, other in (
        ("encrypt", hierarchical.encrypted, plain.encrypted),
        ("decrypt", hierarchical.decrypted, plain.decrypted),
    ):
        for count in threads.THREADS:
            yield Row(
                f"hierarchical {direction}, threads: {count}",
                f"{mine[count]:,.0f} /s",
                f"AwsKmsKeyring {other[count]:,.0f} /s",
                f"{mine[count] / other[count]:.1f} x",
            )


def export_rows(*, quick: bool) -> Iterator[Row]:
    """What `dynaseal transform` takes on one core, beside the cryptography and the round trip of items."""
    for row in exports.rows(quick=quick):
        yield Row(
            f"transform, {row.keyring} keyring, 1 KB",
            f"{row.transform:.0f} us",
            f"{row.cryptography:.0f} us + {row.round_trip:.0f} us ({exports.packages()})",
            f"{row.added:+.0f} us",
        )


def lab_rows(*, quick: bool) -> Iterator[Row]:
    """What the lab adds to a call over the loopback address, compared with its engine; at most 0.5 ms."""
    for what, bare, whole, added in lab.rows(quick=quick):
        yield Row(f"lab {what}", f"{whole:.2f} ms", f"bare engine {bare:.2f} ms", f"{added:+.2f} ms")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds: to see that it runs")
    quick: bool = parser.parse_args().quick
    table = Table(
        "measured",
        "figure",
        "beside",
        "compared",
        caption=f"Python {platform.python_version()}, P-384 by {signatures.backend().name}; medians, in turn",
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for section in (item_rows, beacon_rows, export_rows, thread_rows, lab_rows):
        for row in section(quick=quick):
            table.add_row(*row)
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
