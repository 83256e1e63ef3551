"""`dynaseal lab clock`: show the lab's time, or move it forward."""

import re
from datetime import timedelta

import click

from dynaseal_lab.client import LabClient
from dynaseal_lab.commands.options import AS_JSON, ENDPOINT
from dynaseal_lab.printing import json_text, printable

_DURATION = re.compile(
    r"\+?(?=\d)(?:(?P<days>\d+)d)?(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m)?(?:(?P<seconds>\d+)s)?", re.ASCII
)


def parse_duration(value: str) -> timedelta:
    """Parse a duration as a person types it: `+91d`, `+12h`, `+1d12h30m`.

    Raises:
        ValueError: It is not a duration, or too long for one.

    Example:
        >>> parse_duration("+1d12h")
        datetime.timedelta(days=1, seconds=43200)
    """
    match = _DURATION.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is not a duration; write +91d, +12h, +30m, +90s or +1d12h")
    try:
        return timedelta(**{unit: int(number) for unit, number in match.groupdict(default="0").items()})
    except OverflowError as error:
        raise ValueError(f"{value!r} is too long; the clock moves at most 100 years") from error


def _duration(_context: click.Context, _parameter: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return None if value is None else parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(epilog="Example: dynaseal lab clock +91d")
@click.argument("forward", required=False, callback=_duration)
@ENDPOINT
@AS_JSON
def clock(forward: timedelta | None, endpoint: str, as_json: bool) -> None:
    """Move the lab's time FORWARD, if given, and show it: +91d, +12h, +1d12h30m. Only for root.

    Key rotation, deletion windows, the expiry of temporary credentials and the dates in policies and the
    trail follow this time. Signatures follow the machine's clock, so clients need no change.
    """
    client = LabClient.at(endpoint)
    time = client.clock() if forward is None else client.advance_clock(forward)
    if as_json:
        click.echo(json_text(time))
    else:
        click.echo(f"{printable(time['now'])}, {timedelta(seconds=time['seconds_ahead'])} ahead")
