"""Where commands print to: a full or closed standard output is an error of one line, and NO_COLOR counts.

Source: https://no-color.org, and https://docs.python.org/3/library/signal.html#note-on-sigpipe
"""

import errno
import os
import sys
from contextlib import suppress
from typing import IO

import click

CLOSED = "Standard output is closed"
_OUTPUT_ERRORS = (errno.EPIPE, errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EBADF, errno.EDQUOT)


def printable(text: str) -> str:
    r"""Return a string with everything escaped that a terminal would not print as a character.

    Example:
        >>> printable("a table\x1b[2J"), printable("Zoë")
        ('a table\\x1b[2J', 'Zoë')
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def print_any_character() -> None:
    """Let standard output escape the characters that its encoding does not have, instead of failing."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)  # what a test puts in its place may have none
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def without_colors() -> bool:
    """Return whether the user wants no colours."""
    return bool(os.environ.get("NO_COLOR"))


def is_about_output(error: OSError) -> bool:
    """Return whether an error is about an open stream that cannot be written, and not about a named file."""
    return error.filename is None and error.errno in _OUTPUT_ERRORS


def stdout_error() -> OSError | None:
    """Write what standard output has not written yet, and return the error if it cannot."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return error
    return None


def end_without_stdout(error: OSError) -> None:
    """Report that standard output cannot be written, unless its reader ended, and discard the rest of it.

    Without that, Python tries once more at its end and prints a traceback.
    """
    if error.errno != errno.EPIPE:
        with suppress(OSError):
            click.echo(f"Error: Standard output cannot be written: {error.strerror}", err=True)
            click.echo("Hint: Check the file or the program that the output goes to.", err=True)
    for stream in (sys.stdout, sys.stderr):
        _discard(stream)


def _discard(stream: IO[str]) -> None:
    """Send what a stream cannot write to the null device."""
    try:
        stream.flush()
    except OSError:
        with suppress(OSError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
