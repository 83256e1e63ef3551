"""`dynaseal cost`: KMS calls, capacity and money per month."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from dynaseal.boto.cost.estimate import Estimate, estimate_cost
from dynaseal.cli.configurations import config_reference
from dynaseal.cli.items import read_lines
from dynaseal.cli.main import FailedError
from dynaseal.config import TableConfig

_COUNT = click.IntRange(min=0)


@click.command(
    epilog="Example: dynaseal cost tables.py:customers --items 1000000 --reads 5000000 --writes 500000"
)
@click.argument("config", metavar="MODULE:NAME", type=config_reference)
@click.option("--items", required=True, type=_COUNT, help="How many items the table has.")
@click.option("--reads", required=True, type=_COUNT, help="How many items are read per month.")
@click.option("--writes", required=True, type=_COUNT, help="How many items are written per month.")
@click.option(
    "--item",
    "path",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file whose first line is a plaintext item; by default each attribute has 16 characters.",
)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many processes use the table, each with its own cache of branch keys.",
)
@click.option(
    "--tenants",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many branch keys are used.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def cost(
    *,
    config: TableConfig,
    items: int,
    reads: int,
    writes: int,
    path: Path | None,
    processes: int,
    tenants: int,
    as_json: bool,
) -> None:
    """Estimate what the table of a configuration costs per month.

    Counts the calls of KMS by keyring, key and operation, and what header, footer, beacons and ciphertext add
    to DynamoDB's request units and storage. Prices are those of us-east-1, on demand, with eventually
    consistent reads and without free tiers; their dates and sources are printed too. Indexes are not counted.

    Nothing is called. Exit code: 0 done, 1 failed, 2 wrong usage.
    """
    item = None
    if path is not None and (item := next(read_lines(path), None)) is None:
        raise FailedError(f"{path} has no item", 'Write one JSON object, such as {"pk": "x"}.')
    estimate = estimate_cost(
        config, items=items, reads=reads, writes=writes, item=item, processes=processes, tenants=tenants
    )
    click.echo(json.dumps(estimate.to_dict(), indent=2) if as_json else "\n".join(_lines(estimate)))


def _lines(estimate: Estimate) -> Iterator[str]:
    for usage in estimate.kms:
        calls = f"{usage.calls:,} {usage.operation}"
        yield f"KMS       {calls:32} ${usage.dollars:,.2f}  {usage.keyring}, {usage.key_id}"
    yield f"KMS keys  {estimate.keys:<32} ${estimate.keys_dollars:,.2f}"
    sizes, capacity = estimate.sizes, estimate.capacity
    yield (
        f"item      {sizes.plain} bytes, stored {sizes.stored}: header {sizes.header}, "
        f"footer {sizes.footer}, beacons {sizes.beacons}, ciphertext {sizes.ciphertext}"
    )
    for name, (plain, stored) in (
        ("reads", capacity.read_units),
        ("writes", capacity.write_units),
        ("storage", capacity.storage_bytes),
    ):
        unit = "bytes" if name == "storage" else "units"
        yield f"{name:9} {stored:,.0f} {unit}, of which {stored - plain:,.0f} for encryption"
    plain, stored = capacity.dollars
    yield f"DynamoDB  ${stored:,.2f}, of which ${stored - plain:,.2f} for encryption"
    yield f"encryption costs ${estimate.added_dollars:,.2f} per month"
    for price in estimate.prices:
        yield f"price: ${price.dollars} for {price.per:,} {price.unit}, {price.as_of}, {price.source}"
