"""`dynaseal demo`: the whole demonstration in one command."""

import sys
from pathlib import Path

import click
from botocore.exceptions import BotoCoreError, ClientError

from dynaseal_lab.server import PortTakenError, running

from . import experiments
from .errors import DemonstrationError
from .experiments import EXPERIMENTS
from .output import Output
from .runner import PLACE, Demonstration


@click.command(epilog="Example: dynaseal demo --terraform")
@click.option("--terraform", "with_terraform", is_flag=True, help="Provision with terraform apply.")
@click.option("--keep", is_flag=True, help="Keep the lab running until a key is pressed.")
@click.option(
    "--experiment",
    type=click.Choice(sorted(EXPERIMENTS)),
    help="Run a script of examples/ instead, which searches encrypted values.",
)
def demo(with_terraform: bool, keep: bool, experiment: str | None) -> None:
    """Encrypt an item in a local AWS, and see what each of two users can read of it.

    Starts a lab on a free loopback port, creates a table, two keys and two users in it, writes .env, and runs
    demo.py as the user who may use the client key and as the user who may not. No AWS account is needed.

    With --experiment: creates tables and a key store instead, and runs one script, which shows what DynamoDB
    saw of a search and what it returned.

    Exit code: 0 if every outcome was as expected, 1 if not, 2 for wrong usage.
    """
    if keep and experiment:
        raise click.UsageError("--keep cannot be used with --experiment")
    output = Output()
    try:
        output.step("Lab")
        with running() as lab:
            output.detail(f"ready at {lab.endpoint}, account {PLACE.account}")
            if experiment:
                sys.exit(0 if experiments.run(lab, experiment, output, with_terraform=with_terraform) else 1)
            demonstration = Demonstration(lab, Path.cwd(), output)
            stack = demonstration.provision(with_terraform=with_terraform)
            keys = demonstration.access_keys(stack)
            as_expected = demonstration.run(stack, keys)
            if keep:
                demonstration.explain(keys)
                click.pause("The lab is running; press any key to stop it.", err=True)
        output.step("Lab stopped")
        output.detail("and with it all that .env names; dynaseal demo --keep leaves time to look around")
    except (DemonstrationError, PortTakenError, BotoCoreError, ClientError, OSError) as error:
        raise click.ClickException(" ".join(str(error).split())) from None
    sys.exit(0 if as_expected else 1)
