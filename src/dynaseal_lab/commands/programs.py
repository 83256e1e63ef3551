"""Run a program in the foreground, as `dynaseal lab run` and `dynaseal lab as` do.

Rules:
- The program's exit code becomes the command's. As in a shell, it is 128 plus the signal's number if a signal
  ended the program, and 127 if there is no such program.
- The program handles Ctrl-C itself; SIGTERM is passed on to it.
"""

import signal
import subprocess
from collections.abc import Mapping, Sequence
from types import FrameType

import click

NOT_FOUND = 127
_ENDED_BY_SIGNAL = 128
ARGUMENTS_OF_ANOTHER_PROGRAM: Mapping[str, bool] = {
    "ignore_unknown_options": True,
    "allow_interspersed_args": False,
}
"""click's settings of a command whose arguments belong to another program: options in them are left alone."""


def _program(
    _context: click.Context, parameter: click.Parameter, arguments: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the program and its arguments, without the `--` in front of them."""
    program = arguments[1:] if arguments[:1] == ("--",) else arguments
    if not program:
        raise click.MissingParameter(param=parameter)
    return program


COMMAND = click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, callback=_program)


def run_program(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a program until it ends, and return its exit code as a shell does."""
    program: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward_signal(number: int, _frame: FrameType | None) -> None:
        if program is None:
            early.append(number)
        else:
            program.send_signal(number)

    # Before the program exists: a signal that ended this one meanwhile would leave the program behind.
    previous_handlers = {signal.SIGTERM: signal.signal(signal.SIGTERM, forward_signal)}
    try:
        program = subprocess.Popen(command, env=environment)  # noqa: S603 - the command that the user typed
        for number in early:
            program.send_signal(number)
        # When the program exists, which would ignore Ctrl-C as well.
        previous_handlers[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
        code = program.wait()
    except OSError as error:
        click.echo(f"Error: {command[0]} cannot be run: {error.strerror}", err=True)
        return NOT_FOUND
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
    return code if code >= 0 else _ENDED_BY_SIGNAL - code
