"""Runs the full exchange: `python -m interop --items 200`, in the project's folder with `tests` on the path.

Prints how much each library could read of what the other wrote, as a Markdown table. Progress and failures go
to standard error. Exits with 1 if anything failed, with 2 if java or mvn is missing.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from interop.environment import Environment, running
from interop.item_exchange import exchange_items
from interop.java import NoJavaError
from interop.key_store_exchange import exchange_key_stores
from interop.keyring_kinds import KEYRING_KINDS
from interop.results import Result, as_json, as_markdown, total
from interop.search_exchange import exchange_searches
from interop.searchable_tables import searchable_tables


@click.command()
@click.option("--items", default=200, show_default=True, help="Items per kind of keyring, in each direction.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same items.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Also write the counts to a file.")
def main(items: int, seed: int, file: Path | None) -> None:
    """Exchange random items, key stores and beacons with AWS's Java library, both ways."""
    # Hides the warning that suggests the hierarchical keyring: here every kind of keyring is used.
    logging.getLogger("dynaseal").setLevel(logging.ERROR)
    try:
        with running() as environment:
            versions = environment.java.request("versions")
            results = [_report(result) for result in _results(environment, items, seed)]
    except NoJavaError as error:
        click.echo(error, err=True)
        sys.exit(2)
    click.echo(as_markdown(results))
    if file is not None:
        counts = as_json(results, **versions, seed=seed, items=items)
        file.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    sys.exit(1 if total(results, "all").failures else 0)


def _results(environment: Environment, items: int, seed: int) -> Iterator[Result]:
    for kind in KEYRING_KINDS:
        yield exchange_items(environment, kind, seed, items)
    yield exchange_key_stores(environment, max(1, items // 10))
    for table in searchable_tables(environment):
        yield exchange_searches(table, seed, max(1, items // 10))


def _report(result: Result) -> Result:
    """Print a result and return it."""
    counts = f"{result.by_java} and {result.by_dynaseal} of {result.tried}"
    click.echo(f"{result.group}, {result.kind}: {counts}", err=True)
    for failure in result.failures:
        click.echo(f"  {failure}", err=True)
    return result


if __name__ == "__main__":
    main()
