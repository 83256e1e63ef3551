"""What the commands print: strings from elsewhere without control characters, and errors with a hint."""

import json
from typing import Any

import click


def printable(text: str) -> str:
    r"""Return a string with everything escaped that a terminal would not print as a character.

    Names and values come from callers, who may put escape sequences, line ends or marks that reverse the
    direction of text into them.

    Example:
        >>> printable("user/ann\x1b[2J\n"), printable("Zoë")
        ('user/ann\\x1b[2J\\n', 'Zoë')
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def json_text(content: object, *, indent: int | None = 2) -> str:
    r"""Return JSON in ASCII without control characters other than line ends.

    Example:
        >>> json_text({"name": "\x7f\u202e"}, indent=None)
        '{"name": "\\u007f\\u202e"}'
    """
    return json.dumps(content, indent=indent).replace("\x7f", "\\u007f")


class CommandError(click.ClickException):
    """A failure that the user can correct: one line, and a hint if there is one."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(printable(" ".join(message.split())))
        self.hint = hint

    def show(self, file: Any = None) -> None:
        """Print both to stderr."""
        super().show(file)
        if self.hint:
            click.echo(f"Hint: {self.hint}", err=True)
