"""`dynaseal lab as`: a program as one of a lab's users."""

import os
import sys
from collections.abc import Sequence

import click

from dynaseal_lab.client import LabClient
from dynaseal_lab.commands.options import ENDPOINT
from dynaseal_lab.commands.programs import COMMAND, OF_ANOTHER, outcome
from dynaseal_lab.environment import environment


@click.command(
    "as", epilog="Example: dynaseal lab as demo-limited -- python demo.py", context_settings=OF_ANOTHER
)
@click.argument("user")
@ENDPOINT
@COMMAND
def act(user: str, endpoint: str, command: Sequence[str]) -> None:
    """Run COMMAND as USER of a lab that runs.

    It gets an access key of its own, which is deleted when it ends. Its exit code is this command's.
    """
    client = LabClient.at(endpoint)
    own = client.new_credentials(user)
    try:
        code = outcome(command, environment(os.environ, own))
    finally:
        client.delete_credentials(user, own["AWS_ACCESS_KEY_ID"])
    sys.exit(code)
