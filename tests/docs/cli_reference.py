"""Renders `docs/reference/cli.md` from the help of the commands.

python tests/docs/cli_reference.py > docs/reference/cli.md
"""

from collections.abc import Iterator

import click

from dynaseal.cli.main import main

_WIDTH = 100
_HEAD = """# Commands

Every command of `dynaseal`, with its `--help`, for which `-h` is short. Exit codes are 0 for success,
1 for failure and 2 for wrong usage, unless the command's help says otherwise. Data goes to stdout,
everything else to stderr. The package's extra `cli` installs the commands, the extra `lab` those of the lab,
and the extra `inspector` the inspector.
"""


def commands(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Yield a command and all its subcommands, each in a context with its full name."""
    context = click.Context(
        command,
        parent,
        info_name=name,
        terminal_width=_WIDTH,
        max_content_width=_WIDTH,
        color=False,
        help_option_names=command.context_settings.get("help_option_names"),
    )
    yield context
    if isinstance(command, click.Group):
        for subcommand_name in command.list_commands(context):
            subcommand = command.get_command(context, subcommand_name)
            if subcommand is not None:
                yield from commands(subcommand, subcommand_name, context)


def render() -> str:
    """Return the page."""
    sections = (
        f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"
        for context in commands(main, "dynaseal")
    )
    return "\n".join([_HEAD, *sections])


if __name__ == "__main__":
    click.echo(render(), nl=False)
