"""`dynaseal doctor`: a configuration against its table, keys, permissions and stored items, read-only."""

import json
import sys

import click

from dynaseal.boto.doctor.diagnose import DEFAULT_SAMPLE, diagnose
from dynaseal.boto.doctor.diagnosis import Diagnosis
from dynaseal.boto.permissions import Role
from dynaseal.cli.configurations import config_reference
from dynaseal.cli.output import printable
from dynaseal.config import TableConfig
from dynaseal.native import engine_name

_COLORS = {"error": "red", "warning": "yellow", "note": "cyan"}
_WIDTH = 9


@click.command(epilog="Example: dynaseal doctor customers --config tables.py:customers")
@click.argument("table_name", metavar="TABLE")
@click.option(
    "--config",
    required=True,
    type=config_reference,
    metavar="MODULE:NAME",
    help="The table's configuration: a TableConfig in a module or a file.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    default=DEFAULT_SAMPLE,
    show_default=True,
    help="How many stored items to look at.",
)
@click.option(
    "--role",
    type=click.Choice([Role.READER.value, Role.WRITER.value]),
    help="Check only the permissions of a reader or of a writer; by default those of both.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(*, table_name: str, config: TableConfig, sample: int, role: str | None, as_json: bool) -> None:
    """Compare a configuration with TABLE, its keys, your permissions and stored items.

    Changes nothing. Decrypts the items of the sample, as any reader does, and shows none of their encrypted
    values. Each finding has one thing to do. What could not be looked at is listed as "not checked", with the
    permission that is missing.

    TABLE is the table's name or ARN. Credentials and Region come from the environment; the keyring and the
    key stores of the configuration have their own clients.

    Exit code: 0 no errors, 1 a finding is an error or the command failed, 2 wrong usage.
    """
    chosen = None if role is None else Role(role)
    diagnosis = diagnose(table_name, config, sample=sample, role=chosen)
    if as_json:
        click.echo(json.dumps({**diagnosis.to_dict(), "engine": engine_name()}, indent=2))
    else:
        _print(diagnosis)
    sys.exit(1 if diagnosis.has_errors else 0)


def _print(diagnosis: Diagnosis) -> None:
    click.echo(f"engine: {engine_name()}")
    for finding in diagnosis.findings:
        click.secho(f"{finding.severity:{_WIDTH}}", fg=_COLORS[finding.severity], nl=False)
        click.echo(f"{finding.code}: {printable(finding.subject)}")
        click.echo(f"{'':{_WIDTH}}{printable(finding.message)}.")
        click.echo(f"{'':{_WIDTH}}To do: {printable(finding.action)}.")
        click.echo(f"{'':{_WIDTH}}See: {finding.reference}")
    for each in diagnosis.not_checked:
        reason = f" (needs {each.permission})" if each.permission else ""
        click.echo(f"not checked: {printable(each.subject)}")
        click.echo(f"{'':{_WIDTH}}{printable(each.message)}{reason}.")
    if not diagnosis.findings:
        rest = " in what could be checked" if diagnosis.not_checked else ""
        click.echo(f"nothing found{rest}; {diagnosis.items} stored items looked at")
