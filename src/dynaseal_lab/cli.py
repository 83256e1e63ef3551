"""`dynaseal lab`: serve a lab, inspect a running one, run programs in it.

The commands that inspect a lab are clients like any other: they sign with the credentials that AWS's tools
find, and send their requests to `AWS_ENDPOINT_URL`, which must be on this machine.
"""

import sys
from collections.abc import Mapping
from importlib import import_module

import click

from dynaseal_lab.printing import CommandError

_COMMANDS: Mapping[str, tuple[str, str]] = {
    "as": ("act", "act"),
    "clock": ("clock", "clock"),
    "credentials": ("users", "credentials"),
    "explain": ("explain", "explain"),
    "run": ("run", "run"),
    "scp": ("scp", "scp"),
    "serve": ("serve", "serve"),
    "trail": ("trail", "trail"),
    "users": ("users", "users"),
    "who-can": ("who_can", "who_can"),
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
        try:
            command: click.Command = getattr(import_module(f"dynaseal_lab.commands.{module}"), name)
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package == "dynaseal_lab":
                raise
            return _without_package(cmd_name, package)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with its whole first sentence; click cuts it to what fits on one line."""
        listed = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_sentence(each)) for name, each in listed.items() if each])


def _first_sentence(command: click.Command) -> str:
    return command.get_short_help_str(limit=sys.maxsize)


def _without_package(name: str, package: str) -> click.Command:
    """Return a command that says which package is missing, so that the others and --help work."""

    def explain() -> None:
        raise CommandError(
            f"dynaseal lab {name} needs the package {package}, which is not installed",
            "pip install 'dynaseal[lab]'",
        )

    return click.Command(
        name,
        callback=explain,
        short_help=f"Needs the package {package}.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


@click.group(cls=_Commands, epilog="Example: dynaseal lab serve --port 4566")
def lab() -> None:
    """A local AWS: IAM, STS, KMS and DynamoDB with real authorisation."""
