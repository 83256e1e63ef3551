"""`dynaseal plan`: what a beacon over an attribute would cost and reveal, counted on real values."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from dynaseal import BeaconPlan, KeyStore, LengthPlan, plan_beacon, plot_beacon_plan
from dynaseal.attributes import Item
from dynaseal.boto.keys.clients import Clients
from dynaseal.cli.items import read_lines, scan
from dynaseal.cli.main import FailedError
from dynaseal.cli.output import without_colors
from dynaseal.core.traces import find_format_attribute

DEFAULT_SAMPLE = 1000
_KEY_OPTIONS = ("--key-store", "--beacon-key-id", "--kms-key")


@click.command(epilog="Example: dynaseal plan customers --attribute email --file customers.jsonl")
@click.argument("table_name", metavar="TABLE")
@click.option(
    "--attribute",
    required=True,
    help="The attribute or path that the beacon would be over, such as email or address.city.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    help=f"How many items of TABLE to read; by default {DEFAULT_SAMPLE}.",
)
@click.option(
    "--file",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of plaintext items, one JSON object per line, to use instead of the items of TABLE.",
)
@click.option("--table-items", type=click.IntRange(min=1), help="How many items TABLE has or will have.")
@click.option("--beacon", help="The beacon's name, from which its key is derived; by default the attribute.")
@click.option("--key-store", help="The key store's table, to count with the table's own beacon key.")
@click.option("--logical-key-store", help="The key store's logical name; by default its table's name.")
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

    For each length it counts, on plaintext items, how many items a query would find, how many of those are
    false matches, what the query reads, how many values share a beacon, and what an observer of the table
    learns. With --key-store, --beacon-key-id and --kms-key it counts with the table's own beacon key; without
    them, the counts are expected values.

    Columns: "alone" is the share of the values that share their beacon with no other value. "guess" is the
    share of the items whose value an observer guesses who knows how frequent each value is; "most" is the
    same for an observer who also knows which values have which beacon. "bits learned" is how many bits of a
    value its beacon reveals.

    Exit code: 0 done, 1 failed, 2 wrong usage.
    """
    if path is not None and sample is not None:
        raise click.UsageError("--sample limits the items read from TABLE; leave it out with --file")
    beacon_key = _beacon_key(key_store, logical_key_store, beacon_key_id, kms_key)
    items, item_count = (list(read_lines(path)), None) if path else _items_of(table_name, sample)
    _check_plaintext(items, table_name, attribute)
    beacon_plan = plan_beacon(
        items,
        attribute,
        name=beacon,
        beacon_key=beacon_key,
        table_items=table_items or item_count,
    )
    if plot is not None:
        plot.write_text(plot_beacon_plan(beacon_plan), encoding="utf-8")
        click.echo(f"The plot was written to {plot}.", err=True)
    if as_json:
        click.echo(json.dumps({"table": table_name, **asdict(beacon_plan)}, indent=2))
    else:
        _print(table_name, beacon_plan)


def _check_plaintext(items: Sequence[Item], table_name: str, attribute: str) -> None:
    if any(find_format_attribute(item) is not None for item in items):
        raise FailedError(
            f"The items of {table_name} are encrypted, so a beacon over {attribute!r} cannot be planned "
            "with them",
            "Pass a file of plaintext items with --file.",
        )


def _beacon_key(
    table: str | None, logical_name: str | None, key_id: str | None, kms_key: str | None
) -> bytes | None:
    if table is None and key_id is None and kms_key is None:
        return None
    if table is None or key_id is None or kms_key is None:
        raise click.UsageError(f"{', '.join(_KEY_OPTIONS)} must be given together")
    return KeyStore(table, logical_name or table, kms_key).get_beacon_key(key_id).beacon_key


def _items_of(table_name: str, sample: int | None) -> tuple[list[dict[str, Any]], int | None]:
    client = Clients("dynamodb")()
    items = scan(client, table_name, sample or DEFAULT_SAMPLE)
    # DynamoDB updates ItemCount about every six hours, so a table that was just filled has more items than
    # that.
    counted: int = client.describe_table(TableName=table_name)["Table"]["ItemCount"]
    return items, max(counted, len(items)) or None


def _print(table_name: str, report: BeaconPlan) -> None:
    color_system = None if without_colors() else "auto"
    console = Console(highlight=False, markup=False, color_system=color_system)
    keys = "the table's beacon key" if report.uses_own_key else "trial keys, for expected values"
    console.print(
        f"A beacon over {report.attribute} of {table_name}: {report.values} values in {report.sampled_items} "
        f"items, scaled to {report.table_items}; hashed with {keys}.\n"
        f"A value has {report.value_bits:.1f} bits; the most frequent one is {report.most_frequent:.1%} of "
        "the items.",
        soft_wrap=True,
    )
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in _HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for length_plan in report.lengths:
        table.add_row(
            *_row(length_plan), style="bold green" if length_plan.length == report.recommended else None
        )
    console.print(table)
    if report.recommended is None:
        console.print(f"Recommended: no beacon. {report.reason}.", soft_wrap=True)
        return
    console.print(f"Recommended: {report.recommended} bits. {report.reason}.", soft_wrap=True)
    if not report.uses_own_key:
        least, most = report.lengths[report.recommended - 1].false_positives_range
        console.print(
            f"A real key may differ from the mean: trial keys had {least:.1f} to {most:.1f} false matches.",
            soft_wrap=True,
        )


_HEADINGS: Sequence[str] = (
    "bits",
    "items\nfound",
    "false\nmatches",
    "false\n%",
    "read\nunits",
    "beacons",
    "values\neach",
    "largest\ngroup",
    "alone\n%",
    "guess\n%",
    "most\n%",
    "bits\nlearned",
)


def _row(length_plan: LengthPlan) -> Iterable[str]:
    return (
        str(length_plan.length),
        f"{length_plan.found:.1f}",
        f"{length_plan.false_positives:.1f}",
        f"{length_plan.false_positive_rate:.1%}"[:-1],
        f"{length_plan.read_units:.1f}",
        f"{length_plan.beacons:.0f}",
        f"{length_plan.values_per_beacon:.1f}",
        f"{length_plan.largest_group:.0f}",
        f"{length_plan.alone:.1%}"[:-1],
        f"{length_plan.guessed:.1%}"[:-1],
        f"{length_plan.guessed_at_most:.1%}"[:-1],
        f"{length_plan.learned_bits:.1f}",
    )
