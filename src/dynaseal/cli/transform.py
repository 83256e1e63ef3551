"""`dynaseal transform`: a filter for the files of an export to S3, from one configuration to another."""

import json
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Final, cast

import click

from dynaseal.cli.configurations import config_reference, load_config
from dynaseal.cli.main import FailedError
from dynaseal.config import TableConfig
from dynaseal.errors import ConfigError
from dynaseal.migrate import PLAINTEXT
from dynaseal.migrate.exports.chunks import FailedLine
from dynaseal.migrate.exports.lines import LineTransformer
from dynaseal.migrate.exports.pipeline import Counts, available_cores, transform_stream
from dynaseal.migrate.exports.reading import InputError
from dynaseal.migrate.exports.workers import WorkerError
from dynaseal.migrate.transforming import make_encryptors

_PLAINTEXT: Final = "plaintext"
_SECONDS_ON_TERMINAL, _SECONDS_ELSEWHERE = 0.2, 10.0


@click.command(
    epilog="Example: dynaseal transform --from tables.py:old --to tables.py:new <export.json.gz >new.json.gz"
)
@click.option(
    "--from",
    "source",
    required=True,
    metavar="MODULE:NAME",
    help="The configuration that the items were written with.",
)
@click.option(
    "--to",
    "target",
    required=True,
    metavar="MODULE:NAME",
    help="The configuration to write them with; or the word plaintext, to decrypt them.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="How many processes transform items; by default one for each core.",
)
@click.option(
    "--failed",
    "failed_path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to list the lines that could not be transformed; by default stderr.",
)
def transform(*, source: str, target: str, jobs: int | None, failed_path: Path | None) -> None:
    """Transform the items of an export from one configuration to another.

    Reads DynamoDB JSON from stdin, one item per line, as an export to S3 has it, and writes it to stdout in
    the same order: encrypted under another key, with other attribute actions, from the older library's
    format, or from plaintext. Gzip is recognised, and then the output is gzip too. The images of an
    incremental export are transformed as well. Items that are already as --to writes them are copied.

    A line that cannot be transformed is not in the output. --failed has one JSON object for each: the line's
    number from 1, the item's key, and the reason.

    Output that was cut off does not look whole: gzip has no end then, and plain lines no last line break.

    Exit code: 0 if every line was transformed, 1 if some failed or the run ended early, 2 for wrong usage.
    """
    if cast("object", sys.stdin) is None or sys.stdin.isatty():
        raise click.UsageError("Pass a file on stdin: dynaseal transform ... <export.json.gz >new.json.gz")
    _check_references(source, target)
    progress = _Progress()
    with ExitStack() as stack:
        failed: IO[str] = sys.stderr
        if failed_path is not None:
            failed = stack.enter_context(failed_path.open("w", encoding="utf-8"))
        try:
            counts = transform_stream(
                sys.stdin.buffer,
                sys.stdout.buffer,
                partial(_line_transformer, source, target),
                jobs=jobs or available_cores(),
                report_failures=partial(_write_failures, failed),
                report_progress=progress.report,
            )
        except (InputError, WorkerError) as error:
            progress.end()
            raise FailedError(str(error), "The output is not complete: delete it.") from error
    progress.finish(counts)
    if counts.failed:
        raise SystemExit(1)


def _check_references(source: str, target: str) -> None:
    """Load both configurations, so that an error in them is wrong usage; no process has started yet."""
    try:
        _line_transformer(source, target, config_reference)
    except ConfigError as error:
        raise click.UsageError(str(error)) from error


def _line_transformer(
    source: str, target: str, load: Callable[[str], TableConfig] = load_config
) -> LineTransformer:
    """Make the transformer of one process."""
    written_with = load(source)
    to_write_with = PLAINTEXT if target == _PLAINTEXT else load(target)
    return LineTransformer(*make_encryptors("dynaseal transform", written_with, to_write_with))


def _write_failures(file: IO[str], lines: tuple[FailedLine, ...]) -> None:
    for line in lines:
        file.write(line.as_json().decode() + "\n")
    file.flush()


class _Progress:
    """Reports on stderr: on a terminal one line that is written again, elsewhere one JSON object per line."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self._on_terminal = sys.stderr.isatty()
        self._interval = _SECONDS_ON_TERMINAL if self._on_terminal else _SECONDS_ELSEWHERE
        self._is_line_open = False

    def report(self, counts: Counts) -> None:
        """Report how far it is, unless that was done a moment ago."""
        now = time.monotonic()
        if now - self._last >= self._interval:
            self._last = now
            self._print(counts, is_done=False)

    def finish(self, counts: Counts) -> None:
        """Report the final counts."""
        self._print(counts, is_done=True)
        self.end()

    def end(self) -> None:
        """End the line on the terminal, so that something else can be printed."""
        if self._is_line_open:
            click.echo(err=True)
            self._is_line_open = False

    def _print(self, counts: Counts, *, is_done: bool) -> None:
        seconds = time.monotonic() - self._start
        if self._on_terminal:
            text = (
                f"{counts.lines:,} lines in {seconds:,.0f} s ({counts.lines / max(seconds, 1e-9):,.0f}/s): "
                f"{counts.changed:,} changed, {counts.skipped:,} skipped, {counts.failed:,} failed"
            )
            click.echo(f"\r{text}\x1b[K", nl=False, err=True)
            self._is_line_open = True
            return
        click.echo(json.dumps(_as_json(counts, seconds, is_done=is_done)), err=True)


def _as_json(counts: Counts, seconds: float, *, is_done: bool) -> dict[str, object]:
    return {
        "done": is_done,
        "lines": counts.lines,
        "changed": counts.changed,
        "skipped": counts.skipped,
        "failed": counts.failed,
        "blank": counts.blank,
        "seconds": round(seconds, 3),
        "kms_calls": [
            {"operation": call.operation, "key": call.key_id, "calls": count}
            for call, count in sorted(counts.kms_calls.items())
        ],
    }
