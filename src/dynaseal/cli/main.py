"""The command `dynaseal`: one group, more of its commands found by the entry points `dynaseal.commands`.

Rules:
- The library's own commands are named here; whoever else offers one names it in that group of entry points.
- Exit code 0 done, 1 failed, 2 wrong usage; data on stdout, everything else on stderr.
- What a user can mend is one line and a hint, never a traceback.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
)

from dynaseal.errors import DynasealError

try:
    import click
except ModuleNotFoundError:
    raise SystemExit(
        "dynaseal: the command line needs the package click: pip install 'dynaseal[cli]'"
    ) from None

COMMANDS = "dynaseal.commands"
_OWN = (EntryPoint("plan", "dynaseal.cli.plan:plan", COMMANDS),)

_HINTS: Mapping[type[Exception], str] = {
    EndpointConnectionError: "Is it running? `dynaseal lab serve` starts a lab; AWS_ENDPOINT_URL says where.",
    NoCredentialsError: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
    NoRegionError: "Set AWS_REGION.",
}


class FailedError(click.ClickException):
    """A failure that the user can mend: one line, and a hint where there is one."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(" ".join(message.split()))
        self.hint = hint

    def show(self, file: Any = None) -> None:
        """Print both on stderr."""
        super().show(file)
        if self.hint:
            click.echo(f"Hint: {self.hint}", err=True)


class _Commands(click.Group):
    """A group whose commands are loaded when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_found()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        own = super().get_command(ctx, cmd_name)
        offered = _found().get(cmd_name)
        return own if own is not None or offered is None else _load(offered)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DynasealError as error:
            raise FailedError(error.message, error.hint) from error
        except (BotoCoreError, ClientError) as error:
            raise FailedError(str(error), _HINTS.get(type(error))) from error


def _found() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in (*_OWN, *entry_points(group=COMMANDS))}


def _load(point: EntryPoint) -> click.Command:
    """The command, or one that says which package it lacks."""
    try:
        command = point.load()
    except ModuleNotFoundError as error:
        return _lacking(point.name, str(error.name))
    if not isinstance(command, click.Command):
        raise TypeError(f"The entry point {point.value} is no command")
    return command


def _lacking(name: str, package: str) -> click.Command:
    def explain() -> None:
        raise FailedError(
            f"dynaseal {name} needs the package {package}, which is not installed",
            "pip install 'dynaseal[cli,lab]'",
        )

    return click.Command(
        name,
        callback=explain,
        short_help=f"Needs the package {package}.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


@click.group(cls=_Commands, epilog="Example: dynaseal lab serve --port 4566")
@click.version_option(package_name="dynaseal")
def main() -> None:
    """Client-side encryption for Amazon DynamoDB, and a local AWS to rehearse it in."""
