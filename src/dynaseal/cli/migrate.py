"""`dynaseal migrate`: a live table moved from one configuration to another."""

import json
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import click
from botocore.config import Config
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from dynaseal.boto.cost.prices import KMS_REQUEST, READ_UNIT, WRITE_UNIT
from dynaseal.boto.keys.region import region_name
from dynaseal.cli.configurations import config_reference
from dynaseal.cli.output import printable, without_colors
from dynaseal.config import TableConfig
from dynaseal.errors import ConfigError
from dynaseal.migrate import PLAINTEXT, Estimate, Failure, Migration, MigrationReport, Plaintext, Progress

_COUNT = click.IntRange(min=1)
_UNITS = click.FloatRange(min=0, min_open=True)
_PLAINTEXT = "plaintext"
_CONNECTIONS = 10
_SECONDS_PER_LINE = 5.0
_PRICES = (READ_UNIT, WRITE_UNIT, KMS_REQUEST)


def _target(value: str) -> TableConfig | Plaintext:
    return PLAINTEXT if value == _PLAINTEXT else config_reference(value)


@click.command(
    epilog="Example: dynaseal migrate people --from tables.py:old --to tables.py:new --checkpoint people.json"
)
@click.argument("table_name", metavar="TABLE")
@click.option(
    "--from",
    "source",
    required=True,
    type=config_reference,
    metavar="MODULE:NAME",
    help="The configuration under which the items were written.",
)
@click.option(
    "--to",
    "target",
    required=True,
    type=_target,
    metavar="MODULE:NAME",
    help="The configuration under which they are to be written; or the word plaintext, to decrypt them for "
    "good.",
)
@click.option("--into", metavar="TABLE", help="Copy the items into this table; needed if their keys change.")
@click.option("--dry-run", is_flag=True, help="Count the items, and estimate calls, capacity, time and cost.")
@click.option("--verify", is_flag=True, help="Read every item under --to, and change nothing.")
@click.option("--segments", type=_COUNT, help="How many segments are read at the same time; by default 4.")
@click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file with the state, from which an interrupted migration goes on.",
)
@click.option("--max-write-units", type=_UNITS, help="How many write units per second may be consumed.")
@click.option("--max-read-units", type=_UNITS, help="How many read units per second may be consumed.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    help="Take only items encrypted under this key: an ARN, a branch key id or version, a raw key's name.",
)
@click.option(
    "--older-than",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="Take only items whose branch key version was made before this time (UTC).",
)
@click.option("--renew", is_flag=True, help="Give items new data keys although nothing else would change.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON objects, one per line.")
def migrate(
    *,
    table_name: str,
    source: TableConfig,
    target: TableConfig | Plaintext,
    into: str | None,
    dry_run: bool,
    verify: bool,
    segments: int | None,
    as_json: bool,
    older_than: datetime | None,
    **options: Any,
) -> None:
    """Move the items of TABLE from one configuration to another, while other programs use it.

    Items that already are as --to would write them, and verify, are skipped. Each write is made on condition
    that nothing of what was read has changed. Items that cannot be read or written are left as they are, and
    listed with the reason; the next run with the same checkpoint tries them again. When a scan is finished
    and nothing failed, the next run is a new scan.

    In the report, form and key say what the items were before.

    With --json, each line has a member "type": "progress" with items, total, states, kms_calls, read_units,
    write_units and seconds; "failure" with key, form and reason; and at the end "report" with table, mode,
    complete, states, forms, keys, failures (their number), kms_calls, read_units, write_units, seconds and,
    after a dry run, estimate.

    Exit code: 0 all items are moved or verified, 1 some failed, or the command did, 2 wrong usage.
    """
    if dry_run and verify:
        raise click.UsageError("--dry-run and --verify exclude each other")
    dynamodb = _resource(max(_CONNECTIONS, segments or 0))
    try:
        migration = Migration(
            dynamodb.Table(table_name),
            source,
            target,
            segments=segments,
            dry_run=dry_run,
            target_table=None if into is None else dynamodb.Table(into),
            older_than=None if older_than is None else older_than.replace(tzinfo=UTC),
            **options,
        )
    except ConfigError as error:
        raise click.UsageError(f"{error.message}. {error.hint}." if error.hint else error.message) from error
    with _progress(as_json=as_json) as show:
        report = (migration.verify if verify else migration.run)(show)
    _print_report(report, as_json=as_json)
    sys.exit(0 if report.succeeded else 1)


def _resource(connections: int) -> Any:
    library: Any = boto3
    return library.resource(
        "dynamodb", region_name=region_name(None), config=Config(max_pool_connections=connections)
    )


def _print_report(report: MigrationReport, *, as_json: bool) -> None:
    if as_json:
        for failure in report.failures:
            _print_json({"type": "failure", **failure.to_dict()})
        _print_json(report.to_dict())
    else:
        for line in _lines(report):
            click.echo(printable(line))


@contextmanager
def _progress(*, as_json: bool) -> Generator[Callable[[Progress], None]]:
    """Show progress: JSON lines on standard output, or a bar on a terminal, or JSON lines on stderr."""
    if as_json:
        with _lines_of_progress(1.0, is_error=False) as show:
            yield show
    elif sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        with _lines_of_progress(_SECONDS_PER_LINE, is_error=True) as show:
            yield show


@contextmanager
def _bar() -> Generator[Callable[[Progress], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True, no_color=without_colors())) as bar:
        task = bar.add_task("items", total=None)

        def show(progress: Progress) -> None:
            total = None if progress.total is None else max(progress.total, progress.items)
            failed = progress.states.get("failed", 0)
            description = f"items, {failed} failed" if failed else "items"
            bar.update(task, completed=progress.items, total=total, description=description)

        yield show


@contextmanager
def _lines_of_progress(seconds: float, *, is_error: bool) -> Generator[Callable[[Progress], None]]:
    """Print a line at most every few seconds; on standard output also the last one."""
    printed = time.monotonic()
    pending: Progress | None = None

    def show(progress: Progress) -> None:
        nonlocal printed, pending
        pending = progress
        if time.monotonic() - printed >= seconds:
            printed, pending = time.monotonic(), None
            _print_json(progress.to_dict(), is_error=is_error)

    yield show
    if pending is not None and not is_error:
        _print_json(pending.to_dict())


def _print_json(members: dict[str, Any], *, is_error: bool = False) -> None:
    click.echo(json.dumps(members), err=is_error)


def _lines(report: MigrationReport) -> Iterator[str]:
    consumed = report.consumed
    items = sum(report.forms.values())
    verbs = {"verify": "verified", "dry-run": "counted", "run": "looked at"}
    yield f"{report.table}: {items:,} items {verbs[report.mode]}" + (
        "" if report.complete else ", incomplete"
    )
    for name, counts in (("state", report.states), ("form", report.forms), ("key", report.keys)):
        for each, count in sorted(counts.items()):
            shown = "verified" if report.mode == "verify" and each == "skipped" else each
            yield f"{name:9} {count:>9,}  {shown}"
    for call, count in sorted(consumed.kms_calls.items()):
        yield f"KMS       {count:>9,}  {call.operation} {call.key_id}"
    yield f"capacity  {consumed.read_units:>9,.1f}  read units"
    yield f"capacity  {consumed.write_units:>9,.1f}  write units"
    yield f"time      {consumed.seconds:>9,.1f}  seconds"
    if report.estimate is not None:
        yield from _estimate_lines(report.estimate)
    for failure in report.failures:
        yield _failure_line(failure)
    if report.failures:
        yield (
            "1 item failed and is as it was."
            if len(report.failures) == 1
            else (f"{len(report.failures):,} items failed and are as they were.")
        )


def _estimate_lines(estimate: Estimate) -> Iterator[str]:
    yield f"A migration would write {estimate.writes:,} items, judging by {estimate.sampled:,} of them:"
    yield f"KMS       {estimate.kms_calls:>9,}  calls"
    if estimate.kms_calls_with_hierarchy is not None:
        fewer = estimate.kms_calls_with_hierarchy
        saved = KMS_REQUEST.of(estimate.kms_calls - fewer)
        yield f"          {fewer:>9,}  calls with hierarchical keyrings, which would save ${saved:,.2f}"
    yield f"capacity  {estimate.read_units:>9,.1f}  read units"
    yield f"capacity  {estimate.write_units:>9,.1f}  write units, without secondary indexes"
    yield f"time      {estimate.seconds:>9,.1f}  seconds at least"
    yield f"cost      {estimate.dollars:>9,.2f}  dollars"
    for price in _PRICES:
        yield f"price: ${price.dollars} for {price.per:,} {price.unit}, {price.as_of}, {price.source}"


def _failure_line(failure: Failure) -> str:
    key = failure.to_dict()["key"]
    shown = " ".join(f"{name}={content}" for name, value in key.items() for content in value.values())
    return f"failed    {shown}: {failure.reason}"
