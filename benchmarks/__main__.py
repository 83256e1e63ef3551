"""Run the benchmarks and print one table."""

import argparse
import platform

from rich.console import Console
from rich.table import Table

from benchmarks import items
from dynaseal.core import signatures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds: to see that it runs")
    arguments = parser.parse_args()
    table = Table(
        title="One item of 12 attributes, 344 bytes, under a raw AES-256 key",
        caption=f"Python {platform.python_version()}, P-384 by {signatures.backend().name}; medians, interleaved",
    )
    table.add_column("library")
    for column in ("encrypt us", "decrypt us", "encrypt x", "decrypt x"):
        table.add_column(column, justify="right")
    measured = items.rows(quick=arguments.quick)
    _, older_encrypt, older_decrypt = measured[-1]
    for name, encrypt, decrypt in measured:
        ratios = f"{older_encrypt / encrypt:.1f}", f"{older_decrypt / decrypt:.1f}"
        table.add_row(name, f"{encrypt:.0f}", f"{decrypt:.0f}", *ratios)
    Console().print(table)


if __name__ == "__main__":
    main()
