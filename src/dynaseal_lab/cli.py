"""`dynaseal lab`: serve a lab, inspect a running one, run programs in it.

The commands that inspect a lab are clients like any other: they sign with the credentials that AWS's tools
find, and send their requests to `AWS_ENDPOINT_URL`, which must be on this machine.
"""

from collections.abc import Mapping
from importlib import import_module

import click

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "as": ("act", "act"),
    "clock": ("clock", "clock"),
    "credentials": ("users", "credentials"),
    "run": ("run", "run"),
    "serve": ("serve", "serve"),
    "trail": ("trail", "trail"),
    "users": ("users", "users"),
}
"""The commands by name: the module in `commands`, and the function in it."""


class _Commands(click.Group):
    """A group that imports a command's module when the command is used: most need no server."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(f"dynaseal_lab.commands.{module}"), name)
        return command


@click.group(cls=_Commands, epilog="Example: dynaseal lab serve --port 4566")
def lab() -> None:
    """A local AWS: IAM, STS, KMS and DynamoDB with real authorisation."""
