"""Run a program and be its stand-in: what `dynaseal lab run` and `dynaseal lab as` have in common.

Rules:
- The program's exit code is the command's; 128 and the signal's number where a signal ended it, 127 where
  there is no such program, as shells have it.
- Ctrl-C is the program's to handle; SIGTERM is passed on to it.
"""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType

import click

NOT_FOUND = 127
_ENDED_BY_SIGNAL = 128
OF_ANOTHER: Mapping[str, bool] = {"ignore_unknown_options": True, "allow_interspersed_args": False}
"""Settings of a command whose arguments are another program's: its options are not looked at."""


def _program(_context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """The program and its arguments, without the `--` that parts them from the command's own."""
    program = words[1:] if words[:1] == ("--",) else words
    if not program:
        raise click.MissingParameter(param=parameter)
    return program


COMMAND = click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, callback=_program)


def outcome(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a program to its end; its exit code, as a shell would give it."""
    try:
        program = subprocess.Popen(command, env=variables)  # noqa: S603 - the command that the user typed
    except OSError as error:
        click.echo(f"Error: {command[0]} cannot be run: {error.strerror}", err=True)
        return NOT_FOUND

    def pass_on(number: int, _frame: FrameType | None) -> None:
        program.send_signal(number)

    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
        signal.SIGTERM: signal.signal(signal.SIGTERM, pass_on),
    }
    try:
        code = program.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else _ENDED_BY_SIGNAL - code
