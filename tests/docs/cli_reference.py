"""The commands as a page of text: what `docs/reference/cli.md` must be.

python tests/docs/cli_reference.py > docs/reference/cli.md
"""

from collections.abc import Iterator

import click

from dynaseal.cli.main import main

_WIDTH = 100
_HEAD = """# Commands

Every command of `dynaseal`, as its `--help` says it. Exit code 0 done, 1 failed, 2 wrong usage, unless the
command says otherwise; data on stdout, everything else on stderr. The package's extra `cli` brings the
commands, `lab` those of the lab.
"""


def commands(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """Give a command and those below it, each in a context that has its whole name."""
    context = click.Context(
        command, parent, info_name=name, terminal_width=_WIDTH, max_content_width=_WIDTH, color=False
    )
    yield context
    if isinstance(command, click.Group):
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            if found is not None:
                yield from commands(found, each, context)


def render() -> str:
    """Give the page."""
    sections = (
        f"## {context.command_path}\n\n```text\n{context.get_help()}\n```\n"
        for context in commands(main, "dynaseal")
    )
    return "\n".join([_HEAD, *sections])


if __name__ == "__main__":
    click.echo(render(), nl=False)
