"""`dynaseal lab explain`: everything that the trail has about one call."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import click

from dynaseal_lab.client import LabClient
from dynaseal_lab.commands.options import AS_JSON, ENDPOINT
from dynaseal_lab.commands.trail_text import explain_event
from dynaseal_lab.printing import CommandError, json_text, printable

Event = Mapping[str, Any]


@click.command(epilog="Example: dynaseal lab explain 5f0c2e1a")
@click.argument("request", required=False)
@ENDPOINT
@AS_JSON
def explain(request: str | None, endpoint: str, as_json: bool) -> None:
    """Explain one call of the trail: who, what, on what, and which statements decided. Only for root.

    REQUEST is the request id that the SDK's error has, or its beginning; without it, the last call that was
    denied. One call may need several permissions, and each is explained.
    """
    events = _events_of(LabClient.at(endpoint).trail(), request)
    if as_json:
        click.echo(json_text(events))
        return
    click.echo("\n\n".join(map(explain_event, events)))
    for event in events:
        if event["outcome"] == "denied":
            question = f"{event['action']} {shlex.quote(event['resource'])}"
            click.echo(f"\nWho may do it: dynaseal lab who-can {printable(question)}")


def _events_of(trail: Sequence[Event], request: str | None) -> list[Event]:
    """Return the events of one call.

    Raises:
        CommandError: The trail has no such call, or several.
    """
    if request is None:
        denied = [event["request_id"] for event in trail if event["outcome"] == "denied"]
        if not denied:
            raise CommandError("The trail has no call that was denied; name a call by its request id")
        request = str(denied[-1])
    found = [event for event in trail if event["request_id"].startswith(request)]
    ids = {event["request_id"] for event in found}
    if not found:
        raise CommandError(f"The trail has no call with the request id {request}")
    if len(ids) > 1:
        message = f"{len(ids)} calls have request ids that begin with {request}; write more of it"
        raise CommandError(message)
    return found
