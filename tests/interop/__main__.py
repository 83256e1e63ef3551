"""The long form: `python -m interop --items 200`, run from the project's folder with `tests` on the path.

Prints what each side read of what the other wrote, as a Markdown table; progress and failures on standard
error. Exits with 1 if anything was not as it must be, with 2 if java or mvn is missing.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from interop import world
from interop.exchange import exchange
from interop.handover import hand_over
from interop.java import NoJavaError
from interop.kinds import KINDS
from interop.scene import scenes
from interop.searches import search_both_ways
from interop.tally import Tally, as_json, as_markdown, total
from interop.world import World


@click.command()
@click.option("--items", default=200, show_default=True, help="Items for each kind of keyring, each way.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same items.")
@click.option("--json", "file", type=click.Path(path_type=Path), help="Write the counts to a file too.")
def main(items: int, seed: int, file: Path | None) -> None:
    """Exchange random items, key stores and beacons with AWS's Java library, both ways."""
    # The hint at the hierarchical keyring is not for here: every keyring has its turn.
    logging.getLogger("dynaseal").setLevel(logging.ERROR)
    try:
        with world.running() as both:
            versions = both.java.ask("versions")
            tallies = [_shown(tally) for tally in _tallies(both, items, seed)]
    except NoJavaError as error:
        click.echo(error, err=True)
        sys.exit(2)
    click.echo(as_markdown(tallies))
    if file is not None:
        counts = as_json(tallies, **versions, seed=seed, items=items)
        file.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    sys.exit(1 if total(tallies, "all").failures else 0)


def _tallies(both: World, items: int, seed: int) -> Iterator[Tally]:
    for kind in KINDS:
        yield exchange(both, kind, seed, items)
    yield hand_over(both, max(1, items // 10))
    for scene in scenes(both):
        yield search_both_ways(scene, seed, max(1, items // 10))


def _shown(tally: Tally) -> Tally:
    click.echo(
        f"{tally.group}, {tally.kind}: {tally.by_java} and {tally.by_dynaseal} of {tally.tried}", err=True
    )
    for failure in tally.failures:
        click.echo(f"  {failure}", err=True)
    return tally


if __name__ == "__main__":
    main()
