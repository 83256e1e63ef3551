"""The command `dynaseal`: a group that gathers its commands from the entry points `dynaseal.commands`."""

import click


@click.group()
def main() -> None:
    """Client-side encryption for Amazon DynamoDB."""
