"""The command `dynaseal`, a group of commands.

- The library's own commands are listed here; other packages add theirs by the entry points
  `dynaseal.commands`.
- The exit code is 0 if done, 1 if failed, 2 if used wrongly. Data goes to stdout, everything else to stderr.
- An error that the user can correct prints one line, a hint and where it is explained, never a traceback.
"""

import os
import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
)

from dynaseal.errors import DynasealError
from dynaseal.native import engine_name

try:
    import click
except ModuleNotFoundError:
    raise SystemExit(
        "dynaseal: the command line needs the package click: pip install 'dynaseal[cli]'"
    ) from None

from dynaseal.cli.output import (
    CLOSED,
    end_without_stdout,
    is_about_output,
    print_any_character,
    printable,
    stdout_error,
    without_colors,
)

COMMANDS = "dynaseal.commands"
_LIBRARY_COMMANDS = (
    EntryPoint("cost", "dynaseal.cli.cost:cost", COMMANDS),
    EntryPoint("doctor", "dynaseal.cli.doctor:doctor", COMMANDS),
    EntryPoint("inspect", "dynaseal.cli.inspect:inspect", COMMANDS),
    EntryPoint("inspector", "dynaseal.cli.inspector:inspector", COMMANDS),
    EntryPoint("migrate", "dynaseal.cli.migrate:migrate", COMMANDS),
    EntryPoint("plan", "dynaseal.cli.plan:plan", COMMANDS),
    EntryPoint("policy", "dynaseal.cli.policy:policy", COMMANDS),
    EntryPoint("transform", "dynaseal.cli.transform:transform", COMMANDS),
)

_EXTRAS: Mapping[str, str] = {"inspector": "inspector"}
"""The extras that install a command's packages, where they are not those of the other commands."""

_INVALID_ENDPOINT = "Invalid endpoint: "
"""How botocore's error about the address of an endpoint begins, which is a ValueError."""

_HINTS: Mapping[type[Exception], str] = {
    EndpointConnectionError: "Check AWS_ENDPOINT_URL. If it names a lab, start it with `dynaseal lab serve`.",
    NoCredentialsError: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
    NoRegionError: "Set AWS_DEFAULT_REGION (boto3 does not read AWS_REGION), or a region in the profile that "
    "AWS_PROFILE names.",
}

_UNKNOWN_KEY = "Check AWS_ACCESS_KEY_ID, and whether AWS_ENDPOINT_URL is that of the lab whose key it is."
_OTHER_SIGNATURE = "Check AWS_SECRET_ACCESS_KEY. A lab that was started again may have another root secret."
_HINTS_BY_CODE: Mapping[str, str] = {
    "InvalidClientTokenId": _UNKNOWN_KEY,
    "InvalidSignatureException": _OTHER_SIGNATURE,
    "ResourceNotFoundException": "Check the table's name, the Region, the endpoint and the account.",
    "SignatureDoesNotMatch": _OTHER_SIGNATURE,
    "UnrecognizedClientException": _UNKNOWN_KEY,
}
"""What to do about a refusal, by AWS's code, where its message does not say it."""


class FailedError(click.ClickException):
    """A failure that the user can correct: one line, and a hint and a reference if there are any."""

    def __init__(self, message: str, hint: str | None = None, reference: str | None = None) -> None:
        super().__init__(printable(" ".join(message.split())))
        self.hint = hint
        self.reference = reference

    def show(self, file: Any = None) -> None:
        """Print all of it to stderr."""
        super().show(file)
        if self.hint:
            click.echo(f"Hint: {self.hint}", err=True)
        if self.reference:
            click.echo(f"See: {self.reference}", err=True)


class _Commands(click.Group):
    """A group whose commands are imported only when they are used, and whose errors are never tracebacks."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command; if standard output cannot be written, it fails with one line and a hint."""
        # Python sets it to None if its file descriptor was closed before the program began.
        if cast("object", sys.stdout) is None:
            click.echo(f"Error: {CLOSED}\nHint: To print nothing, redirect it to {os.devnull}.", err=True)
            sys.exit(1)
        print_any_character()
        try:
            return super().main(*args, **kwargs)
        except SystemExit:
            error = stdout_error()
            if error is None:
                raise
            end_without_stdout(error)
        except OSError as error:
            end_without_stdout(error)
        sys.exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_entry_points()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        entry_point = _entry_points().get(cmd_name)
        return command if command is not None or entry_point is None else _load(entry_point)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, each with its whole first sentence; click cuts it to what fits on one line."""
        listed = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_sentence(each)) for name, each in listed.items() if each])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DynasealError as error:
            raise FailedError(error.message, error.hint, error.reference) from error
        except ClientError as error:
            hint = _HINTS_BY_CODE.get(error.response.get("Error", {}).get("Code", ""))
            raise FailedError(str(error), hint) from error
        except BotoCoreError as error:
            raise FailedError(str(error), _HINTS.get(type(error))) from error
        except ValueError as error:
            if not str(error).startswith(_INVALID_ENDPOINT):
                raise
            hint = "Write AWS_ENDPOINT_URL, or endpoint_url in the profile, as http://127.0.0.1:4566."
            raise FailedError(str(error), hint) from error
        except ModuleNotFoundError as error:
            raise FailedError(*_missing(f"{ctx.invoked_subcommand}", str(error.name))) from error
        except OSError as error:
            if is_about_output(error):
                raise
            reason = error.strerror or str(error)
            raise FailedError(f"{error.filename}: {reason}" if error.filename else reason) from error


def _first_sentence(command: click.Command) -> str:
    return command.get_short_help_str(limit=sys.maxsize)


def _entry_points() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in (*_LIBRARY_COMMANDS, *entry_points(group=COMMANDS))}


def _load(point: EntryPoint) -> click.Command:
    """Return the command, or one that says which package is missing."""
    try:
        command = point.load()
    except ModuleNotFoundError as error:
        return _without_package(point.name, str(error.name))
    if not isinstance(command, click.Command):
        raise TypeError(f"the entry point {point.value} is not a click command")
    return command


def _missing(name: str, package: str) -> tuple[str, str]:
    """Return the message about a missing package, and the hint."""
    return (
        f"dynaseal {name} needs the package {package}, which is not installed",
        f"pip install 'dynaseal[{_EXTRAS.get(name, 'cli,lab')}]'",
    )


def _without_package(name: str, package: str) -> click.Command:
    def explain() -> None:
        raise FailedError(*_missing(name, package))

    return click.Command(
        name,
        callback=explain,
        short_help=f"Needs the package {package}.",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )


# Every command below it takes over the names of the help option.
def _print_version(context: click.Context, _: click.Parameter, is_asked: bool) -> None:
    if is_asked and not context.resilient_parsing:
        name = context.find_root().info_name
        click.echo(f"{name}, version {version('dynaseal')}, {engine_name()} engine")
        context.exit()


@click.group(
    cls=_Commands,
    epilog="Example: dynaseal lab serve --port 4566",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and the engine, and exit.",
)
@click.pass_context
def main(context: click.Context) -> None:
    """Client-side encryption for Amazon DynamoDB, and a local AWS to try it with."""
    if without_colors():
        context.color = False
