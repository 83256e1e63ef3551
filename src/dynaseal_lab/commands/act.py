"""`dynaseal lab as`: run a program as one of a lab's users."""

import os
import sys
from collections.abc import Sequence

import click

from dynaseal_lab.client import LabClient
from dynaseal_lab.commands.options import ENDPOINT
from dynaseal_lab.commands.programs import ARGUMENTS_OF_ANOTHER_PROGRAM, COMMAND, run_program
from dynaseal_lab.environment import environment


@click.command(
    "as",
    epilog="Example: dynaseal lab as demo-limited -- python demo.py",
    context_settings=ARGUMENTS_OF_ANOTHER_PROGRAM,
)
@click.argument("user")
@ENDPOINT
@COMMAND
def act(user: str, endpoint: str, command: Sequence[str]) -> None:
    """Run COMMAND as USER of a running lab.

    COMMAND gets a new access key, which is deleted when it ends. Its exit code is this command's exit code.
    """
    client = LabClient.at(endpoint)
    credentials = client.new_credentials(user)
    try:
        exit_code = run_program(command, environment(os.environ, credentials))
    finally:
        client.delete_credentials(user, credentials["AWS_ACCESS_KEY_ID"])
    sys.exit(exit_code)
