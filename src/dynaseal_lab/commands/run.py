"""`dynaseal lab run`: run a program in a lab of its own."""

import os
import sys
from collections.abc import Sequence

import click

from dynaseal_lab.commands.programs import ARGUMENTS_OF_ANOTHER_PROGRAM, COMMAND, run_program
from dynaseal_lab.environment import DEFAULT_REGION, environment, settings
from dynaseal_lab.iam.names import is_account
from dynaseal_lab.server import running


@click.command(
    epilog="Example: dynaseal lab run -- pytest tests/integration",
    context_settings=ARGUMENTS_OF_ANOTHER_PROGRAM,
)
@click.option(
    "--account", default="111122223333", show_default=True, help="The account as whose root the program runs."
)
@click.option("--region", default=DEFAULT_REGION, show_default=True, help="The program's Region.")
@COMMAND
def run(account: str, region: str, command: Sequence[str]) -> None:
    """Start a lab in memory, run COMMAND as the root of an account in it, and stop the lab.

    COMMAND finds the endpoint, a Region and credentials in its environment, and nothing else of AWS. Its exit
    code is this command's exit code.
    """
    if not is_account(account):
        raise click.BadParameter("An account id has 12 digits", param_hint="--account")
    with running() as lab:
        root = settings(lab.endpoint, region, account, lab.root_secret)
        exit_code = run_program(command, environment(os.environ, root))
    sys.exit(exit_code)
