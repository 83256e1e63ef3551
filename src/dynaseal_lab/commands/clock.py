"""`dynaseal lab clock`: the lab's time, which goes forward at a word."""

import json
from datetime import timedelta

import click

from dynaseal_lab.client import LabClient
from dynaseal_lab.commands.options import AS_JSON, ENDPOINT
from dynaseal_lab.durations import duration


def _duration(_context: click.Context, _parameter: click.Parameter, text: str | None) -> timedelta | None:
    try:
        return None if text is None else duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(epilog="Example: dynaseal lab clock +91d")
@click.argument("forward", required=False, callback=_duration)
@ENDPOINT
@AS_JSON
def clock(forward: timedelta | None, endpoint: str, as_json: bool) -> None:
    """Show the lab's time, or move it FORWARD first: +91d, +12h, +1d12h30m; for an account's root.

    Rotation, deletion windows, the end of temporary credentials and the dates of policies and the trail go by
    this time; signatures by the machine's, so clients go on as they are.
    """
    client = LabClient.at(endpoint)
    answer = client.clock() if forward is None else client.advance_clock(forward)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        click.echo(f"{answer['now']}, {timedelta(seconds=answer['seconds_ahead'])} ahead")
