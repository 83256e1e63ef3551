"""`dynaseal lab users` and `dynaseal lab credentials`: who is there, and keys to act as one of them."""

import json
import os

import click

from dynaseal_lab.client import LabClient
from dynaseal_lab.commands.options import AS_JSON, ENDPOINT
from dynaseal_lab.profiles import ProfileFiles


@click.command(epilog="Example: dynaseal lab users --json")
@ENDPOINT
@AS_JSON
def users(endpoint: str, as_json: bool) -> None:
    """The account's users with their groups, policies and access keys."""
    found = LabClient.at(endpoint).users()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for user in found:
        click.echo(user["arn"])
        for title in ("groups", "policies", "access_keys"):
            click.echo(f"  {title.replace('_', ' '):12} {', '.join(user[title]) or '-'}")


@click.command(epilog='Example: eval "$(dynaseal lab credentials demo-full)"')
@click.argument("user")
@ENDPOINT
@click.option("--profile", help="Write a profile of this name for AWS's tools instead of printing.")
@AS_JSON
def credentials(user: str, endpoint: str, profile: str | None, as_json: bool) -> None:
    """Make an access key for USER, and print it as exports or write it as a profile.

    The secret is shown this once. The profile's files are for their owner only.
    """
    made = LabClient.at(endpoint).new_credentials(user)
    if profile is not None:
        for path in ProfileFiles.of_environment().write(profile, made):
            click.echo(f"profile {profile} written to {path}", err=True)
    elif as_json:
        click.echo(json.dumps(made, indent=2))
    else:
        for name, value in made.items():
            click.echo(f"export {name}={value}")
        if "AWS_SESSION_TOKEN" in os.environ:
            click.echo("unset AWS_SESSION_TOKEN")
