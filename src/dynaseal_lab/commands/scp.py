"""`dynaseal lab scp`: the service control policies of the account."""

import json
from pathlib import Path

import click

from dynaseal_lab.client import LabClient
from dynaseal_lab.commands.options import AS_JSON, ENDPOINT
from dynaseal_lab.printing import json_text, printable

_FULL_ACCESS = "FullAWSAccess"
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


@click.command(epilog="Example: dynaseal lab scp deny-deletion.json")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--only", is_flag=True, help=f"Leave out {_FULL_ACCESS}: allow only what the files allow.")
@click.option("--clear", is_flag=True, help="Remove all service control policies.")
@ENDPOINT
@AS_JSON
def scp(files: tuple[Path, ...], only: bool, clear: bool, endpoint: str, as_json: bool) -> None:
    """Show the account's service control policies, or replace them by those in FILES. Only for root.

    They limit every user and role of the account, and its root user, as those of an organization do on AWS.
    As there, the policy FullAWSAccess is kept beside them, so that a file need only say what it denies.
    """
    if clear and files:
        raise click.UsageError("--clear takes no files")
    client = LabClient.at(endpoint)
    if clear:
        policies = client.set_control_policies(None)
    elif files:
        full_access = {} if only else {_FULL_ACCESS: json.dumps(_EVERYTHING)}
        documents = {path.stem: path.read_text(encoding="utf-8") for path in files}
        policies = client.set_control_policies(full_access | documents)
    else:
        policies = client.control_policies()
    if as_json:
        click.echo(json_text({name: json.loads(document) for name, document in (policies or {}).items()}))
        return
    for name in policies or ():
        click.echo(printable(name))
    if not policies:
        click.echo("no service control policies")
