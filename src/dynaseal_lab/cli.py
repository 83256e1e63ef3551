"""`dynaseal lab`: serve a lab, and look into one."""

import click

from dynaseal_lab.server import PortTakenError, new_root_secret
from dynaseal_lab.server import serve as serve_lab


@click.group()
def lab() -> None:
    """A small AWS on this machine: IAM, STS, KMS and DynamoDB with real authorisation."""


@lab.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, takes a free one.")
@click.option("--root-secret", help="Secret access key of every account's root; random unless given.")
def serve(port: int, root_secret: str | None) -> None:
    r"""Serve a lab until it is stopped.

    \b
    Example:
      dynaseal lab serve --port 4566
    """
    secret = root_secret or new_root_secret()
    if root_secret is None:
        click.echo(f"root secret, the same for every account: {secret}", err=True)
    try:
        serve_lab(port, secret, lambda endpoint: click.echo(f"lab ready at {endpoint}"))
    except PortTakenError as error:
        raise click.ClickException(str(error)) from error
