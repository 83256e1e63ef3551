"""`dynaseal lab users` and `dynaseal lab credentials`: list the users, and make access keys for them."""

import os
import shlex

import click

from dynaseal_lab.client import LabClient
from dynaseal_lab.commands.options import AS_JSON, ENDPOINT
from dynaseal_lab.printing import json_text, printable
from dynaseal_lab.profiles import ProfileFiles

_MOST_KEYS = 2
"""The number of access keys that IAM allows per user."""


@click.command(epilog="Example: dynaseal lab users --json")
@ENDPOINT
@AS_JSON
def users(endpoint: str, as_json: bool) -> None:
    """List the account's users with their groups, policies and access keys."""
    listed = LabClient.at(endpoint).users()
    if as_json:
        click.echo(json_text(listed))
        return
    for user in listed:
        click.echo(printable(user["arn"]))
        for title in ("groups", "policies", "access_keys"):
            click.echo(f"  {title.replace('_', ' '):12} {printable(', '.join(user[title])) or '-'}")


@click.command(epilog='Example: eval "$(dynaseal lab credentials demo-full)"')
@click.argument("user")
@ENDPOINT
@click.option("--profile", help="Write a profile with this name for AWS's tools instead of printing.")
@click.option("--replace", is_flag=True, help="If USER has two access keys, delete the older one first.")
@AS_JSON
def credentials(user: str, endpoint: str, profile: str | None, replace: bool, as_json: bool) -> None:
    """Make an access key for USER, and print it as exports or write it as a profile.

    The secret is shown only this once. Only their owner can read the profile's files. A user can have two
    access keys; a key of USER that is in the profile already is deleted, because the new one replaces it.
    """
    client = LabClient.at(endpoint)
    files = ProfileFiles.of_environment()
    if profile is not None:
        files.check(profile)
    key_ids = list(client.access_keys(user)) if replace or profile is not None else []
    replaced = files.access_key_id(profile) if profile is not None else None
    if replaced in key_ids:
        client.delete_credentials(user, str(replaced))
    elif replace and len(key_ids) >= _MOST_KEYS:
        client.delete_credentials(user, key_ids[0])
    variables = client.new_credentials(user)
    if profile is not None:
        for path in files.write(profile, variables):
            click.echo(f"profile {profile} written to {path}", err=True)
    elif as_json:
        click.echo(json_text(variables))
    else:
        for name, value in variables.items():
            click.echo(f"export {name}={shlex.quote(value)}")
        if "AWS_SESSION_TOKEN" in os.environ:
            click.echo("unset AWS_SESSION_TOKEN")
