"""`dynaseal lab who-can`: who may do an action on a resource, and why the others may not."""

from collections.abc import Mapping
from typing import Any

import click

from dynaseal_lab.client import LabClient
from dynaseal_lab.commands.options import AS_JSON, ENDPOINT
from dynaseal_lab.commands.trail_text import wrapped_statements
from dynaseal_lab.printing import json_text, printable

_EXAMPLE = "dynaseal lab who-can kms:Decrypt alias/client --context kms:EncryptionContext:dept=hr"


@click.command("who-can", epilog=f"Example: {_EXAMPLE}")
@click.argument("action")
@click.argument("resource")
@click.option(
    "--context",
    multiple=True,
    metavar="KEY=VALUE",
    help="A condition key of the request, such as dynamodb:LeadingKeys=ann; may be repeated.",
)
@ENDPOINT
@AS_JSON
def who_can(action: str, resource: str, context: tuple[str, ...], endpoint: str, as_json: bool) -> None:
    """List who may do ACTION on RESOURCE, and why everybody else may not. Only for root.

    RESOURCE is an ARN or '*'; a KMS key may also be named by its id or alias, a table by its name. The
    answer comes from the evaluator and the policies as they are now: nothing is called, and the trail gets no
    event. A role stands for its sessions without session policies. Principals of other accounts are listed
    only if they may.
    """
    answer = LabClient.at(endpoint).who_can(action, resource, context)
    if as_json:
        click.echo(json_text(answer))
        return
    click.echo(printable(f"{answer['action']} on {answer['resource']}"))
    for title, may, color in (("may", True, "green"), ("may not", False, "red")):
        principals = [entry for entry in answer["principals"] if entry["may"] is may]
        click.echo("\n" + click.style(title, fg=color, bold=True) + ("" if principals else ": nobody"))
        for entry in principals:
            click.echo(_format(entry))


def _format(entry: Mapping[str, Any]) -> str:
    lines = [printable(f"  {entry['principal']}")]
    if not entry["may"]:
        lines.append(f"    {entry['reason_in_words']}")
    return "\n".join([*lines, *wrapped_statements(entry["statements"], "    ")])
