"""`dynaseal plan`: what a beacon over an attribute would cost and give away, on real values."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import boto3
import click
from rich.console import Console
from rich.table import Table

from dynaseal import BeaconPlan, KeyStore, LengthPlan, plan_beacon, plot_beacon_plan
from dynaseal.cli.items import ENCRYPTED, read_lines, scan
from dynaseal.cli.main import FailedError

DEFAULT_SAMPLE = 1000
_KEY_OPTIONS = ("--key-store", "--beacon-key-id", "--kms-key")


@click.command(epilog="Example: dynaseal plan customers --attribute email --file customers.jsonl")
@click.argument("table_name", metavar="TABLE")
@click.option("--attribute", required=True, help="What the beacon would be over: email, or address.city.")
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    help=f"How many items of TABLE to read; {DEFAULT_SAMPLE} unless given.",
)
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Items in plain text, one JSON object a line, instead of those of TABLE.",
)
@click.option("--table-items", type=click.IntRange(min=1), help="How many items TABLE has or will have.")
@click.option("--beacon", help="The beacon's name, of which its key is derived; the attribute unless given.")
@click.option("--key-store", help="Count with the table's own beacon key: the key store's table.")
@click.option("--logical-key-store", help="The key store's logical name; its table's name unless given.")
@click.option("--beacon-key-id", help="The branch key id of the beacon key.")
@click.option("--kms-key", help="The ARN of the key store's KMS key.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the plan to an SVG file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(
    *,
    table_name: str,
    attribute: str,
    sample: int | None,
    path: Path | None,
    table_items: int | None,
    beacon: str | None,
    key_store: str | None,
    logical_key_store: str | None,
    beacon_key_id: str | None,
    kms_key: str | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Plan the length of a beacon over an attribute of TABLE.

    For each length: how many items a query would find and how many of them falsely, what it reads, how many
    values share a beacon and what an observer of the table learns, counted on items in plain text. With the
    three options of the key store the counts are those of the table's own beacon key; without, expectations.

    Columns: `alone` are values that share their beacon with none; `guess` are items whose value an observer
    guesses right who knows how frequent each value is, `most` one who knows which values have which beacon;
    `bits told` is what a beacon says of its value.

    Exit code: 0 done, 1 failed, 2 wrong usage.
    """
    if path is not None and sample is not None:
        raise click.UsageError("--sample is about the items of TABLE; leave it out with --file")
    beacon_key = _beacon_key(key_store, logical_key_store, beacon_key_id, kms_key)
    items, counted = (list(read_lines(path)), None) if path else _items_of(table_name, sample)
    if any(ENCRYPTED in item for item in items):
        raise FailedError(
            f"The items of {table_name} are encrypted, so {attribute!r} cannot be planned on them",
            "Give items in plain text by --file.",
        )
    made = plan_beacon(
        items,
        attribute,
        name=beacon,
        beacon_key=beacon_key,
        table_items=table_items or counted,
    )
    if plot is not None:
        plot.write_text(plot_beacon_plan(made), encoding="utf-8")
        click.echo(f"drawn to {plot}", err=True)
    if as_json:
        click.echo(json.dumps({"table": table_name, **asdict(made)}, indent=2))
    else:
        _print(table_name, made)


def _beacon_key(
    table: str | None, logical_name: str | None, key_id: str | None, kms_key: str | None
) -> bytes | None:
    if table is None and key_id is None and kms_key is None:
        return None
    if table is None or key_id is None or kms_key is None:
        raise click.UsageError(f"{', '.join(_KEY_OPTIONS)} go together")
    return KeyStore(table, logical_name or table, kms_key).get_beacon_key(key_id).beacon_key


def _items_of(table_name: str, sample: int | None) -> tuple[list[dict[str, Any]], int]:
    # boto3's stubs have an overload for each service by name; here only two calls matter.
    client = cast("Any", boto3).client("dynamodb")
    items = scan(client, table_name, sample or DEFAULT_SAMPLE)
    # DynamoDB counts every six hours: a table that was just filled has more items than it says.
    counted: int = client.describe_table(TableName=table_name)["Table"]["ItemCount"]
    return items, max(counted, len(items))


def _print(table_name: str, made: BeaconPlan) -> None:
    console = Console(highlight=False, markup=False)
    keys = "the table's beacon key" if made.uses_own_key else "trial keys, for expectations"
    console.print(
        f"A beacon over {made.attribute} of {table_name}: {made.values} values in {made.sampled_items} "
        f"items, scaled to {made.table_items}; hashed with {keys}.\n"
        f"A value has {made.value_bits:.1f} bits; the most frequent one is {made.most_frequent:.1%} of the "
        "items.",
        soft_wrap=True,
    )
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for one in made.lengths:
        table.add_row(*_row(one), style="bold green" if one.length == made.recommended else None)
    console.print(table)
    if made.recommended is None:
        console.print(f"Recommended: no beacon. {made.reason}.", soft_wrap=True)
        return
    console.print(f"Recommended: {made.recommended} bits. {made.reason}.", soft_wrap=True)
    if not made.uses_own_key:
        least, most = made.lengths[made.recommended - 1].false_positives_range
        console.print(
            f"One key is not their mean: with the trial keys it was {least:.1f} to {most:.1f} false ones.",
            soft_wrap=True,
        )


_HEADINGS: Sequence[str] = (
    "bits",
    "items\nfound",
    "false\nones",
    "false\n%",
    "read\nunits",
    "beacons",
    "values\neach",
    "largest\ngroup",
    "alone\n%",
    "guess\n%",
    "most\n%",
    "bits\ntold",
)


def _row(one: LengthPlan) -> Iterable[str]:
    return (
        str(one.length),
        f"{one.found:.1f}",
        f"{one.false_positives:.1f}",
        f"{one.false_positive_rate:.1%}"[:-1],
        f"{one.read_units:.1f}",
        f"{one.beacons:.0f}",
        f"{one.values_per_beacon:.1f}",
        f"{one.largest_group:.0f}",
        f"{one.alone:.1%}"[:-1],
        f"{one.guessed:.1%}"[:-1],
        f"{one.guessed_at_most:.1%}"[:-1],
        f"{one.learned_bits:.1f}",
    )
