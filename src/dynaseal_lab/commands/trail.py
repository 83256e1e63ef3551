"""`dynaseal lab trail`: show what was decided, and why."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import click

from dynaseal_lab.client import LabClient
from dynaseal_lab.commands.options import AS_JSON, ENDPOINT
from dynaseal_lab.commands.trail_text import format_event
from dynaseal_lab.printing import json_text

_POLL_SECONDS = 0.5
Events = Sequence[Mapping[str, Any]]


@click.command(epilog="Example: dynaseal lab trail --denied --follow")
@ENDPOINT
@click.option("--denied", is_flag=True, help="Show denied calls only.")
@click.option("--follow", is_flag=True, help="Wait for new events and show them, until Ctrl-C.")
@AS_JSON
def trail(endpoint: str, denied: bool, follow: bool, as_json: bool) -> None:
    """Show what was decided in the account, call by call, oldest first. Only for root.

    For a denied call: which statement of which policy denies it, or why each statement that allows the action
    does not apply, and the request id that the SDK's error has. Lines have at most 80 columns, unless a name
    alone is longer. With --follow, --json prints one event per line.
    """
    client = LabClient.at(endpoint)
    batches = _following(client) if follow else iter([client.trail()])
    with suppress(KeyboardInterrupt):
        for batch in batches:
            _print([event for event in batch if not denied or event["outcome"] == "denied"], follow, as_json)


def _following(client: LabClient) -> Iterator[Events]:
    after = 0
    while True:
        batch = client.trail(after)
        if batch:
            after = batch[-1]["sequence"]
            yield batch
        time.sleep(_POLL_SECONDS)


def _print(events: Events, follow: bool, as_json: bool) -> None:
    if as_json and not follow:
        click.echo(json_text(events))
        return
    for event in events:
        click.echo(json_text(event, indent=None) if as_json else format_event(event))
