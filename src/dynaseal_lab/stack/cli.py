"""`dynaseal demo`: the whole demonstration in one command."""

import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click
from botocore.exceptions import BotoCoreError, ClientError

from dynaseal_lab.server import PortTakenError, running

from . import experiments
from .errors import DemonstrationError
from .experiments import EXPERIMENTS
from .output import Output
from .runner import PLACE, Demonstration

ENDED_BY_SIGNAL = 128
"""As in a shell, the exit code is this plus the signal's number."""


# click makes a command's help option once: with these names, also if the command is first called by itself.
@click.command(
    epilog="Example: dynaseal demo --terraform", context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option("--terraform", "with_terraform", is_flag=True, help="Provision with terraform apply.")
@click.option("--keep", is_flag=True, help="Keep the lab running until a key is pressed.")
@click.option(
    "--open",
    "open_inspector",
    is_flag=True,
    help="Keep the lab running until Ctrl-C, and open `dynaseal inspector` in it.",
)
@click.option(
    "--experiment",
    type=click.Choice(sorted(EXPERIMENTS)),
    help="Run a script of examples/ instead.",
)
def demo(*, with_terraform: bool, keep: bool, open_inspector: bool, experiment: str | None) -> None:
    """Encrypt an item in a local AWS, and see what each of two users can read of it.

    Starts a lab on a free loopback port, creates a table, two keys and two users in it, sets their names in
    .env, and runs demo.py as the user who may use the client key and as the user who may not. No AWS account
    is needed. Other lines of .env stay as they are, and AWS_ENDPOINT_URL is removed when the lab stops.

    With --experiment: runs one script instead, which prints what it does, what was expected and what
    happened. Those that search (queryable, surrogate-keys) get tables and a key store; the others make what
    they need.

    Exit code: 0 if every outcome was as expected, 1 if not, 2 for wrong usage.
    """
    if experiment and (keep or open_inspector):
        raise click.UsageError("--keep and --open cannot be used with --experiment")
    if with_terraform and experiment and not EXPERIMENTS[experiment].has_stack:
        raise click.UsageError(f"--terraform cannot be used with {experiment}, which makes what it needs")
    output = Output()
    try:
        output.step("Lab")
        with _ended_by_signals(), running() as lab:
            output.detail(f"ready at {lab.endpoint}, account {PLACE.account}")
            if experiment:
                sys.exit(0 if experiments.run(lab, experiment, output, with_terraform=with_terraform) else 1)
            demonstration = Demonstration(lab, Path.cwd(), output)
            with demonstration.endpoint_in_dotenv():
                stack = demonstration.provision(with_terraform=with_terraform)
                keys = demonstration.access_keys(stack)
                as_expected = demonstration.run(stack, keys)
                if open_inspector:
                    demonstration.explain(keys)
                    demonstration.inspect()
                elif keep:
                    demonstration.explain(keys)
                    click.pause("The lab is running; press any key to stop it.", err=True)
        output.step("Lab stopped")
        output.detail(
            "The table and key that .env names are gone with the lab; AWS_ENDPOINT_URL was removed from .env"
        )
        output.detail("To look around in the lab before it stops, run dynaseal demo --keep")
    except OSError as error:
        if error.filename is None:
            raise  # about what this command prints, which is the same for every command
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    except (DemonstrationError, PortTakenError, BotoCoreError, ClientError) as error:
        raise click.ClickException(" ".join(str(error).split())) from None
    sys.exit(0 if as_expected else 1)


@contextmanager
def _ended_by_signals() -> Generator[None]:
    """End the command by an exception at SIGTERM and SIGHUP, so that what it began is undone.

    A signal that the command was started to ignore, as by `nohup`, stays ignored.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        sys.exit(ENDED_BY_SIGNAL + number)

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    heeded = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    previous_handlers = {number: signal.signal(number, end) for number in heeded}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
